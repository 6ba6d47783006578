//! An event by hand.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use super::{
    Actor, Change, Event, EventId, InvalidEvent, Operation, Outcome, Problem, Retention, Target, Timestamp,
    ToActor, ToTarget, limits,
};

/// Builds an [`Event`] by hand: for imports, scripts, and code that has no handler to annotate.
///
/// ```
/// use lodger_core::event::{Actor, Event, Target};
///
/// let event = Event::builder("invoice.update")
///     .actor(Actor::user("ada"))
///     .target(Target::new("invoice", 7))
///     .metadata("amount", 2900)
///     .build()?;
/// assert_eq!(event.idempotency_key, format!("event_{}", event.id));
/// # Ok::<(), lodger_core::event::InvalidEvent>(())
/// ```
#[derive(Debug)]
#[must_use = "call `build()` to get the event"]
pub struct EventBuilder {
    /// In a box, because every method hands the builder on.
    event: Box<Event>,
    problems: Vec<Problem>,
}

impl EventBuilder {
    pub(super) fn new(action: Cow<'static, str>) -> Self {
        // `build` says what the target is where nobody else did.
        let event = Event::about(EventId::mint(), action, Actor::unresolved(), Target::unresolved(""));
        Self { event: Box::new(event), problems: Vec::new() }
    }

    /// Who did it. Default: unresolved.
    pub fn actor(mut self, actor: impl ToActor) -> Self {
        self.event.actor = actor.to_actor();
        self
    }

    /// What it was done to. Default: unresolved.
    pub fn target(mut self, target: impl ToTarget) -> Self {
        self.event.target = target.to_target();
        self
    }

    /// Adds another thing it touched, at most 19.
    pub fn related(mut self, target: impl ToTarget) -> Self {
        self.event.related.push(target.to_target());
        self
    }

    /// The organisation it belongs to. Default: the actor's.
    pub fn tenant(mut self, tenant: impl ToString) -> Self {
        self.event.tenant = Some(tenant.to_string());
        self
    }

    /// A sentence for people, at most 1,024 characters.
    pub fn description(mut self, description: impl ToString) -> Self {
        self.event.description = Some(description.to_string());
        self
    }

    /// Adds a tag; at most 20.
    pub fn tag(mut self, tag: impl ToString) -> Self {
        self.event.tags.push(tag.to_string());
        self
    }

    /// Whether the customer may see it. Default: false.
    pub fn user_visible(mut self, visible: bool) -> Self {
        self.event.user_visible = visible;
        self
    }

    /// How long it should be kept. Default: what the destination does by default.
    pub fn retention(mut self, retention: Retention) -> Self {
        self.event.retention = Some(retention);
        self
    }

    /// How it ended. Default: success.
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.event.outcome = outcome;
        self
    }

    /// Why it ended so, at most 512 characters.
    pub fn reason(mut self, reason: impl ToString) -> Self {
        self.event.reason = Some(reason.to_string());
        self
    }

    /// Adds a changed value; at most 100.
    pub fn change(mut self, change: Change) -> Self {
        self.event.changes.push(change);
        self
    }

    /// Sets a member of the metadata. A value that can't become JSON is reported by [`build`](Self::build).
    pub fn metadata(mut self, name: impl ToString, value: impl Serialize) -> Self {
        let name = name.to_string();
        match serde_json::to_value(value) {
            Ok(value) => {
                self.event.metadata.insert(name, value);
            }
            Err(error) => self.problems.push(Problem::not_json(&name, &error)),
        }
        self
    }

    /// Like [`metadata`](Self::metadata), and marks the value as personal, so that a store can erase it.
    pub fn personal(mut self, name: impl ToString, value: impl Serialize) -> Self {
        let name = name.to_string();
        self.event.personal.push(name.clone());
        self.metadata(name, value)
    }

    /// Where it came from: `api`, `automation`, `dashboard`, `system` or a text of at most 64 characters.
    pub fn source(mut self, source: impl ToString) -> Self {
        self.event.source = Some(source.to_string());
        self
    }

    /// When it happened. Default: when the builder was made.
    pub fn occurred_at(mut self, time: impl Into<Timestamp>) -> Self {
        self.event.occurred_at = time.into();
        self
    }

    /// The bulk operation it is part of.
    pub fn operation(mut self, operation: Operation) -> Self {
        self.event.operation = Some(operation);
        self
    }

    /// The key under which a destination recognises a repeat: 12 to 255 printable ASCII characters.
    /// Default: `event_<id>`.
    pub fn idempotency_key(mut self, key: impl ToString) -> Self {
        self.event.idempotency_key = key.to_string();
        self
    }

    /// A member that this version of the crate doesn't know.
    pub fn extra(mut self, name: impl ToString, value: Value) -> Self {
        self.event.extra.insert(name.to_string(), value);
        self
    }

    /// The finished event.
    ///
    /// # Errors
    ///
    /// [`InvalidEvent`] names every field that breaks a limit, all at once.
    pub fn build(mut self) -> Result<Event, InvalidEvent> {
        if self.event.target.is_unresolved() {
            self.event.target = Target::unresolved(&self.event.action);
        }
        if self.event.tenant.is_none() {
            self.event.tenant.clone_from(&self.event.actor.tenant);
        }
        let mut problems = self.problems;
        if let Err(invalid) = limits::check(&self.event) {
            problems.extend(invalid.into_problems());
        }
        InvalidEvent::unless_empty(problems).map(|()| *self.event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_by_hand_has_honest_defaults() {
        let event = Event::builder("invoice.update").build().unwrap();
        assert!(event.actor.is_unresolved());
        assert_eq!(event.target, Target::unresolved("invoice.update"));
        assert_eq!(event.outcome, Outcome::Success);
        assert_eq!(event.idempotency_key, format!("event_{}", event.id));
        assert!(!event.user_visible);
    }

    #[test]
    fn the_tenant_is_the_actors_unless_it_is_set() {
        let actor = Actor::user("ada").tenant("acme");
        assert_eq!(Event::builder("a").actor(&actor).build().unwrap().tenant.as_deref(), Some("acme"));
        let event = Event::builder("a").actor(actor).tenant("umbrella").build().unwrap();
        assert_eq!(event.tenant.as_deref(), Some("umbrella"));
    }

    #[test]
    fn personal_values_are_marked_by_name() {
        let event = Event::builder("a").personal("phone", "+49 30 1").metadata("n", 1).build().unwrap();
        assert_eq!(event.personal, ["phone"]);
        assert_eq!(event.metadata["phone"], "+49 30 1");
    }
}
