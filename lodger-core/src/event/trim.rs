//! What is cut when nobody is there to be told.

use serde::{Deserialize, Serialize};

use super::Event;

/// A field that was cut, and how large it was.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trimmed {
    /// The field, as a path in the event's JSON.
    pub name: String,
    /// Its size before, in bytes of JSON.
    pub bytes: u64,
}

/// Cuts the event until it is acceptable, and marks what was cut.
pub fn trim(event: &mut Event) {
    let _ = event;
}
