//! Which names say that their value is secret.
//!
//! A name is cut into words, in whatever style it is written (`api_key`, `apiKey`, `X-API-Key`, `APIKEY`), and words
//! are compared whole: `author` is not `auth`, `company` holds no `pan`, `tokenizer` is no `token`.

mod sketch;
mod words;

use std::borrow::Cow;

use sketch::SKETCH;
use words::{
    ABOUT, ASKING, BESIDE_LAST, LAST_WORDS, OTHER_PINS, SECRET_ENDINGS, SECRET_PHRASES, SECRET_WORDS,
};

/// A name in its words: lower case, with `_` between them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Words<'n>(Cow<'n, str>);

impl<'n> Words<'n> {
    pub(super) fn of(name: &'n str) -> Self {
        if are_words(name) { Self(Cow::Borrowed(name)) } else { Self(Cow::Owned(cut(name))) }
    }

    /// The same, for keeping.
    pub(super) fn into_owned(self) -> Words<'static> {
        Words(Cow::Owned(self.0.into_owned()))
    }

    /// Whether these words stand side by side in the name.
    pub(super) fn contain(&self, phrase: &Words<'_>) -> bool {
        let mut rest = &*self.0;
        while !rest.is_empty() && !phrase.0.is_empty() {
            let mut words = rest.split('_');
            if phrase.0.split('_').all(|part| words.next().is_some_and(|word| is_word(word, part))) {
                return true;
            }
            rest = first_of(rest).1;
        }
        false
    }

    /// The words with `_` between them.
    pub(super) fn joined(&self) -> &str {
        &self.0
    }

    /// Whether a value under this name is secret. `is_text`: whether the value is anything but a number or a yes or
    /// no.
    pub(super) fn are_secret(&self, is_text: bool) -> bool {
        let name = &*self.0;
        let (first, more) = first_of(name);
        if !is_text && !more.is_empty() && ASKING.contains(&first) {
            return false;
        }
        // Alone it is a session; beside other words it is an identifier that many services call so (`account_sid`).
        if name == "sid" {
            return true;
        }
        let (mut before, mut rest) = ("", name);
        while !rest.is_empty() {
            let (word, after) = first_of(rest);
            if behind_secret(before, word, after).is_some_and(|after| !is_about(after)) {
                return true;
            }
            (before, rest) = (word, after);
        }
        false
    }
}

/// Cuts a name into its words.
fn cut(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    let mut last: Option<char> = None;
    let mut ended = false;
    let mut chars = name.chars().peekable();
    while let Some(char) = chars.next() {
        let lower_follows = chars.peek().is_some_and(|next| next.is_lowercase());
        let starts = char.is_uppercase() && last.is_some_and(|last| !last.is_uppercase() || lower_follows);
        ended |= starts || !char.is_alphanumeric();
        if char.is_alphanumeric() {
            if std::mem::take(&mut ended) && !words.is_empty() {
                words.push('_');
            }
            words.extend(char.to_lowercase());
        }
        last = Some(char);
    }
    words
}

/// Whether a name is written in words with `_` between them already, as most are.
fn are_words(name: &str) -> bool {
    let mut last = b'_';
    let each = name.bytes().all(|byte| {
        let before = std::mem::replace(&mut last, byte);
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || (byte == b'_' && before != b'_')
    });
    each && (last != b'_' || name.is_empty())
}

/// The first word, and those behind it.
fn first_of(words: &str) -> (&str, &str) {
    let end = words.bytes().position(|byte| byte == b'_').unwrap_or(words.len());
    let (first, more) = words.split_at(end);
    (first, more.get(1..).unwrap_or_default())
}

/// Where this word names a secret, alone or with those behind it: what follows the secret's name.
fn behind_secret<'w>(before: &str, word: &str, after: &'w str) -> Option<&'w str> {
    if !SKETCH.may_be_secret(word) {
        return None;
    }
    let (next, behind_next) = first_of(after);
    let one = singular(word);
    let is = |expected: &str| word == expected || one == expected;
    if LAST_WORDS.iter().any(|last| is(last)) {
        let alone = next.is_empty() || BESIDE_LAST.contains(&next);
        return (alone && !OTHER_PINS.contains(&before)).then_some("");
    }
    if SECRET_PHRASES.iter().any(|[first, second]| is(first) && is_word(next, second)) {
        return Some(behind_next);
    }
    let secret = SECRET_WORDS.iter().any(|secret| is(secret))
        || SECRET_ENDINGS.iter().any(|ending| one.ends_with(ending));
    secret.then_some(after)
}

/// Whether what follows a secret's name makes it speak about the secret.
fn is_about(after: &str) -> bool {
    after.rsplit('_').next().is_some_and(|last| ABOUT.contains(&last))
        || after.split('_').any(|word| word == "last")
}

/// Equal but for a plural's `s` and digits at the end: `passwords`, `password2`.
fn is_word(word: &str, expected: &str) -> bool {
    word == expected || singular(word) == expected
}

fn singular(word: &str) -> &str {
    let word = word.trim_end_matches(|char: char| char.is_ascii_digit());
    word.strip_suffix('s').unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_of_writing_gives_the_same_words() {
        for name in ["api_key", "apiKey", "ApiKey", "API_KEY", "api-key", "Api Key", "APIKey", "api.key"] {
            assert_eq!(Words::of(name).joined(), "api_key", "{name}");
        }
        assert_eq!(Words::of("HTTPSProxyURL2").joined(), "https_proxy_url2");
        assert_eq!(Words::of("__").joined(), "");
    }

    #[test]
    fn parts_of_words_do_not_count() {
        for name in
            ["author", "tokenizer_version", "discard", "pinned", "company", "secretary", "span", "Japan"]
        {
            assert!(!Words::of(name).are_secret(true), "{name}");
        }
    }

    #[test]
    fn what_speaks_about_a_secret_is_none_and_what_asks_is_none_unless_it_holds_a_text() {
        assert!(!Words::of("password_changed_at").are_secret(true));
        assert!(Words::of("password_changed_at_token").are_secret(true));
        assert!(!Words::of("max_tokens").are_secret(false));
        assert!(Words::of("max_tokens").are_secret(true));
        assert!(Words::of("session_id").are_secret(true));
        assert!(!Words::of("session_token_id").are_secret(true));
    }

    proptest::proptest! {
        #[test]
        fn cutting_leaves_a_name_that_is_written_in_words_alone(name in "[a-z0-9_A]{0,6}") {
            proptest::prop_assert_eq!(are_words(&name), cut(&name) == name);
        }
    }
}
