//! The trace: which distributed trace the request belongs to.

use super::head::{Head, only_value};

/// The most characters of a `traceparent` that is recorded. Version 00 has 55; a later version may have more.
const MAX_TRACEPARENT_CHARS: usize = 128;

/// Length of a version 00 `traceparent`: `00-<32>-<16>-<2>`.
const TRACEPARENT_CHARS: usize = 55;

/// The distributed trace that a request belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trace {
    /// 32 lower-case hexadecimal digits, not all zero.
    pub trace_id: String,
    /// The caller's span: 16 lower-case hexadecimal digits, not all zero.
    pub span_id: Option<String>,
    /// The `traceparent` as it came, when the trace comes from one of at most 128 characters.
    pub traceparent: Option<String>,
}

/// The trace from a strictly parsed `traceparent` (W3C Trace Context, section 3.2).
///
/// None also when there are several `traceparent` lines, which the standard's own test suite calls invalid.
#[must_use]
pub fn from_traceparent(head: &dyn Head) -> Option<Trace> {
    only_value(head, "traceparent", parse_traceparent)
}

/// The trace from the headers used before the standard: `x-trace-id`, then `b3`, then `x-b3-traceid`.
///
/// An adapter asks for it after `traceparent` and after the current OpenTelemetry span. Ids of 16 digits are padded
/// to 32 with zeros on the left, as OpenTelemetry's own B3 reader does, and upper case becomes lower case. A header
/// that came more than once is ignored.
#[must_use]
pub fn from_older_headers(head: &dyn Head) -> Option<Trace> {
    let plain = |value: &[u8]| Some(Trace { trace_id: trace_id(value)?, span_id: None, traceparent: None });
    only_value(head, "x-trace-id", plain)
        .or_else(|| only_value(head, "b3", parse_b3))
        .or_else(|| from_b3_headers(head))
}

