//! When a service wants to be asked again.

use std::time::{Duration, SystemTime};

/// Reads a `Retry-After` value in either form of RFC 9110 section 10.2.3: seconds, or a date. A date in the past is
/// zero; anything unreadable is `None`, as if the header were not there.
///
/// A number of seconds too large to count with becomes `u32::MAX` seconds: the caller caps it anyway.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use lodger_core::service::retry_after;
///
/// assert_eq!(retry_after::parse("30", SystemTime::now()), Some(Duration::from_secs(30)));
/// assert_eq!(retry_after::parse("soon", SystemTime::now()), None);
/// ```
#[must_use]
pub fn parse(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = value.parse::<u64>().unwrap_or(u64::MAX).min(u64::from(u32::MAX));
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    /// 2026-05-15T12:00:00Z.
    fn noon() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_778_846_400)
    }

    #[test]
    fn seconds_are_seconds() {
        assert_eq!(parse("0", noon()), Some(Duration::ZERO));
        assert_eq!(parse(" 120 ", noon()), Some(Duration::from_secs(120)));
        assert_eq!(parse("1000000000", noon()), Some(Duration::from_secs(1_000_000_000)));
    }

    #[test]
    fn absurd_seconds_stay_countable() {
        let most = Some(Duration::from_secs(4_294_967_295));
        assert_eq!(parse("4294967296", noon()), most);
        assert_eq!(parse(&"9".repeat(400), noon()), most);
    }

    #[test]
    fn a_date_is_the_time_until_then() {
        assert_eq!(parse("Fri, 15 May 2026 12:01:30 GMT", noon()), Some(Duration::from_secs(90)));
    }

    #[test]
    fn a_past_date_is_now() {
        assert_eq!(parse("Fri, 15 May 2026 11:59:59 GMT", noon()), Some(Duration::ZERO));
    }

    #[test]
    fn garbage_is_ignored() {
        for garbage in ["", "  ", "-5", "1.5", "soon", "30 s", "Fri, 32 May 2026 12:00:00 GMT", "٣٠", "0x10"]
        {
            assert_eq!(parse(garbage, noon()), None, "{garbage:?}");
        }
    }
}
