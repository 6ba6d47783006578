//! Reading objects of which hardly anything is documented.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Error};
use serde_json::{Map, Value};

use super::ExternalId;

/// The members of an object, of which none but the id is trusted to be what the documentation's example shows: one odd member must
/// not make an event unreadable, nor a page of them.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Members(Map<String, Value>);

impl Members {
    /// The object's own id, which is opaque: a number is as good as a text.
    pub(super) fn id<E: Error>(&mut self) -> Result<String, E> {
        self.take_id("id").ok_or_else(|| E::custom("there is no id"))
    }

    /// An id that may be missing.
    pub(super) fn take_id(&mut self, name: &str) -> Option<String> {
        self.take::<ExternalId>(name).map(|id| id.to_string())
    }

    /// The member, where it is what it should be. Null is none; anything else stays in the rest.
    pub(super) fn take<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let known = Option::<T>::deserialize(self.0.get(name)?).ok()?;
        self.0.remove(name);
        known
    }

    /// What was not taken, as it came.
    pub(super) fn rest(self) -> Map<String, Value> {
        self.0
    }
}

/// The id in what the service says of an event.
pub(crate) fn id_of(event: &Value) -> Option<String> {
    ExternalId::deserialize(event.get("id")?).ok().map(|id| id.to_string())
}
