//! An actor or a target on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::object::Object;

/// An actor or a target: `{"id": …, "type": …}` and what else is known of it.
///
/// A bare text stands for its id. An actor without a type becomes a `user`, a target a `resource`, as in the
/// official client.
///
/// ```
/// use lodger_core::service::lodger::Party;
///
/// let actor = Party::new("u_17").kind("service").email("bot@example.com");
/// let target = Party::from("inv_9");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct Party {
    /// Its id.
    pub id: String,
    /// Its type. Actors: `user`, `service` or `system`; targets: any.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The other members: `email` of an actor, `name` of a target, whatever the caller adds.
    #[serde(flatten)]
    pub members: Map<String, Value>,
    /// Whether it was given as a text. Only then does an [`EventType`](super::EventType) name its type.
    #[serde(skip)]
    bare: bool,
}

impl Party {
    /// A party of no particular type.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), kind: None, members: Map::new(), bare: false }
    }

    /// Sets the type.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        // A service's type of another form.
        self.members.remove("type");
        self.kind = Some(kind.into());
        self
    }

    /// Sets the e-mail address, a documented member of actors.
    #[must_use]
    pub fn email(self, email: impl Into<String>) -> Self {
        self.member("email", email.into())
    }

    /// Sets the display name, a documented member of targets.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        self.member("name", name.into())
    }

    /// Sets any other member. The official client passes them on; what the service does with them is not known. `id` and
    /// `type` are the party's own, as texts.
    #[must_use]
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let (name, value) = (name.into(), value.into());
        let text = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        match name.as_str() {
            "id" => self.id = text(value),
            "type" => return self.kind(text(value)),
            _ => drop(self.members.insert(name, value)),
        }
        self
    }

    /// With the type filled in: its own, else what the event's type says of bare texts, else the default.
    pub(super) fn typed(self, of_bare: Option<&str>, default: &str) -> Self {
        let fallback = of_bare.filter(|kind| self.bare && !kind.is_empty()).unwrap_or(default);
        if self.kind.is_some() { self } else { self.kind(fallback) }
    }
}

impl From<&str> for Party {
    fn from(id: &str) -> Self {
        Self::from(id.to_owned())
    }
}

impl From<String> for Party {
    fn from(id: String) -> Self {
        Self { bare: true, ..Self::new(id) }
    }
}

/// What the service may answer: the object, or the text that was sent.
impl TryFrom<Value> for Party {
    type Error = String;

    fn try_from(answer: Value) -> Result<Self, String> {
        match answer {
            Value::String(id) => Ok(id.into()),
            Value::Object(members) => {
                let mut object = Object(members);
                let (id, kind) = (object.certain("id")?, object.optional("type"));
                Ok(Self { id, kind, members: object.0, bare: false })
            }
            _ => Err("neither an object nor a text".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_member_is_written_twice() {
        let party = Party::new("u").kind("user").email("a@example.com").name("Ada");
        let party = party.member("id", 7).member("type", "service").member("email", "b@example.com");
        let party = party.member("name", "Bob").member("badge", 1);
        assert_eq!((party.id.as_str(), party.kind.as_deref()), ("7", Some("service")));
        let text = serde_json::to_string(&party).unwrap();
        for name in ["id", "type", "email", "name", "badge"] {
            assert_eq!(text.matches(&format!("\"{name}\":")).count(), 1, "{text}");
        }
        let odd: Party = serde_json::from_value(json!({"id": "u", "type": 7})).unwrap();
        assert_eq!(serde_json::to_value(&odd).unwrap(), json!({"id": "u", "type": 7}));
        assert_eq!(serde_json::to_string(&odd.kind("user")).unwrap(), r#"{"id":"u","type":"user"}"#);
    }
}
