//! Why a destination did not take another API key.

/// Why a destination did not take another API key. The key stands in neither.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiKeyError {
    /// There is none to replace.
    #[error("this destination has no API key")]
    NoKey,
    /// The key can't be sent; the one in use stays.
    #[error("{0}")]
    Invalid(String),
}
