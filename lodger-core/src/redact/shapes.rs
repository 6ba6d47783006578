//! Which parts of a text look like a secret, whatever the name above them.
//!
//! Each rule asks for a form that ordinary text doesn't have by chance: a prefix that a provider chose so that leaked
//! keys can be found, a check digit, a header's syntax. Every scan is linear in the text.

mod assigned;
mod digits;
mod keys;
mod ordinary;
mod schemes;

use std::ops::Range;

use super::REDACTED;

/// Places in a text, in bytes, at character boundaries.
type Places = Vec<Range<usize>>;

/// The shortest secret that any rule finds: `://a:b@`.
const SHORTEST: usize = 7;

/// The least number with 13 digits, which are the fewest that a card number has.
const LEAST_CARD: u64 = 1_000_000_000_000;

/// The text with each secret replaced, or `None` when there is none in it.
pub(super) fn redacted(text: &str) -> Option<String> {
    if text.len() < SHORTEST || ordinary::is_ordinary(text) {
        return None;
    }
    search(text)
}

/// The same, by every rule.
pub(super) fn search(text: &str) -> Option<String> {
    let mut places = Places::new();
    schemes::find(text, &mut places);
    keys::find(text, &mut places);
    digits::find(text, &mut places);
    assigned::find(text, &mut places);
    if places.is_empty() {
        return None;
    }
    places.sort_by_key(|place| place.start);
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for place in places {
        // A place may lie within another or overlap it: then one `[redacted]` stands for both.
        if place.start >= done {
            let between = text.get(done..place.start).unwrap_or_default();
            result.push_str(between);
            result.push_str(REDACTED);
        }
        done = done.max(place.end);
    }
    result.push_str(text.get(done..).unwrap_or_default());
    (result != text).then_some(result)
}

/// Whether an integer is a card number.
pub(super) fn is_card_number(number: u64) -> bool {
    if number < LEAST_CARD {
        return false;
    }
    let text = number.to_string();
    let mut places = Places::new();
    digits::find_cards(&text, &mut places);
    !places.is_empty()
}

/// The byte at this index.
fn byte(text: &str, index: usize) -> Option<u8> {
    text.as_bytes().get(index).copied()
}

/// The byte before this index.
fn byte_before(text: &str, index: usize) -> Option<u8> {
    index.checked_sub(1).and_then(|index| byte(text, index))
}

/// Where the run of bytes ends that begins at `start` and that `is_part` accepts. It accepts ASCII only, so that the
/// end is at a character boundary.
fn run_end(text: &str, start: usize, is_part: impl Fn(u8) -> bool) -> usize {
    let rest = text.as_bytes().get(start..).unwrap_or_default();
    start + rest.iter().position(|byte| !is_part(*byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            // A `¦` keeps scanners for leaked keys from taking this file for a leak.
            let text = text.replace('¦', "");
            assert_eq!(redacted(&text).unwrap_or_else(|| text.clone()), *expected, "{text}");
        }
    }

    #[test]
    fn only_the_secret_goes_and_the_text_around_it_stays() {
        check(&[
            ("used lodger_sk_¦0123456789 twice", "used [redacted] twice"),
            ("card 4111 1111 1111 1111 was refused", "card [redacted] was refused"),
            ("Authorization: Bearer abc.def-123, then", "Authorization: [redacted]"),
            ("sent Bearer abc.def-123; then", "sent Bearer [redacted]; then"),
            ("Bearer xyz", "Bearer [redacted]"),
            ("postgres://app:hunter2@db/prod", "postgres://app:[redacted]@db/prod"),
            ("https://x/y?a=1&access_token=abc&b=2", "https://x/y?a=1&access_token=[redacted]&b=2"),
            (r#"{"user":"ada","password":"x y","n":1}"#, r#"{"user":"ada","password":"[redacted]","n":1}"#),
            ("Überweisung von DE89 3704 0044 0532 0130 00 äöü", "Überweisung von [redacted] äöü"),
            ("a ghp_¦0123456789abcdefghijABCDEFGHIJ012345 ü", "a [redacted] ü"),
        ]);
    }

    #[test]
    fn ordinary_text_stays() {
        let same = [
            "Bearer of bad news",
            "Basic authentication failed",
            "invalid token: signature expired",
            "authorization: denied by policy",
            "order 2026-05-15 12:00:00 0049 170 1234567",
            "https://example.com/a:b@c?x=1",
            "mailto://ada@example.com",
            "4111111111111112",
            "sk-learn-based ghp_ AKIA npm_config_cache",
            "passwords must differ, a==b",
            "eyJ",
            "ä=ö: ü://é",
        ];
        check(&same.map(|text| (text, text)));
    }

    #[test]
    fn the_first_look_misses_nothing() {
        for text in [
            "a -----BEGIN PRIVATE KEY-----",
            "x://a:b@c",
            "BASIC dTpw",
            "_bEaReR x1234567",
            "é eyJhbGci.eyJz",
            "-SG.0123456789012345678901234567890123456789",
            "card 4111 1111 1111 1111",
            "(4222222222222",
            "ab:DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "password=x",
        ] {
            assert!(!ordinary::is_ordinary(text), "{text}");
        }
        for text in [
            "",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
            "INV-2026-0007",
            "second reminder sent",
            "Zoë O'Brien-Müller",
            "a-b - c_d, 12 345 678",
        ] {
            assert!(ordinary::is_ordinary(text), "{text}");
        }
    }

    #[test]
    fn redacting_again_changes_nothing() {
        for text in ["Bearer xyz", "password=a b", "postgres://a:b@c", "Cookie: a=b", r#"{"token":"x"}"#] {
            let once = redacted(text).unwrap();
            assert_eq!(redacted(&once), None, "{once}");
        }
    }
}
