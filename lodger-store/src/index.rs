//! The columns that queries use, made from the event.

use lodger_core::event::Event;

/// What is copied out of an event so that it can be found. [`verify`](crate::Store::verify) compares every one with
/// the bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Columns<'a> {
    pub(crate) action: &'a str,
    pub(crate) actor_id: &'a str,
    pub(crate) target_kind: &'a str,
    pub(crate) target_id: &'a str,
    pub(crate) tenant: Option<&'a str>,
    pub(crate) outcome: &'a str,
    pub(crate) occurred_at: i64,
    pub(crate) request_id: Option<&'a str>,
}

impl<'a> Columns<'a> {
    pub(crate) fn of(event: &'a Event) -> Self {
        Self {
            action: &event.action,
            actor_id: &event.actor.id,
            target_kind: &event.target.kind,
            target_id: &event.target.id,
            tenant: event.tenant.as_deref(),
            outcome: event.outcome.as_str(),
            occurred_at: event.occurred_at.as_micros(),
            request_id: event.request.as_ref().and_then(|request| request.id.as_deref()),
        }
    }
}
