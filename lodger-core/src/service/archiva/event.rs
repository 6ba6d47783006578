//! Recording one event: what the caller says, and the body it becomes.

use serde::Serialize;
use serde_json::{Map, Value};

use super::ArchivaError;
use super::limits::{MAX_ACTION_KEY, MAX_CONTEXT_BYTES, too_long};
use crate::service::is_header_value;

/// What acted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ActorType {
    /// A person. What the service takes it for where nothing is said.
    #[default]
    User,
    /// Another program.
    Service,
    /// The system itself.
    System,
}

impl ActorType {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Service => "service",
            Self::System => "system",
        }
    }
}

/// What happened to one value of the entity.
///
/// `set` is the only operation that the documentation shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[must_use]
pub struct Change {
    op: String,
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Value>,
}

impl Change {
    /// The value at this path was set. The documentation shows the name of a member, `status`; how it writes deeper paths is
    /// not known, and the text is sent as it is.
    pub fn set(path: impl Into<String>) -> Self {
        Self { op: "set".to_owned(), path: path.into(), before: None, after: None }
    }

    /// Another operation than `set`, in a word that the service knows and the documentation doesn't show.
    pub fn op(mut self, word: impl Into<String>) -> Self {
        self.op = word.into();
        self
    }

    /// What was there before. Default: the member is left out.
    pub fn before(mut self, value: impl Into<Value>) -> Self {
        self.before = Some(value.into());
        self
    }

    /// What is there now. Default: the member is left out.
    pub fn after(mut self, value: impl Into<Value>) -> Self {
        self.after = Some(value.into());
        self
    }
}

/// One event for [`ArchivaApi::create_event`](super::ArchivaApi::create_event).
///
/// # Default
///
/// What is not said is not sent. The service then takes the actor for a user and the time of arrival for that of the event,
/// and records a new one each time: without an idempotency key, nothing recognises a repeat.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use = "pass it to `ArchivaApi::create_event`"]
pub struct EventCall {
    #[serde(flatten)]
    action: Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_description: Option<String>,
    entity_type: String,
    entity_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_type: Option<ActorType>,
    actor_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_display: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    occurred_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<Change>>,
    #[serde(skip)]
    idempotency_key: Option<String>,
    #[serde(skip)]
    request_id: Option<String>,
}

/// Exactly one of the two.
#[derive(Debug, Clone, Serialize)]
enum Action {
    #[serde(rename = "actionKey")]
    Key(String),
    #[serde(rename = "action")]
    Legacy(String),
}

/// What leaves, but for the credential.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    pub(crate) body: Vec<u8>,
    /// Lower-case names.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl EventCall {
    /// Somebody did something to an entity. The action is `entity.action`, at most 64 characters.
    pub fn new(
        action_key: impl Into<String>,
        entity_type: impl Into<String>,
        entity_id: impl Into<String>,
        actor_id: impl Into<String>,
    ) -> Self {
        Self {
            action: Action::Key(action_key.into()),
            action_description: None,
            entity_type: entity_type.into(),
            entity_id: entity_id.into(),
            actor_type: None,
            actor_id: actor_id.into(),
            actor_display: None,
            tenant_id: None,
            occurred_at: None,
            source: None,
            context: None,
            changes: None,
            idempotency_key: None,
            request_id: None,
        }
    }

    /// Sends the action as the legacy member `action` instead of `actionKey`. No limit is documented for that one.
    pub fn legacy_action(mut self) -> Self {
        let (Action::Key(action) | Action::Legacy(action)) = self.action;
        self.action = Action::Legacy(action);
        self
    }

    /// The action for people.
    pub fn action_description(mut self, text: impl Into<String>) -> Self {
        self.action_description = Some(text.into());
        self
    }

    /// What acted.
    pub fn actor_type(mut self, actor_type: ActorType) -> Self {
        self.actor_type = Some(actor_type);
        self
    }

    /// The actor's name for people.
    pub fn actor_display(mut self, name: impl Into<String>) -> Self {
        self.actor_display = Some(name.into());
        self
    }

    /// Whose it is.
    pub fn tenant_id(mut self, tenant: impl Into<String>) -> Self {
        self.tenant_id = Some(tenant.into());
        self
    }

    /// When it happened, as ISO 8601. The text is sent untouched, with whatever offset and precision it has.
    pub fn occurred_at(mut self, text: impl Into<String>) -> Self {
        self.occurred_at = Some(text.into());
        self
    }

    /// Where it came from: `web-app`, `api`, `background-job`, or any other word.
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The application's own members, at most 10 KB.
    pub fn context(mut self, context: Map<String, Value>) -> Self {
        self.context = Some(context);
        self
    }

    /// One more value that changed.
    pub fn change(mut self, change: Change) -> Self {
        self.changes.get_or_insert_default().push(change);
        self
    }

    /// All values that changed.
    pub fn changes(mut self, changes: Vec<Change>) -> Self {
        self.changes = Some(changes);
        self
    }

    /// The key under which the service recognises a repeat of this call (`Idempotency-Key`): the same body gives the first
    /// event again, another body [`IdempotencyConflict`](ArchivaError::IdempotencyConflict). Set `occurred_at` too where the
    /// call may be repeated later, and don't change it.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// `X-Request-Id`.
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// A key of its own, unless it has one.
    pub(super) fn with_key(mut self, mint: impl FnOnce() -> String) -> Self {
        self.idempotency_key.get_or_insert_with(mint);
        self
    }

    pub(super) fn has_key(&self) -> bool {
        self.idempotency_key.is_some()
    }

    /// Body and headers, where the service can take them.
    pub(super) fn checked(&self) -> Result<Ready, ArchivaError> {
        let action = match &self.action {
            Action::Key(action) => {
                if let Some(characters) = too_long(action) {
                    let problem = format!("is longer than {MAX_ACTION_KEY} characters: it has {characters}");
                    return Err(ArchivaError::invalid("actionKey", problem));
                }
                ("actionKey", action)
            }
            Action::Legacy(action) => ("action", action),
        };
        let required = [
            action,
            ("entityType", &self.entity_type),
            ("entityId", &self.entity_id),
            ("actorId", &self.actor_id),
        ];
        if let Some((field, _)) = required.into_iter().find(|(_, value)| value.trim().is_empty()) {
            return Err(ArchivaError::invalid(field, "is blank; the service requires it"));
        }
        let bytes =
            self.context.as_ref().map_or(Ok(0), |context| json("context", context).map(|json| json.len()))?;
        if bytes > MAX_CONTEXT_BYTES {
            let problem = format!(
                "is larger than 10 KB: it has {bytes} bytes of JSON, of which {MAX_CONTEXT_BYTES} fit"
            );
            return Err(ArchivaError::invalid("context", problem));
        }
        let mut headers = Vec::new();
        for (field, name, value) in [
            ("Idempotency-Key", "idempotency-key", &self.idempotency_key),
            ("X-Request-Id", "x-request-id", &self.request_id),
        ] {
            let Some(value) = value else { continue };
            if value.trim().is_empty() {
                return Err(ArchivaError::invalid(field, "is blank; leave it out instead"));
            }
            if !is_header_value(value) {
                return Err(ArchivaError::invalid(field, "may hold visible ASCII and inner spaces only"));
            }
            headers.push((name, value.clone()));
        }
        Ok(Ready { body: json("the event", self)?, headers })
    }
}

fn json(what: &'static str, value: &impl Serialize) -> Result<Vec<u8>, ArchivaError> {
    serde_json::to_vec(value)
        .map_err(|error| ArchivaError::invalid(what, format!("can't become JSON: {error}")))
}

#[cfg(test)]
mod tests;
