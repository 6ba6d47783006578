//! The session: one cookie's value, taken from the `Cookie` header so that the caller can hash it.

use super::head::{Head, SESSION_HEADER};

/// The value of the cookie `name`. It is a credential: hash it with a key at once, never record or print it.
///
/// All `Cookie` lines are read, because HTTP/2 clients may send one for each cookie (RFC 9113 section 8.2.3). None
/// when the cookie is missing or empty, and also when it came twice with different values: which of the two the
/// application believes can't be known here, and a stranger can plant a second one from a sibling domain (RFC 6265
/// section 8.6).
#[must_use]
pub fn cookie(head: &dyn Head, name: &str) -> Option<Vec<u8>> {
    let mut found: Option<Vec<u8>> = None;
    let mut contradicted = false;
    head.header_values(SESSION_HEADER, &mut |line| {
        for value in values_in(line, name) {
            match &found {
                None => found = Some(value.to_vec()),
                Some(first) => contradicted |= first != value,
            }
        }
    });
    found.filter(|value| !contradicted && !value.is_empty())
}

/// The values that one line gives this name: `a=1; b=2` (RFC 6265 section 4.2.1). Names are compared exactly, values
/// are kept as they are, quotes included.
fn values_in<'a>(line: &'a [u8], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    line.split(|byte| *byte == b';').filter_map(move |pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (key, value) = pair.split_at(equals);
        (key.trim_ascii() == name.as_bytes()).then(|| value.strip_prefix(b"=").unwrap_or(value).trim_ascii())
    })
}

#[cfg(test)]
mod tests {
    use super::super::head::FakeHead;
    use super::*;
    use proptest::prelude::*;

    fn sid(lines: &[&str]) -> Option<String> {
        let headers: Vec<_> = lines.iter().map(|line| ("cookie", *line)).collect();
        cookie(&FakeHead::with(&headers), "sid").map(|value| String::from_utf8(value).unwrap())
    }

    #[test]
    fn the_cookie_is_found_by_its_exact_name() {
        for (lines, expected) in [
            (&["sid=31d4d96e407aad42"][..], Some("31d4d96e407aad42")),
            (&["lang=en-US; sid=abc; theme=dark"], Some("abc")),
            (&["lang=en-US;sid=abc"], Some("abc")),
            (&["sid = abc ;lang=en"], Some("abc")),
            (&["sid=a=b=="], Some("a=b==")),
            (&["sid=\"quoted\""], Some("\"quoted\"")),
            (&["lang=en", "sid=abc"], Some("abc")),
            (&["sid=abc", "sid=abc"], Some("abc")),
            (&["SID=abc"], None),
            (&["xsid=abc; sid2=abc"], None),
            (&["lang=sid=abc"], None),
            (&["sid"], None),
            (&["sid="], None),
            (&["=abc"], None),
            (&[""], None),
            (&[";;; ; ="], None),
            (&[], None),
        ] {
            assert_eq!(sid(lines).as_deref(), expected, "{lines:?}");
        }
    }

    #[test]
    fn two_different_values_are_no_value() {
        assert_eq!(sid(&["sid=mine; sid=planted"]), None);
        assert_eq!(sid(&["sid=mine", "sid=planted"]), None);
        assert_eq!(sid(&["sid=; sid=planted"]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(value in proptest::collection::vec(any::<u8>(), 0..200), name in ".{0,8}") {
            let head = FakeHead { headers: vec![("cookie".to_owned(), value)], peer: None };
            prop_assert!(cookie(&head, &name).is_none_or(|value| !value.is_empty()));
        }
    }
}
