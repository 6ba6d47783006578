//! What `strict()` minds.

use std::fmt::Write as _;

use super::catalog::sites_of;
use super::report;
use crate::event::Event;

/// Names every event that says less than it should, with the function and the fix.
pub(super) fn check(events: &[Event], is_outside: impl Fn(&Event) -> bool) -> Result<(), String> {
    let mut text = String::new();
    let mut incomplete = 0;
    for (place, event) in (1..).zip(events) {
        let complaints = complaints(event, is_outside(event));
        if complaints.is_empty() {
            continue;
        }
        incomplete += 1;
        _ = write!(text, "\n\n{place}. {}", report::line(event));
        for site in sites_of(&event.action) {
            _ = write!(
                text,
                "\n   recorded by {}::{} ({}:{})",
                site.module, site.function, site.file, site.line
            );
        }
        for complaint in complaints {
            _ = write!(text, "\n   {complaint}");
        }
    }
    if incomplete == 0 {
        return Ok(());
    }
    Err(format!("strict: {incomplete} of {} audit events say less than they should{text}", events.len()))
}

fn complaints(event: &Event, outside: bool) -> Vec<&'static str> {
    let mut complaints = Vec::new();
    if outside {
        complaints.push(
            "missing scope: it was recorded outside every request and job: call it through the application, or in \
             `audit.lodger().run_as(actor, …)`",
        );
    }
    if event.actor.is_unresolved() {
        complaints.push(
            "unresolved actor: call set_actor(&user) in your authentication, take an argument that implements ToActor, \
             or write actor = … in the attribute (Actor::anonymous() where nobody has to be named)",
        );
    }
    if event.target.is_unresolved() {
        complaints.push(
            "unresolved target: write target(kind = id) in the attribute, take or return a value that implements \
             ToTarget, or name the path parameter after it, as {invoice_id} does",
        );
    }
    complaints
}
