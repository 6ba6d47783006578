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
    /// The bytes of the text form: `2026-05-15T12:00:00.000000Z`.
    pub(super) const LENGTH: usize = 27;

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

    /// Writes the text form into the buffer, but for years before 0, whose text is longer.
    pub(super) fn encode(self, buffer: &mut [u8; Self::LENGTH]) -> Option<&str> {
        let (seconds, micros) = (self.0.div_euclid(1_000_000), self.0.rem_euclid(1_000_000));
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = date_of(days);
        if year < 0 {
            return None;
        }
        let digit = |number: i64, unit: i64| b'0' + u8::try_from(number / unit % 10).unwrap_or_default();
        let pair = |number: i64| [digit(number, 10), digit(number, 1)];
        let ([y1, y2], [y3, y4], [m1, m2], [d1, d2]) = (pair(year / 100), pair(year), pair(month), pair(day));
        let ([h1, h2], [n1, n2], [s1, s2]) =
            (pair(second / 3_600), pair(second / 60 % 60), pair(second % 60));
        let ([f1, f2], [f3, f4], [f5, f6]) = (pair(micros / 10_000), pair(micros / 100), pair(micros));
        *buffer = [
            y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'.', f1,
            f2, f3, f4, f5, f6, b'Z',
        ];
        std::str::from_utf8(buffer).ok()
    }

    fn to_jiff(self) -> jiff::Timestamp {
        // The field only ever holds what jiff accepts, so the fallback is never taken.
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

/// The year, month and day that begin so many days after 1970-01-01, in the Gregorian calendar.
///
/// Years are counted from March, so that the leap day is their last, in eras of 400 years, after which the calendar
/// repeats.
fn date_of(days: i64) -> (i64, i64, i64) {
    const DAYS_OF_ERA: i64 = 146_097;
    // From 0000-03-01.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(DAYS_OF_ERA), days.rem_euclid(DAYS_OF_ERA));
    // Without the leap days before it, every year has 365.
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Months from March on have 31, 30, 31, 30, 31 days, and so again.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, after) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (400 * era + year + after, month, day)
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
        match self.encode(&mut [0; Self::LENGTH]) {
            Some(text) => f.write_str(text),
            None => write!(f, "{:.6}", self.to_jiff()),
        }
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
    fn every_day_has_its_date_and_years_below_zero_have_theirs() {
        for (text, micros) in [
            ("0000-01-01T00:00:00.000000Z", -62_167_219_200_000_000),
            ("1900-02-28T23:59:59.999999Z", -2_203_891_200_000_001),
            ("1900-03-01T00:00:00.000000Z", -2_203_891_200_000_000),
            ("1969-12-31T23:59:59.999999Z", -1),
            ("2000-02-29T12:34:56.000007Z", 951_827_696_000_007),
            ("2400-02-29T00:00:00.000000Z", 13_574_563_200_000_000),
            ("9999-12-30T21:59:59.999999Z", 253_402_207_199_999_999),
            ("-000001-12-31T23:59:59.999999Z", -62_167_219_200_000_001),
        ] {
            assert_eq!(Timestamp::from_micros(micros).unwrap().to_string(), text);
        }
        // 400 years, all there are, and the years around the ends.
        for day in (-719_529..-573_000).chain(-4_371_000..-4_370_000).chain(2_930_000..2_932_896) {
            let time = Timestamp::from_micros(day * 86_400_000_000 + 7).unwrap();
            assert_eq!(time.to_string(), format!("{:.6}", time.to_jiff()));
        }
    }

    #[test]
    fn a_bad_text_is_named_in_the_error() {
        let error = "yesterday".parse::<Timestamp>().unwrap_err();
        assert!(error.to_string().contains("\"yesterday\""), "{error}");
    }
}
