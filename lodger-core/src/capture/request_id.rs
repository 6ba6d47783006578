//! The request id: the one that came, if it is harmless, else one of our own.

use uuid::Uuid;

use super::head::Head;

/// The most characters of an inbound id. The limit of `request.id` in an event.
pub const MAX_CHARS: usize = 128;

/// The inbound request id, from `x-request-id`. None when there is none to accept: the caller then mints one.
#[must_use]
pub fn inbound(head: &dyn Head) -> Option<&str> {
    head.header("x-request-id").and_then(accept)
}

/// The id that the client chose for its own records, from `x-client-request-id`.
#[must_use]
pub fn inbound_client(head: &dyn Head) -> Option<&str> {
    head.header("x-client-request-id").and_then(accept)
}

/// The value as an id when it is 1 to 128 characters of `A-Z a-z 0-9 . _ -`, else None.
///
/// The id is echoed in a response header and printed in logs, so a value with a line break, a quote or of any length
/// would be an injection. A value that isn't acceptable is replaced, never repaired: half of somebody's id is nobody's.
#[must_use]
pub fn accept(value: &[u8]) -> Option<&str> {
    if is_acceptable(value) { std::str::from_utf8(value).ok() } else { None }
}

/// Whether [`accept`] takes it.
pub(super) fn is_acceptable(value: &[u8]) -> bool {
    // Every byte is looked at whatever the others are, so several are at a time.
    let harmless = |byte: u8| {
        let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        letter | byte.is_ascii_digit() | (byte == b'.') | (byte == b'_') | (byte == b'-')
    };
    (1..=MAX_CHARS).contains(&value.len()) && value.iter().fold(true, |all, byte| all & harmless(*byte))
}

/// A new request id: a UUIDv7 (RFC 9562 section 5.7) in its usual form of 36 characters.
#[must_use]
pub fn mint() -> String {
    Uuid::now_v7().to_string()
}

#[cfg(test)]
mod tests {
    use super::super::head::FakeHead;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_that_people_use_are_accepted_as_they_came() {
        for id in [
            "a",
            "7",
            "-",
            "req_01HV.8-x",
            "0190163d-8694-739b-aea5-966c26f8ad91",
            "1-581cf771-a006649127e371903a2de979",
            &"x".repeat(128),
        ] {
            assert_eq!(accept(id.as_bytes()), Some(id));
        }
    }

    #[test]
    fn hostile_ids_are_not_accepted() {
        for id in [
            &b""[..],
            &[b'x'; 129],
            &[b'x'; 100_000],
            b"a b",
            b" a",
            b"a\t",
            b"a\r\nset-cookie: sid=1",
            b"a\n",
            b"a\0",
            b"a\x1b[31m",
            b"<script>",
            b"a\"b",
            b"a'b",
            b"a/b",
            b"a:b",
            b"a,b",
            b"a;b",
            b"a%0d%0ab",
            b"${jndi:ldap://x}",
            b"../../etc/passwd",
            "b\u{fc}cher".as_bytes(),
            "\u{ff11}".as_bytes(),
            &[0xff, 0xfe],
        ] {
            assert_eq!(accept(id), None, "{id:?}");
        }
    }

    #[test]
    fn each_id_comes_from_its_own_header() {
        let head = FakeHead::with(&[("x-request-id", "req-1"), ("x-client-request-id", "mine-2")]);
        assert_eq!(inbound(&head), Some("req-1"));
        assert_eq!(inbound_client(&head), Some("mine-2"));
        assert_eq!(inbound(&FakeHead::default()), None);
    }

    #[test]
    fn of_two_lines_the_first_is_taken_as_servers_do() {
        let head = FakeHead::with(&[("x-request-id", "first"), ("x-request-id", "second")]);
        assert_eq!(inbound(&head), Some("first"));
    }

    #[test]
    fn minted_ids_are_version_7_and_acceptable_themselves() {
        let id = mint();
        assert_eq!((id.len(), &id[14..15]), (36, "7"));
        assert_eq!(accept(id.as_bytes()), Some(id.as_str()));
        assert_ne!(mint(), mint());
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_safe_in_a_header(value in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(id) = accept(&value) {
                prop_assert!(id.len() <= 128 && id.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
