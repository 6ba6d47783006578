//! The id that the service files events under.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::LogHubError;

/// Your own id of a workspace or tenant, a text or a number. It is the only thing that a list can be filtered by.
///
/// It is sent as it is given: `42` as a number, `"42"` as a text, and a number digit by digit. Whether the service takes the two
/// for the same is not documented, nor what becomes of a number beyond ±2⁵³, which most readers of JSON round to another
/// one: give such an id as a text, and an id always in the same form.
///
/// ```
/// use lodger_core::service::loghub::ExternalId;
///
/// assert_eq!(serde_json::to_string(&ExternalId::from(42))?, "42");
/// assert_eq!(serde_json::to_string(&ExternalId::from("42"))?, r#""42""#);
/// assert!(ExternalId::try_from(serde_json::json!(true)).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "Value", try_from = "Value")]
#[non_exhaustive]
pub enum ExternalId {
    /// A text.
    Text(String),
    /// A number.
    Number(Number),
}

impl ExternalId {
    /// # Errors
    ///
    /// When it is blank: the service requires one.
    pub(super) fn check(&self) -> Result<(), LogHubError> {
        match self {
            Self::Text(text) if text.trim().is_empty() => {
                Err(LogHubError::Invalid("external_id is required".to_owned()))
            }
            Self::Text(_) | Self::Number(_) => Ok(()),
        }
    }
}

/// As it stands in a query.
impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl From<&str> for ExternalId {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for ExternalId {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

macro_rules! from_number {
    ($($number:ty),*) => {$(
        impl From<$number> for ExternalId {
            fn from(number: $number) -> Self {
                Self::Number(number.into())
            }
        }
    )*};
}

from_number!(i32, u32, i64, u64, Number);

impl TryFrom<Value> for ExternalId {
    type Error = LogHubError;

    fn try_from(value: Value) -> Result<Self, LogHubError> {
        match value {
            Value::String(text) => Ok(Self::Text(text)),
            Value::Number(number) => Ok(Self::Number(number)),
            _ => Err(LogHubError::Invalid("external_id is neither a text nor a number".to_owned())),
        }
    }
}

impl From<ExternalId> for Value {
    fn from(id: ExternalId) -> Self {
        match id {
            ExternalId::Text(text) => text.into(),
            ExternalId::Number(number) => number.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_kept_as_it_is_given() {
        for json in [r#""1""#, r#"" a ""#, "1", "-7", "9007199254740993", "18446744073709551615", "1.5"] {
            let id: ExternalId = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&id).unwrap(), json);
            assert_eq!(id.to_string(), json.trim_matches('"'));
        }
        assert_eq!(ExternalId::from(9_007_199_254_740_993_u64).to_string(), "9007199254740993");
        assert_eq!(ExternalId::from(i64::MIN).to_string(), "-9223372036854775808");
    }

    #[test]
    fn what_is_neither_a_text_nor_a_number_is_none() {
        for json in ["null", "true", "[1]", "{}"] {
            assert!(serde_json::from_str::<ExternalId>(json).is_err(), "{json}");
        }
    }
}
