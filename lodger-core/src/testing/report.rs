//! What a failed assertion says.

use std::fmt::Write as _;
use std::time::Duration;

use super::captured::Captured;
use super::condition::{Condition, Member};
use super::expected::Expected;
use crate::event::{ActorKind, Event};

use serde_json::Value;

/// The first event that fits, or why the test fails.
pub(super) fn audited(expected: &Expected, events: &[Event], from: &Captured) -> Result<Event, String> {
    if expected.times == Some(0) {
        return Err("times = 0: say that no event fits with assert_not_audited!".to_owned());
    }
    let fitting: Vec<usize> = positions(events, |event| expected.fits(event));
    let first = fitting.first().and_then(|place| events.get(place - 1)).cloned();
    let mut text = match (expected.times, first) {
        (None, Some(event)) => return Ok(event),
        (Some(times), Some(event)) if times == fitting.len() => return Ok(event),
        (Some(times), Some(_)) => {
            format!("expected {}, found {} ({})", events_that_fit(times), fitting.len(), numbers(&fitting))
        }
        (Some(times), None) => format!("expected {}, found none", events_that_fit(times)),
        (None, None) => "no audit event fits".to_owned(),
    };
    text.push('\n');
    push_expected(&mut text, expected);
    if fitting.is_empty() {
        push_closest(&mut text, expected, events);
    }
    push_captured(&mut text, events, from);
    Err(text)
}

/// Why the test fails when an event fits.
pub(super) fn not_audited(unexpected: &Expected, events: &[Event], from: &Captured) -> Result<(), String> {
    let fitting: Vec<usize> = positions(events, |event| unexpected.fits(event));
    if fitting.is_empty() {
        return Ok(());
    }
    let what =
        if unexpected.conditions.is_empty() { "no audit event at all" } else { "no audit event that fits" };
    let mut text = format!("expected {what}, found {} ({})\n", fitting.len(), numbers(&fitting));
    push_expected(&mut text, unexpected);
    push_captured(&mut text, events, from);
    Err(text)
}

pub(super) fn none_came(limit: Duration, expected: &Expected, events: &[Event], from: &Captured) -> String {
    let mut text = format!("no audit event came that fits, within {limit:?}\n");
    push_expected(&mut text, expected);
    push_captured(&mut text, events, from);
    text
}

pub(super) fn too_few_came(limit: Duration, count: usize, events: &[Event], from: &Captured) -> String {
    let mut text = format!("expected {count} audit events or more, {} came within {limit:?}\n", events.len());
    push_captured(&mut text, events, from);
    text
}

fn events_that_fit(times: usize) -> String {
    match times {
        1 => "exactly 1 audit event that fits".to_owned(),
        times => format!("exactly {times} audit events that fit"),
    }
}

/// The places, from 1, of the events that fit.
fn positions(events: &[Event], fits: impl Fn(&Event) -> bool) -> Vec<usize> {
    (1..).zip(events).filter(|(_, event)| fits(event)).map(|(place, _)| place).collect()
}

fn numbers(places: &[usize]) -> String {
    let list = places.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if places.len() == 1 { format!("event {list}") } else { format!("events {list}") }
}

fn push_expected(text: &mut String, expected: &Expected) {
    for Condition { member, value } in &expected.conditions {
        push_line(text, format_args!("    {member} = {}", written(member, value)));
    }
}

/// The event that meets most, with the right action before all others: what differs in it.
fn push_closest(text: &mut String, expected: &Expected, events: &[Event]) {
    let rank = |event: &Event| {
        let unmet = expected.unmet(event);
        let is_action = !unmet.iter().any(|condition| condition.member == Member::Action);
        (is_action, expected.conditions.len() - unmet.len())
    };
    // `max_by_key` would give the last of equals.
    let best = (1..).zip(events).reduce(|best, next| if rank(next.1) > rank(best.1) { next } else { best });
    let Some((place, event)) = best.filter(|(_, event)| rank(event).1 > 0) else { return };
    push_line(text, format_args!("closest is event {place}, which differs in"));
    for condition in expected.unmet(event) {
        let Condition { member, value } = condition;
        let (expected, found) = (written(member, value), written(member, &condition.found_alike(event)));
        push_line(text, format_args!("    {member}: expected {expected}, got {found}"));
    }
}

fn push_captured(text: &mut String, events: &[Event], from: &Captured) {
    let counts = from.lodger().stats().counts;
    text.push_str(if events.is_empty() { "captured: nothing" } else { "captured" });
    for (place, event) in (1..).zip(events) {
        let outside = if from.is_outside(event) { ", outside every request and job" } else { "" };
        _ = write!(text, "\n    {place}. {}{outside}", line(event));
    }
    if events.is_empty() && counts.filtered + counts.discarded + counts.offered == 0 {
        text.push_str(
            "\n    does the application's layer have this capture's `lodger()`? Code outside every request and job is \
             captured on the thread only that called `capture()`; elsewhere run it in `audit.lodger().run_as(actor, …)`",
        );
    }
    let refused = counts.offered.saturating_sub(counts.accepted);
    for (count, why) in [
        (
            counts.filtered,
            "not recorded, because `on(..)` leaves out its outcome (the default: failure and denied)",
        ),
        (counts.discarded, "discarded by the application"),
        (refused, "refused by the client and written to stderr"),
    ] {
        if count > 0 {
            _ = write!(text, "\n    and {count} {why}");
        }
    }
}

/// An event in one line.
pub(super) fn line(event: &Event) -> String {
    let actor = match event.actor.kind {
        ActorKind::Unresolved => "unresolved actor".to_owned(),
        ActorKind::Anonymous => "anonymous".to_owned(),
        ActorKind::User => format!("user {}", event.actor.id),
        ActorKind::Service => format!("service {}", event.actor.id),
        ActorKind::System => format!("system {}", event.actor.id),
    };
    let target = match &event.target {
        target if target.is_unresolved() => "unresolved target".to_owned(),
        target => format!("{} {}", target.kind, target.id),
    };
    let mut text = format!("{}: {actor}, {target}, {}", event.action, event.outcome);
    if let Some(reason) = &event.reason {
        _ = write!(text, " ({reason})");
    }
    if let Some(request) = &event.request {
        let status = request.status.map(|status| status.to_string());
        let parts = [request.method.as_deref(), request.route.as_deref(), status.as_deref()];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        _ = write!(text, ", {}", parts.join(" "));
    }
    for (name, value) in &event.metadata {
        _ = write!(text, ", {name} = {value}");
    }
    text
}

/// A value as a test writes it.
fn written(member: &Member, value: &Value) -> String {
    match (member, value) {
        (_, Value::Null) => "nothing".to_owned(),
        (Member::Outcome, Value::String(word)) => word.clone(),
        (Member::Target | Member::Related, Value::Array(items)) => match items.as_slice() {
            [kind @ Value::String(_), id] => format!("({kind}, {id})"),
            targets => targets.iter().map(|target| written(member, target)).collect::<Vec<_>>().join(" and "),
        },
        _ => value.to_string(),
    }
}

fn push_line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a String can't fail.
    _ = writeln!(text, "{line}");
}
