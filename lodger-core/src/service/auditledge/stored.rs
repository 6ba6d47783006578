//! What the service answers.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Number, Value};

/// An event as the service keeps it: flat, where a call is nested.
///
/// Documented members that always have a value are no `Option`s. What the documentation doesn't know stands in `extra`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StoredEvent {
    /// The service's id of it, a UUID.
    #[serde(deserialize_with = "text")]
    pub id: String,
    /// When it happened, as ISO 8601.
    #[serde(deserialize_with = "text")]
    pub timestamp: String,
    /// Who did it.
    #[serde(deserialize_with = "text")]
    pub actor_id: String,
    /// The actor's display name.
    #[serde(default, deserialize_with = "text_or_null")]
    pub actor_name: Option<String>,
    /// The actor's e-mail address.
    #[serde(default, deserialize_with = "text_or_null")]
    pub actor_email: Option<String>,
    /// What was done.
    #[serde(deserialize_with = "text")]
    pub action: String,
    /// What kind of thing it was done to.
    #[serde(deserialize_with = "text")]
    pub resource_type: String,
    /// What it was done to.
    #[serde(deserialize_with = "text")]
    pub resource_id: String,
    /// The resource's display name.
    #[serde(default, deserialize_with = "text_or_null")]
    pub resource_name: Option<String>,
    /// The application's own members: an object, or null where it has none.
    #[serde(default)]
    pub metadata: Value,
    /// The organization it belongs to.
    #[serde(deserialize_with = "text")]
    pub organization_id: String,
    /// Under which key it was recorded; the service's id of it, never the key. Lists and exports may leave it out.
    #[serde(default, deserialize_with = "text_or_null", skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<String>,
    /// Members that this version doesn't know.
    #[serde(flatten)]
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
#[non_exhaustive]
pub struct EventPage {
    /// The events, newest first.
    pub events: Vec<StoredEvent>,
    /// How many match in all.
    #[serde(deserialize_with = "number")]
    pub total: u64,
    /// How many were asked for at most, as the service understood it.
    #[serde(default, deserialize_with = "number_or_null", skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// How many of the newest were left out, as the service understood it.
    #[serde(default, deserialize_with = "number_or_null", skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// Members that this version doesn't know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// How much of the plan is used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Usage {
    /// `free`, `starter`, `growth` or another.
    pub plan: String,
    /// Events recorded in this month.
    #[serde(deserialize_with = "number")]
    pub events_this_month: u64,
    /// How many the plan allows in a month. The custom plan may have none (inferred).
    #[serde(default, deserialize_with = "number_or_null")]
    pub events_limit: Option<u64>,
    /// For how many days events are kept. The custom plan may say nothing (inferred).
    #[serde(default, deserialize_with = "number_or_null")]
    pub retention_days: Option<u64>,
    /// Members that this version doesn't know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Reads a member that may come as a text or as a number, whichever it is: ids are opaque, and counts out of a database or a
/// query are often texts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Number(Number),
}

impl Scalar {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }

    fn number<E: Error>(self) -> Result<u64, E> {
        let number = match &self {
            Self::Text(text) => text.parse().ok(),
            Self::Number(number) => number.as_u64(),
        };
        number.ok_or_else(|| E::custom("not a whole number"))
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Scalar::deserialize(deserializer).map(Scalar::text)
}

fn text_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.map(Scalar::text))
}

pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Scalar::deserialize(deserializer)?.number()
}

fn number_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Option::deserialize(deserializer)?.map(Scalar::number).transpose()
}
