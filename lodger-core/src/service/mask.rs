//! Keeps the credential of a request out of its answer.
//!
//! A service that quotes the key would put it into errors, logs and receipts. It is masked before anybody reads the answer:
//! as it is, and as JSON may write it, for a reader of JSON takes the escapes away.

use memchr::{memchr, memchr2, memmem};

use super::Credential;

/// What stands where the credential stood.
const MASK: &[u8] = b"[key]";

/// From so many bytes on, the beginning of a credential that an answer ends with is masked, too: it may have broken off
/// there. Shorter ones tell nothing, and may be anything.
const TELLING: usize = 8;

/// Masks a credential in an answer that comes in parts, cut anywhere.
pub(super) struct Mask {
    credential: Option<Credential>,
    /// What may be the beginning of the credential.
    held: Vec<u8>,
}

impl Mask {
    pub(super) fn new(credential: Option<Credential>) -> Self {
        Self { credential, held: Vec::new() }
    }

    /// The next part, masked. Its end is held back where it may be the beginning of the credential.
    pub(super) fn part(&mut self, part: &[u8]) -> Vec<u8> {
        let mut text = std::mem::take(&mut self.held);
        text.extend_from_slice(part);
        if let Some(credential) = &self.credential {
            let mut begun = 0;
            credential.each_secret(|secret| begun = scrub(&mut text, secret).max(begun));
            self.held = text.split_off(text.len().saturating_sub(begun));
        }
        text
    }

    /// What was held back, where nothing more comes.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        let rest = std::mem::take(&mut self.held);
        if rest.len() < TELLING { rest } else { MASK.to_vec() }
    }
}

/// Masks the secret, and says how many bytes at the end may be its beginning.
fn scrub(text: &mut Vec<u8>, secret: &str) -> usize {
    if secret.is_empty() {
        return 0;
    }
    // Escapes first: what is left of one would be no JSON.
    let escaped_begun = if memchr(b'\\', text).is_some() { scrub_escaped(text, secret) } else { 0 };
    let plain = memmem::find_iter(text, secret).map(|at| (at, secret.len())).collect();
    replace(text, plain);
    let mut beginnings = (1..secret.len()).rev().filter_map(|length| secret.as_bytes().get(..length));
    let begun = beginnings.find(|beginning| text.ends_with(beginning)).map_or(0, <[u8]>::len);
    begun.max(escaped_begun)
}

/// The same where its characters may be escaped, of a text in which every backslash begins an escape.
fn scrub_escaped(text: &mut Vec<u8>, secret: &str) -> usize {
    let (mut places, mut at) = (Vec::new(), 0);
    let begun = loop {
        match next_escaped(text, secret, at) {
            Some((from, Seen::Whole(length))) => {
                places.push((from, length));
                at = from + length;
            }
            Some((from, _)) => break text.len() - from,
            None => break 0,
        }
    };
    replace(text, places);
    begun
}

/// Masks what stands at these places, each with its length.
fn replace(text: &mut Vec<u8>, places: Vec<(usize, usize)>) {
    if places.is_empty() {
        return;
    }
    // In one pass: a short secret may stand in an answer tens of thousands of times.
    let (mut masked, mut read) = (Vec::new(), 0);
    for (at, length) in places {
        masked.extend_from_slice(text.get(read..at).unwrap_or_default());
        masked.extend_from_slice(MASK);
        read = at + length;
    }
    masked.extend_from_slice(text.get(read..).unwrap_or_default());
    *text = masked;
}

/// Whether something stands at the beginning of a text.
enum Seen {
    /// In so many bytes.
    Whole(usize),
    /// The text ends within it.
    Begun,
    Not,
}

/// Where the secret stands next, each of its characters as it is or escaped; or where it is begun at the text's end.
fn next_escaped(text: &[u8], secret: &str, mut at: usize) -> Option<(usize, Seen)> {
    let first = *secret.as_bytes().first()?;
    loop {
        let rest = text.get(at..)?;
        at += memchr2(first, b'\\', rest)?;
        let rest = text.get(at..)?;
        match secret_at(rest, secret) {
            // A backslash that is escaped begins nothing.
            Seen::Not if rest.starts_with(b"\\u") => at += 6,
            Seen::Not if rest.starts_with(b"\\") => at += 2,
            Seen::Not => at += 1,
            seen => return Some((at, seen)),
        }
    }
}

fn secret_at(text: &[u8], secret: &str) -> Seen {
    let mut at = 0;
    for character in secret.chars() {
        match character_at(text.get(at..).unwrap_or_default(), character) {
            Seen::Whole(length) => at += length,
            otherwise => return otherwise,
        }
    }
    Seen::Whole(at)
}

/// The character as it is, or as JSON may escape it (RFC 8259 section 7).
fn character_at(text: &[u8], character: char) -> Seen {
    match text {
        [] | [b'\\'] => Seen::Begun,
        [b'\\', b'u', ..] => {
            let (mut units, mut escape) = ([0; 2], [0; 12]);
            let units = character.encode_utf16(&mut units);
            for (place, unit) in escape.chunks_exact_mut(6).zip(&*units) {
                place.copy_from_slice(&escaped(*unit));
            }
            let escape = escape.get(..6 * units.len()).unwrap_or(&escape);
            let text = text.get(..escape.len()).unwrap_or(text);
            seen(text, escape, <[u8]>::eq_ignore_ascii_case)
        }
        [b'\\', other, ..] if matches!(other, b'"' | b'\\' | b'/') && char::from(*other) == character => {
            Seen::Whole(2)
        }
        [b'\\', ..] => Seen::Not,
        _ => {
            let mut plain = [0; 4];
            let plain = character.encode_utf8(&mut plain).as_bytes();
            seen(text.get(..plain.len()).unwrap_or(text), plain, |one, other| one == other)
        }
    }
}

