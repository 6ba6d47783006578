//! What the service answers.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An event as the service keeps it: flat, where a call is nested.
///
/// Documented members that always have a value are no `Option`s. What the documentation doesn't know stands in `extra`, and so
/// does another member that is no text: it is none of what is documented, but of no less worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
#[non_exhaustive]
pub struct StoredEvent {
    /// The service's id of it, a UUID.
    pub id: String,
    /// When it happened, as ISO 8601.
    pub timestamp: String,
    /// Who did it.
    pub actor_id: String,
    /// The actor's display name.
    pub actor_name: Option<String>,
    /// The actor's e-mail address.
    pub actor_email: Option<String>,
    /// What was done.
    pub action: String,
    /// What kind of thing it was done to.
    pub resource_type: String,
    /// What it was done to.
    pub resource_id: String,
    /// The resource's display name.
    pub resource_name: Option<String>,
    /// The application's own members: an object, or null where it has none.
    pub metadata: Value,
    /// The organization it belongs to.
    pub organization_id: String,
    /// Under which key it was recorded; the service's id of it, never the key. Lists and exports may leave it out.
    pub api_key_id: Option<String>,
    /// Members that this version doesn't know, and those of another type than documented.
    pub extra: Map<String, Value>,
}

/// The answer to a recorded event: it is stored, and can be read within milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Logged {
    /// Always true.
    pub success: bool,
    /// The event as the service keeps it.
    pub event: StoredEvent,
    /// Members that this version doesn't know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Some of the events that match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
#[non_exhaustive]
pub struct EventPage {
    /// The events, newest first.
    pub events: Vec<StoredEvent>,
    /// How many match in all.
    pub total: u64,
    /// How many were asked for at most, as the service understood it.
    pub limit: Option<u64>,
    /// How many of the newest were left out, as the service understood it.
    pub offset: Option<u64>,
    /// Members that this version doesn't know, and those of another type than documented.
    pub extra: Map<String, Value>,
}

/// How much of the plan is used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
#[non_exhaustive]
pub struct Usage {
    /// `free`, `starter`, `growth` or another.
    pub plan: String,
    /// Events recorded in this month.
    pub events_this_month: u64,
    /// How many the plan allows in a month. The custom plan may have none (inferred).
    pub events_limit: Option<u64>,
    /// For how many days events are kept. The custom plan may say nothing (inferred).
    pub retention_days: Option<u64>,
    /// Members that this version doesn't know, and those of another type than documented.
    pub extra: Map<String, Value>,
}

/// A documented member is missing, or of another type.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is missing, or of another type")]
pub struct Lacks(&'static str);

impl TryFrom<Map<String, Value>> for StoredEvent {
    type Error = Lacks;

    fn try_from(mut members: Map<String, Value>) -> Result<Self, Lacks> {
        let mut certain = |name| take(&mut members, name, text).ok_or(Lacks(name));
        let (id, timestamp, actor_id, action) =
            (certain("id")?, certain("timestamp")?, certain("actor_id")?, certain("action")?);
        let (resource_type, resource_id) = (certain("resource_type")?, certain("resource_id")?);
        let organization_id = certain("organization_id")?;
        let mut optional = |name| take(&mut members, name, text);
        Ok(Self {
            id,
            timestamp,
            actor_id,
            actor_name: optional("actor_name"),
            actor_email: optional("actor_email"),
            action,
            resource_type,
            resource_id,
            resource_name: optional("resource_name"),
            organization_id,
            api_key_id: optional("api_key_id"),
            metadata: members.remove("metadata").unwrap_or_default(),
            extra: members,
        })
    }
}

impl From<StoredEvent> for Map<String, Value> {
    fn from(event: StoredEvent) -> Self {
        let mut members = Self::from_iter([
            ("id".to_owned(), Value::from(event.id)),
            ("timestamp".to_owned(), event.timestamp.into()),
            ("actor_id".to_owned(), event.actor_id.into()),
            ("actor_name".to_owned(), event.actor_name.into()),
            ("actor_email".to_owned(), event.actor_email.into()),
            ("action".to_owned(), event.action.into()),
            ("resource_type".to_owned(), event.resource_type.into()),
            ("resource_id".to_owned(), event.resource_id.into()),
            ("resource_name".to_owned(), event.resource_name.into()),
            ("metadata".to_owned(), event.metadata),
            ("organization_id".to_owned(), event.organization_id.into()),
        ]);
        members.extend(event.api_key_id.map(|id| ("api_key_id".to_owned(), id.into())));
        members.extend(event.extra);
        members
    }
}

impl TryFrom<Map<String, Value>> for EventPage {
    type Error = Lacks;

    fn try_from(mut members: Map<String, Value>) -> Result<Self, Lacks> {
        let Some(Value::Array(events)) = members.remove("events") else { return Err(Lacks("events")) };
        let event = |event| match event {
            Value::Object(event) => StoredEvent::try_from(event),
            _ => Err(Lacks("events")),
        };
        Ok(Self {
            events: events.into_iter().map(event).collect::<Result<_, _>>()?,
            total: take(&mut members, "total", count).ok_or(Lacks("total"))?,
            limit: take(&mut members, "limit", count),
            offset: take(&mut members, "offset", count),
            extra: members,
        })
    }
}

impl From<EventPage> for Map<String, Value> {
    fn from(page: EventPage) -> Self {
        let events = page.events.into_iter().map(Self::from);
        let mut members = Self::from_iter([
            ("events".to_owned(), Value::from_iter(events)),
            ("total".to_owned(), page.total.into()),
        ]);
        members.extend(page.limit.map(|limit| ("limit".to_owned(), limit.into())));
        members.extend(page.offset.map(|offset| ("offset".to_owned(), offset.into())));
        members.extend(page.extra);
        members
    }
}

impl TryFrom<Map<String, Value>> for Usage {
    type Error = Lacks;

    fn try_from(mut members: Map<String, Value>) -> Result<Self, Lacks> {
        let month = "events_this_month";
        Ok(Self {
            plan: take(&mut members, "plan", text).ok_or(Lacks("plan"))?,
            events_this_month: take(&mut members, month, count).ok_or(Lacks(month))?,
            events_limit: take(&mut members, "events_limit", count),
            retention_days: take(&mut members, "retention_days", count),
            extra: members,
        })
    }
}

impl From<Usage> for Map<String, Value> {
    fn from(usage: Usage) -> Self {
        let mut members = Self::from_iter([
            ("plan".to_owned(), Value::from(usage.plan)),
            ("events_this_month".to_owned(), usage.events_this_month.into()),
            ("events_limit".to_owned(), usage.events_limit.into()),
            ("retention_days".to_owned(), usage.retention_days.into()),
        ]);
        members.extend(usage.extra);
        members
    }
}

/// Takes a member out; one that can't be read stays, and null is none.
fn take<T>(members: &mut Map<String, Value>, name: &str, read: fn(&Value) -> Option<T>) -> Option<T> {
    let value = members.get(name)?;
    let read = read(value);
    if read.is_some() || value.is_null() {
        members.remove(name);
    }
    read
}

/// Ids are opaque: a number is read as it is written.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A count out of a database or a query is often a text.
pub(crate) fn count(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64(),
    }
}
