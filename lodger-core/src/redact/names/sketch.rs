//! Which words can't name a secret, seen at a glance.

use std::sync::LazyLock;

use super::singular;
use super::words::{LAST_WORDS, SECRET_ENDINGS, SECRET_PHRASES, SECRET_WORDS};

/// The sketch of the words in [`words`](super::words).
pub(super) static SKETCH: LazyLock<Sketch> = LazyLock::new(Sketch::new);

/// What the words that name a secret look like from afar: enough to tell that most words are none of them.
pub(super) struct Sketch {
    /// For each first byte, a bit for each length of a word that begins so.
    lengths: [u64; 256],
    /// For each last byte, a bit for each byte that stands before it in the endings.
    endings: [u64; 256],
}

impl Sketch {
    fn new() -> Self {
        let mut sketch = Self { lengths: [0; 256], endings: [0; 256] };
        let phrases = SECRET_PHRASES.iter().map(|[first, _]| first);
        for word in SECRET_WORDS.iter().chain(LAST_WORDS).chain(phrases) {
            let first = word.bytes().next().unwrap_or_default();
            if let Some(lengths) = sketch.lengths.get_mut(usize::from(first)) {
                *lengths |= bit(word.len());
            }
        }
        for ending in SECRET_ENDINGS {
            let (before, last) = end_of(ending);
            if let Some(endings) = sketch.endings.get_mut(last) {
                *endings |= bit(before);
            }
        }
        sketch
    }

    /// Whether the word may name a secret, alone or with the next. `false` is certain.
    pub(super) fn may_be_secret(&self, word: &str) -> bool {
        let first = word.bytes().next().unwrap_or_default();
        let lengths = self.lengths.get(usize::from(first)).copied().unwrap_or_default();
        let one = singular(word);
        let (before, last) = end_of(one);
        let endings = self.endings.get(last).copied().unwrap_or_default();
        lengths & (bit(word.len()) | bit(one.len())) != 0 || endings & bit(before) != 0
    }
}

/// The bit that stands for a number, and for those that are 64 apart from it.
fn bit(number: usize) -> u64 {
    1 << (number % 64)
}

/// The last byte but one, and the last.
fn end_of(word: &str) -> (usize, usize) {
    match word.as_bytes() {
        [.., before, last] => (usize::from(*before), usize::from(*last)),
        _ => (0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::ABOUT;
    use super::*;

    #[test]
    fn no_word_that_names_a_secret_is_passed_over() {
        let firsts = SECRET_PHRASES.iter().map(|[first, _]| first);
        for word in SECRET_WORDS.iter().chain(LAST_WORDS).chain(SECRET_ENDINGS).chain(firsts) {
            for word in [(*word).to_owned(), format!("{word}s"), format!("{word}2"), format!("{word}s17")] {
                assert!(SKETCH.may_be_secret(&word), "{word}");
            }
        }
        for ending in SECRET_ENDINGS {
            assert!(SKETCH.may_be_secret(&format!("phpx{ending}s3")), "{ending}");
        }
    }

    #[test]
    fn most_words_are() {
        let passed = ABOUT.iter().filter(|word| !SKETCH.may_be_secret(word)).count();
        assert!(passed * 10 > ABOUT.len() * 7, "{passed} of {}", ABOUT.len());
    }
}
