//! Which words can't name a secret, seen at a glance.

use std::sync::LazyLock;

use super::singular;
use super::words::{LAST_WORDS, SECRET_ENDINGS, SECRET_PHRASES, SECRET_WORDS};

/// The sketch of the words in [`words`](super::words).
pub(super) static SKETCH: LazyLock<Sketch> = LazyLock::new(Sketch::new);

/// What the words that name a secret look like from afar: enough to tell that most words are none of them.
pub(super) struct Sketch {
    /// For two first letters, a bit for each length of a word that begins so.
    lengths: [u32; PAIRS],
    /// For two last letters, a bit for each letter that stands before them in the endings.
    endings: [u32; PAIRS],
}

/// How many pairs of letters there are, each of five bits.
const PAIRS: usize = 32 * 32;

impl Sketch {
    fn new() -> Self {
        let mut sketch = Self { lengths: [0; PAIRS], endings: [0; PAIRS] };
        let phrases = SECRET_PHRASES.iter().map(|[first, _]| first);
        for word in SECRET_WORDS.iter().chain(LAST_WORDS).chain(phrases) {
            if let [first, second, ..] = *word.as_bytes()
                && let Some(lengths) = sketch.lengths.get_mut(pair(first, second))
            {
                *lengths |= length(word);
            }
        }
        for ending in SECRET_ENDINGS {
            if let [.., before, second, last] = *ending.as_bytes()
                && let Some(endings) = sketch.endings.get_mut(pair(second, last))
            {
                *endings |= letter(before);
            }
        }
        sketch
    }

    /// Whether the word may name a secret, alone or with the next. `false` is certain.
    pub(super) fn may_be_secret(&self, word: &str) -> bool {
        let one = singular(word);
        let begins = if let [first, second, ..] = *word.as_bytes() {
            self.lengths
                .get(pair(first, second))
                .is_some_and(|known| known & (length(word) | length(one)) != 0)
        } else {
            false
        };
        begins
            || if let [.., before, second, last] = *one.as_bytes() {
                self.endings.get(pair(second, last)).is_some_and(|known| known & letter(before) != 0)
            } else {
                false
            }
    }
}

/// Bytes that aren't letters share the places of letters.
fn pair(first: u8, second: u8) -> usize {
    usize::from(first % 32) * 32 + usize::from(second % 32)
}

fn letter(byte: u8) -> u32 {
    1 << (byte % 32)
}

fn length(word: &str) -> u32 {
    1 << (word.len() % 32)
}

#[cfg(test)]
mod tests {
    use super::super::is_word;
    use super::super::words::ABOUT;
    use super::*;

    #[test]
    fn no_word_that_names_a_secret_is_passed_over() {
        let firsts = SECRET_PHRASES.iter().map(|[first, _]| first);
        for word in SECRET_WORDS.iter().chain(LAST_WORDS).chain(SECRET_ENDINGS).chain(firsts) {
            assert!((2..32).contains(&word.len()), "{word}");
            let forms = [(*word).to_owned(), format!("{word}s"), format!("{word}2"), format!("{word}s17")];
            // `sess2` is no form of `sess`, whose `s` is no plural.
            for form in forms.iter().filter(|form| is_word(form, word)) {
                assert!(SKETCH.may_be_secret(form), "{form}");
            }
        }
        for ending in SECRET_ENDINGS {
            assert!(ending.len() >= 3, "{ending}");
            assert!(SKETCH.may_be_secret(&format!("phpx{ending}s3")), "{ending}");
        }
    }

    #[test]
    fn most_words_are() {
        let passed = ABOUT.iter().filter(|word| !SKETCH.may_be_secret(word)).count();
        assert!(passed * 10 > ABOUT.len() * 8, "{passed} of {}", ABOUT.len());
    }
}
