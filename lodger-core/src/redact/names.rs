//! Which names say that their value is secret.
//!
//! A name is cut into words, in whatever style it is written (`api_key`, `apiKey`, `X-API-Key`, `APIKEY`), and words
//! are compared whole: `author` is not `auth`, `company` holds no `pan`, `tokenizer` is no `token`.

mod words;

use words::{
    ABOUT, ASKING, BESIDE_LAST, LAST_WORDS, OTHER_PINS, SECRET_ENDINGS, SECRET_PHRASES, SECRET_WORDS,
};

/// A name in its words, lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Words(Vec<String>);

impl Words {
    pub(super) fn of(name: &str) -> Self {
        let mut words = vec![String::new()];
        let mut last: Option<char> = None;
        let mut chars = name.chars().peekable();
        while let Some(char) = chars.next() {
            let lower_follows = chars.peek().is_some_and(|next| next.is_lowercase());
            let starts =
                char.is_uppercase() && last.is_some_and(|last| !last.is_uppercase() || lower_follows);
            if (starts || !char.is_alphanumeric()) && words.last().is_some_and(|word| !word.is_empty()) {
                words.push(String::new());
            }
            if char.is_alphanumeric()
                && let Some(word) = words.last_mut()
            {
                word.extend(char.to_lowercase());
            }
            last = Some(char);
        }
        words.retain(|word| !word.is_empty());
        Self(words)
    }

    /// Whether these words stand side by side in the name.
    pub(super) fn contain(&self, phrase: &Words) -> bool {
        let same = |window: &[String]| window.iter().zip(&phrase.0).all(|(word, part)| is_word(word, part));
        !phrase.0.is_empty() && self.0.windows(phrase.0.len()).any(same)
    }

    /// The words with `_` between them.
    pub(super) fn joined(&self) -> String {
        self.0.join("_")
    }

    /// Whether a value under this name is secret. `is_text`: whether the value is anything but a number or a yes or
    /// no.
    pub(super) fn are_secret(&self, is_text: bool) -> bool {
        let [first, ..] = self.0.as_slice() else { return false };
        if !is_text && self.0.len() > 1 && ASKING.contains(&first.as_str()) {
            return false;
        }
        // Alone it is a session; beside other words it is an identifier that many services call so (`account_sid`).
        if self.0.len() == 1 && first == "sid" {
            return true;
        }
        (0..self.0.len()).any(|start| {
            let rest = self.0.get(start..).unwrap_or_default();
            secret_words(rest, self.0.get(..start).unwrap_or_default())
                .is_some_and(|length| !is_about(rest.get(length..).unwrap_or_default()))
        })
    }
}

/// How many of the first words name a secret together.
fn secret_words(words: &[String], before: &[String]) -> Option<usize> {
    let [first, rest @ ..] = words else { return None };
    if LAST_WORDS.iter().any(|word| is_word(first, word)) {
        let alone = rest.first().is_none_or(|next| BESIDE_LAST.contains(&next.as_str()));
        let other = before.last().is_some_and(|word| OTHER_PINS.contains(&word.as_str()));
        return (alone && !other).then_some(words.len());
    }
    let matches = |phrase: &&&[&str]| {
        words.len() >= phrase.len() && words.iter().zip(phrase.iter()).all(|(word, part)| is_word(word, part))
    };
    if let Some(phrase) = SECRET_PHRASES.iter().find(matches) {
        return Some(phrase.len());
    }
    let secret = SECRET_WORDS.iter().any(|word| is_word(first, word))
        || SECRET_ENDINGS.iter().any(|ending| singular(first).ends_with(ending));
    secret.then_some(1)
}

/// Whether what follows a secret's name makes it speak about the secret.
fn is_about(after: &[String]) -> bool {
    after.last().is_some_and(|last| ABOUT.contains(&last.as_str())) || after.iter().any(|word| word == "last")
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
}
