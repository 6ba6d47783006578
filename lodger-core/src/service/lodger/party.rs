//! An actor or a target on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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
#[serde(from = "Form")]
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

    /// Sets any other member. The official client passes them on; what the service does with them is not known.
    #[must_use]
    pub fn member(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.members.insert(name.into(), value.into());
        self
    }

    /// With the type filled in: its own, else what the event's type says of bare texts, else the default.
    pub(super) fn typed(mut self, of_bare: Option<&str>, default: &str) -> Self {
        let fallback = of_bare.filter(|kind| self.bare && !kind.is_empty()).unwrap_or(default);
        self.kind.get_or_insert_with(|| fallback.to_owned());
        self
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
#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Text(String),
    Object {
        id: String,
        #[serde(rename = "type", default)]
        kind: Option<String>,
        #[serde(flatten)]
        members: Map<String, Value>,
    },
}

impl From<Form> for Party {
    fn from(form: Form) -> Self {
        match form {
            Form::Text(id) => id.into(),
            Form::Object { id, kind, members } => Self { id, kind, members, bare: false },
        }
    }
}
