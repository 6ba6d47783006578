//! The first look at a text, which is the last at most of them.

use std::sync::LazyLock;

use super::keys;

/// The fewest digits of a card number.
const CARD_DIGITS: usize = 13;

/// Whether no rule finds anything in the text, seen in one pass without any of them.
///
/// What the rules find has a sign in it that ordinary texts rarely have, or begins a word (letters and digits behind
/// something else) in one of few ways: `:` and `=` stand behind names and in addresses, `--` around a private key; keys,
/// `Bearer` and `Basic` are known by their first three letters, bank accounts by two capitals and a digit, cards by
/// their digits.
pub(super) fn is_ordinary(text: &str) -> bool {
    let kinds = &*KINDS;
    let mut before = 0;
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        let kind = kinds.get(usize::from(*byte)).copied().unwrap_or_default();
        let suspicious = match kind & !before {
            0 => false,
            WORD => begins_like_a_secret(rest),
            DASH => tail.first() == Some(&b'-'),
            _ => true,
        };
        if suspicious {
            return false;
        }
        (before, rest) = (kind, tail);
    }
    true
}

/// A letter or digit: part of a word.
const WORD: u8 = 1;
const DASH: u8 = 2;
/// `:` or `=`.
const SIGN: u8 = 4;

/// What sort of byte each is.
static KINDS: LazyLock<[u8; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| match u8::try_from(byte).unwrap_or_default() {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => WORD,
        b'-' => DASH,
        b':' | b'=' => SIGN,
        _ => 0,
    })
});

/// Whether the word that begins here begins like something that a rule finds.
fn begins_like_a_secret(rest: &[u8]) -> bool {
    match *rest {
        [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', ..] => {
            rest.iter().filter(|byte| byte.is_ascii_digit()).count() >= CARD_DIGITS
        }
        [b'A'..=b'Z', b'A'..=b'Z', b'0'..=b'9', ..] => true,
        [first, second, third, ..] => {
            let (seconds, thirds) = BEGINNINGS.get(usize::from(first)).copied().unwrap_or_default();
            seconds & bit(second) != 0 && thirds & bit(third) != 0
        }
        _ => false,
    }
}

/// For each first byte of a key, `bearer` or `basic`: a bit for each byte that is the second, and for each that is the
/// third.
static BEGINNINGS: LazyLock<[(u64, u64); 256]> = LazyLock::new(|| {
    let mut beginnings = [(0, 0); 256];
    let mut add = |beginning: &[u8]| {
        if let [first, second, third, ..] = *beginning
            && let Some((seconds, thirds)) = beginnings.get_mut(usize::from(first))
        {
            *seconds |= bit(second);
            *thirds |= bit(third);
        }
    };
    keys::beginnings().for_each(|beginning| add(beginning.as_bytes()));
    // Of any case.
    for first in [b'b', b'B'] {
        for rest in ["ea", "EA", "as", "AS"] {
            add(&[&[first], rest.as_bytes()].concat());
        }
    }
    beginnings
});

/// The bit that stands for a byte, and for the three others that are 64 apart.
fn bit(byte: u8) -> u64 {
    1 << (byte % 64)
}
