//! What a test expects of an event.

use serde::Serialize;

use super::condition::{Condition, Member};
use crate::event::{Event, Outcome};

/// What a test expects of an event: its action, and whatever else it names. What it doesn't name may be anything.
///
/// [`assert_audited!`](crate::assert_audited) writes it; by hand it reads
///
/// ```
/// use lodger_core::event::Outcome;
/// use lodger_core::testing::{Expected, capture};
///
/// let audit = capture();
/// let expected = Expected::action("invoice.update").actor("ada").target(("invoice", 7)).outcome(Outcome::Success);
/// audit.assert_not_audited(expected);
/// ```
///
/// Values are anything that is `Serialize`. `None` and `null` say that the event must not have it. Ids compare as
/// texts, so that `7` is `"7"`; the values of [`field`](Self::field) compare as JSON.
#[derive(Debug, Clone, Default)]
#[must_use = "give it to `Captured::assert_audited`"]
pub struct Expected {
    pub(super) conditions: Vec<Condition>,
    pub(super) times: Option<usize>,
}

impl Expected {
    /// An event of this action.
    pub fn action(action: impl AsRef<str>) -> Self {
        Self::default().and(Member::Action, action.as_ref())
    }

    /// Any event at all.
    pub fn anything() -> Self {
        Self::default()
    }

    /// The actor: its id, or an [`Actor`](crate::event::Actor), of which everything that it says has to be so.
    pub fn actor(self, actor: impl Serialize) -> Self {
        self.and(Member::Actor, actor)
    }

    /// The target: `(kind, id)`, or a [`Target`](crate::event::Target), of which everything that it says has to be so.
    pub fn target(self, target: impl Serialize) -> Self {
        self.and(Member::Target, target)
    }

    /// One of the related targets, written like [`target`](Self::target). May be said more than once.
    pub fn related(self, target: impl Serialize) -> Self {
        self.and(Member::Related, target)
    }

    /// The tenant.
    pub fn tenant(self, tenant: impl Serialize) -> Self {
        self.and(Member::Tenant, tenant)
    }

    /// How it ended.
    pub fn outcome(self, outcome: Outcome) -> Self {
        self.and(Member::Outcome, outcome)
    }

    /// Why it ended so.
    pub fn reason(self, reason: impl Serialize) -> Self {
        self.and(Member::Reason, reason)
    }

    /// The sentence for people.
    pub fn description(self, description: impl Serialize) -> Self {
        self.and(Member::Description, description)
    }

    /// A tag, or several, that have to be there.
    pub fn tags(self, tags: impl Serialize) -> Self {
        self.and(Member::Tags, tags)
    }

    /// Whether the customer may see it.
    pub fn user_visible(self, visible: bool) -> Self {
        self.and(Member::UserVisible, visible)
    }

    /// Where it came from.
    pub fn source(self, source: impl Serialize) -> Self {
        self.and(Member::Source, source)
    }

    /// The request's id.
    pub fn request_id(self, id: impl Serialize) -> Self {
        self.and(Member::RequestId, id)
    }

    /// The trace's id.
    pub fn trace_id(self, id: impl Serialize) -> Self {
        self.and(Member::TraceId, id)
    }

    /// The request's method.
    pub fn method(self, method: impl Serialize) -> Self {
        self.and(Member::Method, method)
    }

    /// The route template, in axum's syntax in both frameworks: `/invoices/{id}`.
    pub fn route(self, route: impl Serialize) -> Self {
        self.and(Member::Route, route)
    }

    /// The response's status, as a number.
    pub fn status(self, status: impl Serialize) -> Self {
        self.and(Member::Status, status)
    }

    /// A member of the metadata: what `fields(..)` of the attribute and `audit.metadata(..)` record.
    pub fn field(self, name: &str, value: impl Serialize) -> Self {
        self.and(Member::Field(name.to_owned()), value)
    }

    /// Exactly this many events fit. Default: at least one. That none fits is for
    /// [`assert_not_audited!`](crate::assert_not_audited) to say.
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    #[track_caller]
    fn and(mut self, member: Member, value: impl Serialize) -> Self {
        let value = match serde_json::to_value(value) {
            Ok(value) => value,
            Err(error) => panic!("what is expected of {member} is no JSON: {error}"),
        };
        self.conditions.push(Condition { member, value });
        self
    }

    /// The conditions that the event doesn't meet.
    pub(super) fn unmet<'a>(&'a self, event: &Event) -> Vec<&'a Condition> {
        self.conditions.iter().filter(|condition| !condition.is_met_by(event)).collect()
    }

    pub(super) fn fits(&self, event: &Event) -> bool {
        self.unmet(event).is_empty()
    }
}
