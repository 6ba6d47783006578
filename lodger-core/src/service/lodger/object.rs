//! An object of an answer, member by member.

use serde::Deserialize as _;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What is left of the object. In the end that is what nobody knows, and what is something else than it should be.
pub(super) struct Object(pub(super) Map<String, Value>);

impl Object {
    /// A member without which the answer is none.
    pub(super) fn certain<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, String> {
        let value = self.0.remove(name).ok_or_else(|| format!("there is no {name}"))?;
        T::deserialize(value).map_err(|error| format!("{name}: {error}"))
    }

    /// A member that may be missing, null, or of another type: that one stays.
    pub(super) fn optional<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let value = self.0.get(name)?;
        let read = Option::<T>::deserialize(value).ok()?;
        self.0.remove(name);
        read
    }

    /// What of a list is of its type. A list that holds anything else stays as well.
    pub(super) fn list<T: DeserializeOwned>(&mut self, name: &str) -> Vec<T> {
        let whole: Option<Vec<Value>> = self.optional(name);
        let Some(whole) = whole else { return Vec::new() };
        let read: Vec<T> = whole.iter().filter_map(|item| T::deserialize(item).ok()).collect();
        if read.len() < whole.len() {
            self.0.insert(name.to_owned(), whole.into());
        }
        read
    }
}

/// A text; anything else is none.
pub(super) fn text_or_none<'de, D: serde::Deserializer<'de>>(text: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(text)? {
        Value::String(text) => Some(text),
        _ => None,
    })
}
