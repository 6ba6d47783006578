//! Recording one event.

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::lenient::Members;
use super::{ExternalId, LogHubError};

/// One event for [`LogHubApi::create`](super::LogHubApi::create).
///
/// There is no place for what it was done to, nor for when: the service stamps the time of arrival. Both can stand in the
/// metadata.
///
/// # Default
///
/// Metadata and context are empty; the service requires both, so they are sent all the same. No tags are sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use = "pass it to `LogHubApi::create`"]
pub struct EventCall {
    actor: EventActor,
    action: String,
    metadata: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<String>>,
    external_id: ExternalId,
    context: Map<String, Value>,
}

impl EventCall {
    /// Somebody did something in this workspace or for this tenant of yours. The action is free text: `settings.updated`.
    pub fn new(actor: EventActor, action: impl Into<String>, external_id: impl Into<ExternalId>) -> Self {
        Self {
            actor,
            action: action.into(),
            metadata: Map::new(),
            tags: None,
            external_id: external_id.into(),
            context: Map::new(),
        }
    }

    /// Anything. For a change the documentation suggests two objects, `old` and `new`.
    pub fn metadata(mut self, metadata: Map<String, Value>) -> Self {
        self.metadata = metadata;
        self
    }

    /// Words to find it by.
    pub fn tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tags = Some(tags.into_iter().map(Into::into).collect());
        self
    }

    /// Where the end user was. The documentation's example has `location`, an IP address, and `user_agent`. (What the service
    /// sees for itself, the `extra` of an event, is this program's.)
    pub fn context(mut self, context: Map<String, Value>) -> Self {
        self.context = context;
        self
    }

    /// # Errors
    ///
    /// When a text that the service requires is blank.
    pub(super) fn check(&self) -> Result<(), LogHubError> {
        if self.action.trim().is_empty() {
            return Err(LogHubError::Invalid("action is required".to_owned()));
        }
        self.external_id.check()
    }
}

/// Who did it: a type, and what is known of them.
///
/// ```
/// use lodger_core::service::loghub::EventActor;
///
/// let person = EventActor::user("u_17").name("Ada Lovelace").email("ada@example.com");
/// let job = EventActor::system("nightly invoice run");
/// assert_eq!(serde_json::to_value(job)?, serde_json::json!({
///     "type": "system", "data": {"description": "nightly invoice run"},
/// }));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventActor {
    /// `user` or `system`. Blank where the service says none.
    pub kind: String,
    /// Of a user `internal_id`, `name` and `email`; of a system `description`.
    pub data: Map<String, Value>,
    /// Members that this version doesn't know, or that are something else than it knows.
    pub extra: Map<String, Value>,
}

impl Serialize for EventActor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        if !self.kind.is_empty() {
            members.serialize_entry("type", &self.kind)?;
        }
        if !self.extra.contains_key("data") {
            members.serialize_entry("data", &self.data)?;
        }
        self.extra.iter().try_for_each(|(name, value)| members.serialize_entry(name, value))?;
        members.end()
    }
}

impl<'de> Deserialize<'de> for EventActor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Members::deserialize(deserializer)?;
        Ok(Self {
            kind: members.take("type").unwrap_or_default(),
            data: members.take("data").unwrap_or_default(),
            extra: members.rest(),
        })
    }
}

impl EventActor {
    /// A person, by your own id of them.
    #[must_use]
    pub fn user(internal_id: impl ToString) -> Self {
        Self { kind: "user".to_owned(), ..Self::default() }.member("internal_id", internal_id.to_string())
    }

    /// A program. That its description stands in `data` is inferred: the documentation says only that there is one.
    #[must_use]
    pub fn system(description: impl Into<String>) -> Self {
        Self { kind: "system".to_owned(), ..Self::default() }.member("description", description.into())
    }

    /// A user's display name.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        self.member("name", name.into())
    }

    /// A user's e-mail address.
    #[must_use]
    pub fn email(self, email: impl Into<String>) -> Self {
        self.member("email", email.into())
    }

    /// Any other member of `data`. What the service does with them is not known.
    #[must_use]
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.data.insert(name.into(), value.into());
        self
    }
}

/// What the service answers to a recorded event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Created {
    /// The service's id of the event.
    pub id: String,
    /// When it was recorded, in Unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<i64>,
    /// Members that this version doesn't know, or that are something else than it knows.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl<'de> Deserialize<'de> for Created {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Members::deserialize(deserializer)?;
        Ok(Self { id: members.id()?, timestamp: members.take("timestamp"), extra: members.rest() })
    }
}
