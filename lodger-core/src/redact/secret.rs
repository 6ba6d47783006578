//! A value that can't be printed.

use std::fmt;

use serde::{Serialize, Serializer};

use super::REDACTED;

/// A value that shows as `[redacted]` wherever it is printed or serialised, so that it can be a member of a struct
/// that is recorded as a whole.
///
/// It guards against carelessness, not against a debugger: memory is not wiped.
///
/// ```
/// use lodger_core::redact::Secret;
///
/// let password = Secret::new("hunter2");
/// assert_eq!(format!("{password} {password:?}"), "[redacted] [redacted]");
/// assert_eq!(*password.expose(), "hunter2");
/// ```
#[derive(Clone, Default)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps the value.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Search for this word to find every place that can leak.
    #[must_use]
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Gives the value back.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<T> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_nowhere_but_where_it_is_exposed() {
        #[derive(Debug, Serialize)]
        struct Login {
            user: &'static str,
            password: Secret<u32>,
        }
        let login = Login { user: "ada", password: 4711.into() };
        assert_eq!(format!("{login:?}"), r#"Login { user: "ada", password: [redacted] }"#);
        assert_eq!(serde_json::to_string(&login).unwrap(), r#"{"user":"ada","password":"[redacted]"}"#);
        assert_eq!(login.password.into_inner(), 4711);
    }
}
