//! What changed in the target.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What happened to one value, in the words of JSON Patch (RFC 6902 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ChangeOp {
    /// The value is new.
    Add,
    /// The value is gone.
    Remove,
    /// The value has another content.
    Replace,
}

impl ChangeOp {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Replace => "replace",
        }
    }
}

/// One changed value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Change {
    /// What happened.
    pub op: ChangeOp,
    /// Where, as a JSON Pointer (RFC 6901): `/amount`, `/address/city`.
    pub path: String,
    /// The value before; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub before: Option<Value>,
    /// The value after; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub after: Option<Value>,
    /// Members that this version doesn't know. They survive a round trip.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Change {
    /// The value at `path` went from `before` to `after`; `None` stands for "not there". The operation follows.
    #[must_use]
    pub fn new(path: impl ToString, before: Option<Value>, after: Option<Value>) -> Self {
        let op = match (&before, &after) {
            (None, _) => ChangeOp::Add,
            (_, None) => ChangeOp::Remove,
            _ => ChangeOp::Replace,
        };
        Self { op, path: path.to_string(), before, after, extra: Map::new() }
    }
}

/// A member that is there and null is a value, not an absence: a column set to NULL must be recorded as such.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_operation_follows_from_what_was_there() {
        assert_eq!(Change::new("/a", None, Some(json!(1))).op, ChangeOp::Add);
        assert_eq!(Change::new("/a", Some(json!(1)), None).op, ChangeOp::Remove);
        assert_eq!(Change::new("/a", Some(json!(1)), Some(json!(2))).op, ChangeOp::Replace);
    }

    #[test]
    fn null_is_a_value_and_no_absence() {
        let change = Change::new("/a", Some(Value::Null), Some(json!(1)));
        let text = r#"{"op":"replace","path":"/a","before":null,"after":1}"#;
        assert_eq!(serde_json::to_string(&change).unwrap(), text);
        assert_eq!(serde_json::from_str::<Change>(text).unwrap(), change);
    }
}