/// A UTF-16 code unit as JSON escapes it.
fn escaped(unit: u16) -> [u8; 6] {
    let digit =
        |place: u16| b"0123456789abcdef".get(usize::from(unit >> place & 15)).copied().unwrap_or(b'0');
    [b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]
}

/// Compares a text, cut to the length of what may stand there.
fn seen(text: &[u8], whole: &[u8], equal: impl Fn(&[u8], &[u8]) -> bool) -> Seen {
    match whole.get(..text.len()) {
        Some(begun) if !equal(text, begun) => Seen::Not,
        _ if text.len() < whole.len() => Seen::Begun,
        _ => Seen::Whole(whole.len()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes of an answer in parts of this length, to its end.
    fn masked(answer: &[u8], key: &str, length: usize) -> String {
        let mut mask = Mask::new(Some(Credential::Bearer(key.into())));
        let mut text: Vec<u8> = answer.chunks(length).flat_map(|part| mask.part(part)).collect();
        text.extend(mask.rest());
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_key_in_an_answer_is_masked_wherever_it_stands() {
        for (answer, key, expected) in [
            ("k1 is not k1k1", "k1", "[key] is not [key][key]"),
            (
                "a key of one byte: kkkk, and more",
                "k",
                "a [key]ey of one byte: [key][key][key][key], and more",
            ),
            ("aaaaa", "aa", "[key][key]a"),
            ("nothing", "", "nothing"),
        ] {
            for length in 1..=answer.len() {
                assert_eq!(masked(answer.as_bytes(), key, length), expected, "{length}");
            }
        }
    }

    #[test]
    fn a_key_is_masked_as_json_may_write_it() {
        for (answer, key, expected) in [
            (r#"{"error":"a\/b\u005fc"}"#, "a/b_c", r#"{"error":"[key]"}"#),
            (r#""\u0061\u002F\u0062\u005F\u0063""#, "a/b_c", r#""[key]""#),
            (r#""x\"a\"b\\cy""#, r#"a"b\c"#, r#""x\"[key]y""#),
            (r#""\u0022\"\u005c\\""#, r#"""\\"#, r#""[key]""#),
            (r#""\ud83d\ude00ü \u00FC""#, "😀ü ü", r#""[key]""#),
            // As a text and no escape: the reader gets what stands here.
            (r#""\\u0061b""#, "ab", r#""\\u0061b""#),
            (r#""\\\u0061b\n\u000a\u0061""#, "ab", r#""\\[key]\n\u000a\u0061""#),
        ] {
            for length in 1..=answer.len() {
                assert_eq!(masked(answer.as_bytes(), key, length), expected, "{length}");
            }
        }
    }

    #[test]
    fn a_key_that_breaks_off_is_masked_where_that_would_tell_it() {
        for (answer, expected) in [
            ("the key al_123/4", "the key [key]"),
            ("the key al_123/", "the key al_123/"),
            (r#""al_12\u0033\/"#, r#""[key]"#),
            (r#""al_12\u0033\"#, r#""[key]"#),
            (r#""al_12\u00"#, r#""[key]"#),
            (r#""al_12\u01"#, r#""al_12\u01"#),
            ("al_123/4x", "al_123/4x"),
        ] {
            for length in 1..=answer.len() {
                assert_eq!(masked(answer.as_bytes(), "al_123/45678", length), expected, "{length}");
            }
        }
    }

    #[test]
    fn neither_form_of_a_password_is_left_in_an_answer() {
        let credential = Credential::Basic { user: "ada".to_owned(), password: "canary".into() };
        let mut mask = Mask::new(Some(credential));
        assert_eq!(mask.part(b"canary, YWRhOmNhbmFyeQ=="), b"[key], [key]");
        assert_eq!(mask.rest(), b"");
    }

    #[test]
    fn without_a_credential_everything_comes_as_it_is() {
        let mut mask = Mask::new(None);
        assert_eq!(mask.part(br"al_1234567\u0"), br"al_1234567\u0");
        assert_eq!(mask.rest(), b"");
    }

    proptest! {
        #[test]
        fn no_reader_of_json_finds_the_key(
            key in "[a-c/_\"\\\\]{3,12}",
            parts in prop::collection::vec(prop_oneof![Just(None), "[a-c/_\"\\\\ü\n]{0,5}".prop_map(Some)], 0..6),
            forms in prop::collection::vec(0_u8..3, 100),
            length in 1_usize..20,
        ) {
            let mut text = "\"".to_owned();
            let mut forms = forms.into_iter().cycle();
            for part in parts {
                for character in part.as_ref().unwrap_or(&key).chars() {
                    let plain = serde_json::to_string(&character).unwrap();
                    match (forms.next().unwrap(), character) {
                        (0, _) => text.push_str(&format!("\\u{:04X}", u32::from(character))),
                        (1, '/') => text.push_str("\\/"),
                        _ => text.push_str(&plain[1..plain.len() - 1]),
                    }
                }
            }
            text.push('"');
            let masked = masked(text.as_bytes(), &key, length);
            prop_assert!(serde_json::from_str::<String>(&text).is_ok());
            // A key that begins within an escape may take half of it away.
            let read: String = serde_json::from_str(&masked).unwrap_or_default();
            prop_assert!(!read.contains(&key), "{text} {masked}");
        }
    }
}
