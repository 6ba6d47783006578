//! The finished record.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Actor, Change, EventBuilder, EventId, InvalidEvent, Operation, Origin, Outcome, RequestInfo, Target,
    Timestamp, Trimmed, WriterId, limits,
};

/// What a user adds of their own: a JSON object.
pub type Metadata = Map<String, Value>;

/// How long and how firmly the event should be kept, where the destination knows such classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Retention {
    /// Kept ready for queries.
    Hot,
    /// May be moved to slower storage.
    Archive,
    /// Must not be deleted before its time.
    Locked,
}

impl Retention {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Archive => "archive",
            Self::Locked => "locked",
        }
    }
}

/// A place in a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Position {
    /// Which opening of a journal.
    pub writer: WriterId,
    /// The how manieth event in it, from 1.
    pub sequence: u64,
}

/// One finished record: who did what to which thing, when, from where, and how it ended.
///
/// In JSON its members are camelCase; members that this version doesn't know survive a round trip.
/// Build one with [`Event::builder`]; in a web service the layer builds them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Event {
    /// Minted at capture, the same in every retry and at every destination.
    pub id: EventId,
    /// What was done, 1 to 128 characters: `invoice.update`.
    pub action: Cow<'static, str>,
    /// Who did it.
    pub actor: Actor,
    /// What it was done to.
    pub target: Target,
    /// Other things it touched, at most 19.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Target>,
    /// The organisation it belongs to, at most 128 characters. From the actor unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// A sentence for people, at most 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// At most 20, each 1 to 64 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whether the customer may see it. Default: false, internal.
    #[serde(default)]
    pub user_visible: bool,
    /// How long it should be kept, where the destination knows such classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// How it ended. The HTTP status stands in [`RequestInfo::status`].
    pub outcome: Outcome,
    /// Why it ended so, at most 512 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What changed in the target, at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// What the application adds of its own.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Metadata,
    /// The members of [`metadata`](Self::metadata) that were recorded with `pii(..)`: personal values, which a
    /// store commits to instead of hashing them, so that they can be erased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub personal: Vec<String>,
    /// Which program recorded it.
    #[serde(default, skip_serializing_if = "Origin::is_empty")]
    pub origin: Origin,
    /// Where it came from: `api`, `automation`, `dashboard`, `system` or a text of at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When it happened: when the function returned.
    pub occurred_at: Timestamp,
    /// In which request it happened, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestInfo>,
    /// Its place in the journal, assigned at the commit. Gapless within a writer, so losses show.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// On the first event of a writer: the last place of the writer before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Position>,
    /// The bulk operation it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// The key under which a destination recognises a repeat: 12 to 255 printable ASCII characters when given,
    /// else `event_<id>`.
    pub idempotency_key: String,
    /// What was cut to make the event fit, by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trimmed: Vec<Trimmed>,
    /// Members that this version doesn't know. They survive a round trip.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Event {
    /// Starts an event by hand. In a web service the layer and `#[audited]` do this.
    pub fn builder(action: impl Into<Cow<'static, str>>) -> EventBuilder {
        EventBuilder::new(action.into())
    }

    /// A bare event of this action that happened now; actor and target unresolved, outcome success.
    pub(crate) fn bare(id: EventId, action: Cow<'static, str>) -> Self {
        Self {
            id,
            actor: Actor::unresolved(),
            target: Target::unresolved(&action),
            action,
            related: Vec::new(),
            tenant: None,
            description: None,
            tags: Vec::new(),
            user_visible: false,
            retention: None,
            outcome: Outcome::Success,
            reason: None,
            changes: Vec::new(),
            metadata: Map::new(),
            personal: Vec::new(),
            origin: Origin::default(),
            source: None,
            occurred_at: Timestamp::now(),
            request: None,
            position: None,
            previous: None,
            operation: None,
            idempotency_key: format!("event_{id}"),
            trimmed: Vec::new(),
            extra: Map::new(),
        }
    }

    /// Checks every limit.
    ///
    /// # Errors
    ///
    /// [`InvalidEvent`] names every field that breaks one, what the limit is and what was found.
    pub fn validate(&self) -> Result<(), InvalidEvent> {
        limits::check(self)
    }
}

/// The thing an action is about: the next-to-last segment of a dotted name. `organization.member.removed` is about a
/// `member`, `invoice.update` about an `invoice`; a name without a dot says nothing.
#[must_use]
pub fn entity_of(action: &str) -> Option<&str> {
    let mut segments = action.rsplit('.');
    segments.next()?;
    segments.next().filter(|entity| !entity.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entity_is_the_next_to_last_segment() {
        assert_eq!(entity_of("organization.member.removed"), Some("member"));
        assert_eq!(entity_of("invoice.update"), Some("invoice"));
        assert_eq!(entity_of("has change admin password"), None);
        assert_eq!(entity_of(".update"), None);
    }

    #[test]
    fn unknown_members_survive_a_round_trip_at_every_level() {
        let text = concat!(
            r#"{"action":"invoice.update","actor":{"badge":7,"id":"ada","kind":"user"},"#,
            r#""changes":[{"after":null,"before":1,"note":"x","op":"replace","path":"/a"}],"future":{"a":[1]},"#,
            r#""id":"0199b1c0-0000-7000-8000-000000000001","idempotencyKey":"event_0199b1c0","#,
            r#""occurredAt":"2026-05-15T12:00:00.000000Z","outcome":"success","request":{"id":"r1","tls":"1.3"},"#,
            r#""sequence":3,"target":{"id":"7","kind":"invoice","shelf":2},"userVisible":false,"#,
            r#""writer":"0199b1c0-0000-7000-8000-000000000002"}"#
        );
        let event: Event = serde_json::from_str(text).unwrap();
        assert_eq!(event.position.unwrap().sequence, 3);
        assert_eq!(event.changes[0].after, Some(Value::Null));
        assert_eq!(String::from_utf8(event.to_canonical_json().unwrap()).unwrap(), text);
    }
}