/// The trace that a `traceparent` names, or None when any part of it is wrong.
///
/// Version 00 has exactly four parts, version ff is forbidden. A later version is read by the rule of section 3.2.4:
/// the four parts in their places, then the end or a dash.
#[must_use]
pub fn parse_traceparent(value: &[u8]) -> Option<Trace> {
    let (known, rest) = value.split_at_checked(TRACEPARENT_CHARS)?;
    let mut parts = known.split(|byte| *byte == b'-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let shaped =
        parts.next().is_none() && is_lower_hex(version, 2) && version != b"ff" && is_lower_hex(flags, 2);
    let ended = rest.is_empty() || (version != b"00" && rest.starts_with(b"-"));
    if !(shaped && ended && is_lower_hex(trace, 32) && is_lower_hex(span, 16)) {
        return None;
    }
    Some(Trace { trace_id: id(trace, 32)?, span_id: Some(id(span, 16)?), traceparent: recordable(value) })
}

/// B3's single header: `{trace}-{span}`, `{trace}-{span}-{state}` or `{trace}-{span}-{state}-{parent}`. A lone
/// state (`0`) names no trace.
fn parse_b3(value: &[u8]) -> Option<Trace> {
    let mut parts = value.split(|byte| *byte == b'-');
    let trace_id = trace_id(parts.next()?)?;
    let span_id = Some(id(parts.next()?, 16)?);
    let state_is_known = parts.next().is_none_or(|state| matches!(state, b"0" | b"1" | b"d"));
    let parent_is_id = parts.next().is_none_or(|parent| id(parent, 16).is_some());
    (state_is_known && parent_is_id && parts.next().is_none()).then_some(Trace {
        trace_id,
        span_id,
        traceparent: None,
    })
}

/// B3's separate headers. A wrong span id costs the span, not the trace.
fn from_b3_headers(head: &dyn Head) -> Option<Trace> {
    let trace_id = only_value(head, "x-b3-traceid", trace_id)?;
    let span_id = only_value(head, "x-b3-spanid", |value| id(value, 16));
    Some(Trace { trace_id, span_id, traceparent: None })
}

/// A trace id of 32 digits, or of 16 to be padded.
fn trace_id(value: &[u8]) -> Option<String> {
    id(value, 32).or_else(|| id(value, 16).map(|short| format!("{short:0>32}")))
}

/// `value` in lower case when it is this many hexadecimal digits and not all zero (an all-zero id means "none").
fn id(value: &[u8], digits: usize) -> Option<String> {
    let valid = value.len() == digits
        && value.iter().all(u8::is_ascii_hexdigit)
        && value.iter().any(|digit| *digit != b'0');
    if valid { std::str::from_utf8(value).ok().map(str::to_ascii_lowercase) } else { None }
}

fn is_lower_hex(value: &[u8], digits: usize) -> bool {
    value.len() == digits && value.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// What follows the known parts of a later version is arbitrary, so its length and characters are bounded.
fn recordable(value: &[u8]) -> Option<String> {
    let bounded = value.len() <= MAX_TRACEPARENT_CHARS && value.iter().all(u8::is_ascii_graphic);
    if bounded { std::str::from_utf8(value).ok().map(str::to_owned) } else { None }
}

#[cfg(test)]
mod tests {
    use super::super::head::FakeHead;
    use super::*;
    use proptest::prelude::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";
    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn trace(trace_id: &str, span_id: Option<&str>, traceparent: Option<&str>) -> Trace {
        Trace {
            trace_id: trace_id.to_owned(),
            span_id: span_id.map(str::to_owned),
            traceparent: traceparent.map(str::to_owned),
        }
    }

    #[test]
    fn valid_traceparents_are_kept_as_they_came() {
        for value in [
            EXAMPLE,
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be-like",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
        ] {
            let expected = Some(trace(TRACE, Some(SPAN), Some(value)));
            assert_eq!(parse_traceparent(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn anything_else_is_no_traceparent() {
        for value in [
            "",
            "00",
            "-",
            "---",
            // ff is forbidden; version 00 ends after the flags
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-012",
            // upper case, wherever it stands
            "0A-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0A",
            // all zero
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            // wrong lengths, and parts that shift into each other
            "0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-001",
            "000-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473600-f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1-",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            // other separators, other digits, spaces
            "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
            "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
            ".0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 ",
            // two values that a proxy folded into one line
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01,00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(parse_traceparent(value.as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn a_later_version_of_unbounded_length_gives_ids_only() {
        let long = format!("cc-{TRACE}-{SPAN}-01-{}", "x".repeat(1000));
        let broken = format!("cc-{TRACE}-{SPAN}-01-\r\nset-cookie: a=b");
        for value in [long, broken] {
            assert_eq!(parse_traceparent(value.as_bytes()), Some(trace(TRACE, Some(SPAN), None)));
        }
    }

    #[test]
    fn two_traceparent_lines_are_none() {
        assert!(from_traceparent(&FakeHead::with(&[("traceparent", EXAMPLE)])).is_some());
        assert_eq!(
            from_traceparent(&FakeHead::with(&[("traceparent", EXAMPLE), ("traceparent", EXAMPLE)])),
            None
        );
        assert_eq!(from_traceparent(&FakeHead::default()), None);
    }

    #[test]
    fn older_headers_give_a_trace_without_a_traceparent() {
        let padded = "0000000000000000a3ce929d0e0e4736";
        let one_state = format!("{TRACE}-{SPAN}-1");
        let debug = format!("{TRACE}-{SPAN}-d");
        let parent = format!("{TRACE}-{SPAN}-0-05e3ac9a4f6e3b90");
        let pair = format!("{TRACE}-{SPAN}");
        let short = format!("a3ce929d0e0e4736-{SPAN}-1");
        for (headers, expected) in [
            (&[("x-trace-id", TRACE)][..], (TRACE, None)),
            (&[("x-trace-id", "4BF92F3577B34DA6A3CE929D0E0E4736")], (TRACE, None)),
            (&[("x-trace-id", "a3ce929d0e0e4736")], (padded, None)),
            (&[("b3", &pair)], (TRACE, Some(SPAN))),
            (&[("b3", &one_state)], (TRACE, Some(SPAN))),
            (&[("b3", &debug)], (TRACE, Some(SPAN))),
            (&[("b3", &parent)], (TRACE, Some(SPAN))),
            (&[("b3", &short)], (padded, Some(SPAN))),
            (&[("x-b3-traceid", TRACE)], (TRACE, None)),
            (&[("x-b3-traceid", TRACE), ("x-b3-spanid", "00F067AA0BA902B7")], (TRACE, Some(SPAN))),
            (&[("x-b3-traceid", TRACE), ("x-b3-spanid", "zz")], (TRACE, None)),
            (&[("x-trace-id", "nonsense"), ("b3", &pair)], (TRACE, Some(SPAN))),
            (&[("x-b3-traceid", "00000000000000010000000000000002"), ("b3", &pair)], (TRACE, Some(SPAN))),
            (&[("b3", "0"), ("x-b3-traceid", TRACE)], (TRACE, None)),
        ] {
            let expected = Some(trace(expected.0, expected.1, None));
            assert_eq!(from_older_headers(&FakeHead::with(headers)), expected, "{headers:?}");
        }
    }

    #[test]
    fn wrong_older_headers_give_nothing() {
        for headers in [
            &[][..],
            &[("x-trace-id", "")],
            &[("x-trace-id", "00000000000000000000000000000000")],
            &[("x-trace-id", "0000000000000000")],
            &[("x-trace-id", "4bf92f3577b34da6a3ce929d0e0e473")],
            &[("x-trace-id", "4bf92f35-77b3-4da6-a3ce-929d0e0e4736")],
            &[("x-trace-id", TRACE), ("x-trace-id", TRACE)],
            &[("x-b3-traceid", TRACE), ("x-b3-traceid", TRACE)],
            &[("b3", "0")],
            &[("b3", "d")],
            &[("b3", TRACE)],
            &[("b3", "4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-1")],
            &[("b3", "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-2")],
            &[("b3", "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1-x")],
            &[("b3", "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1-05e3ac9a4f6e3b90-1")],
            &[("x-b3-spanid", SPAN)],
        ] {
            assert_eq!(from_older_headers(&FakeHead::with(headers)), None, "{headers:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_record_more_than_digits(
            name in 0..5_usize,
            value in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'-'), Just(b'0'), Just(b'a')], 0..80),
        ) {
            let name = ["traceparent", "x-trace-id", "b3", "x-b3-traceid", "x-b3-spanid"][name];
            let head = FakeHead { headers: vec![(name.to_owned(), value)], peer: None };
            for found in [from_traceparent(&head), from_older_headers(&head)].into_iter().flatten() {
                prop_assert!(found.trace_id.len() == 32 && is_lower_hex(found.trace_id.as_bytes(), 32));
            }
        }
    }
}
