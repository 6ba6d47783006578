//! When something happened.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in UTC, in whole microseconds.
///
/// Microseconds are what databases keep. Truncating once, here, means that what is hashed is what is stored
/// everywhere. The text form is RFC 3339 with exactly six fractional digits and `Z`, so texts sort like times.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// The text is not an RFC 3339 time.
#[derive(Debug, thiserror::Error)]
#[error("not an RFC 3339 time such as 2026-05-15T12:00:00Z: {text:?}")]
pub struct InvalidTimestamp {
    text: String,
}

impl Timestamp {
    /// The current time of the system clock.
    #[must_use]
    pub fn now() -> Self {
        Self::from(SystemTime::now())
    }

    /// The moment this many microseconds after 1970-01-01T00:00:00Z. `None` outside the years -9999 to 9999.
    #[must_use]
    pub fn from_micros(micros: i64) -> Option<Self> {
        jiff::Timestamp::from_microsecond(micros).ok().map(|_| Self(micros))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn as_micros(self) -> i64 {
        self.0
    }

    fn to_jiff(self) -> jiff::Timestamp {
        // The field only ever holds what jiff accepts, so the fallback is never taken.
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl From<SystemTime> for Timestamp {
    /// Truncates to microseconds; times outside the supported years become the nearest supported one.
    fn from(time: SystemTime) -> Self {
        let micros = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX),
        };
        let min = jiff::Timestamp::MIN.as_microsecond();
        let max = jiff::Timestamp::MAX.as_microsecond();
        Self(micros.clamp(min, max))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.to_jiff())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed: jiff::Timestamp =
            text.parse().map_err(|_| InvalidTimestamp { text: text.chars().take(64).collect() })?;
        Ok(Self(parsed.as_microsecond()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_six_fractional_digits_and_is_utc() {
        let time: Timestamp = "2026-05-15T14:00:00+02:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-05-15T12:00:00.000000Z");
    }

    #[test]
    fn nanoseconds_are_truncated_once() {
        let time: Timestamp = "2026-05-15T12:00:00.123456789Z".parse().unwrap();
        assert_eq!(time.to_string(), "2026-05-15T12:00:00.123456Z");
        assert_eq!(time.as_micros(), 1_778_846_400_123_456);
        let again: Timestamp = time.to_string().parse().unwrap();
        assert_eq!(again, time);
    }

    #[test]
    fn a_bad_text_is_named_in_the_error() {
        let error = "yesterday".parse::<Timestamp>().unwrap_err();
        assert!(error.to_string().contains("\"yesterday\""), "{error}");
    }
}
