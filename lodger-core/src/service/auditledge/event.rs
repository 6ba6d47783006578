//! Recording one event: what the caller says, and the body it becomes.

use serde_json::{Map, Value};

use super::AuditledgeError;

/// Who did it.
///
/// A bare text stands for the id.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Actor(Map<String, Value>);

impl Actor {
    /// The actor with this id.
    pub fn new(id: impl Into<String>) -> Self {
        Self(Map::new()).member("id", id.into())
    }

    /// The display name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.member("name", name.into())
    }

    /// The e-mail address.
    pub fn email(self, email: impl Into<String>) -> Self {
        self.member("email", email.into())
    }

    /// Any other member. The official client passes them on; whether the service keeps them is not known.
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }
}

impl From<&str> for Actor {
    fn from(id: &str) -> Self {
        Self::new(id)
    }
}

impl From<String> for Actor {
    fn from(id: String) -> Self {
        Self::new(id)
    }
}

/// What it was done to.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Resource(Map<String, Value>);

impl Resource {
    /// The resource of this type with this id.
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self(Map::new()).member("type", kind.into()).member("id", id.into())
    }

    /// The display name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.member("name", name.into())
    }

    /// Any other member. The official client passes them on; whether the service keeps them is not known.
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }
}

/// One event to record.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct EventCall(Map<String, Value>);

impl EventCall {
    /// Somebody did something to something. Actions are written with dots: `invoice.deleted`.
    pub fn new(action: impl Into<String>, actor: impl Into<Actor>, resource: Resource) -> Self {
        let call = Self(Map::new()).member("actor", actor.into().0).member("resource", resource.0);
        call.member("action", action.into())
    }

    /// The organization it belongs to. Default: the one that the API key belongs to.
    pub fn organization_id(self, id: impl Into<String>) -> Self {
        self.member("organization_id", id.into())
    }

    /// The application's own members. `field`, `old_value` and `new_value` together are shown as a change; `ip` and
    /// `user_agent` are the usual names for these.
    pub fn metadata(self, metadata: Map<String, Value>) -> Self {
        self.member("metadata", metadata)
    }

    /// When it happened, as ISO 8601. The text is sent untouched. Default: when it arrives.
    pub fn timestamp(self, text: impl Into<String>) -> Self {
        self.member("timestamp", text.into())
    }

    /// Any other member. The official client passes them on; whether the service keeps them is not known.
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// The body, if the service would not refuse it for what it lacks.
    pub(super) fn into_body(self) -> Result<Vec<u8>, AuditledgeError> {
        for (part, name) in [("actor", "id"), ("resource", "type"), ("resource", "id")] {
            let value = self.0.get(part).and_then(|part| part.get(name));
            if value.is_none_or(|value| value.is_null() || value == "") {
                return Err(AuditledgeError::Invalid(format!(
                    "`{part}.{name}` is blank; Auditledge needs one"
                )));
            }
        }
        Ok(Value::from(self.0).to_string().into_bytes())
    }
}
