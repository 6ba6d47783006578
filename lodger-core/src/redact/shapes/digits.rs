//! Numbers with check digits: payment cards and bank accounts.

use std::ops::RangeInclusive;

use super::{Places, byte, byte_before, run_end};

/// Which beginnings, four digits long, and lengths payment cards have (ISO/IEC 7812-1 as the networks publish their
/// ranges). Without it one in ten numbers of the right length would pass the check digit alone, clocks in
/// milliseconds among them.
const ISSUERS: &[(RangeInclusive<u32>, &[usize])] = &[
    (4000..=4999, &[13, 16, 19]),
    (5100..=5599, &[16]),
    (2221..=2720, &[16]),
    (3400..=3499, &[15]),
    (3700..=3799, &[15]),
    (6011..=6011, &[16, 19]),
    (6440..=6599, &[16, 19]),
    (3000..=3059, &[14]),
    (3600..=3699, &[14]),
    (3800..=3999, &[14, 16]),
    (3528..=3589, &[16, 19]),
    (6200..=6299, &[16, 17, 18, 19]),
    // Maestro.
    (5018..=5020, &[13, 16, 18, 19]),
    (5038..=5038, &[13, 16, 18, 19]),
    (6304..=6304, &[16, 18, 19]),
    (6759..=6763, &[13, 16, 18, 19]),
];

/// How long a country's account numbers are (SWIFT, IBAN Registry).
const IBAN_LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NL", 18),
    ("NO", 15),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("SA", 24),
    ("SC", 31),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
];

/// The most digits a card number has.
const MAX_CARD_DIGITS: usize = 19;

pub(super) fn find(text: &str, places: &mut Places) {
    find_cards(text, places);
    find_ibans(text, places);
}

/// Card numbers, in one piece or in groups as they are printed: `4111 1111 1111 1111`, `3782-822463-10005`.
pub(super) fn find_cards(text: &str, places: &mut Places) {
    let mut at = 0;
    while let Some(start) =
        text.bytes().skip(at).position(|byte| byte.is_ascii_digit()).map(|index| at + index)
    {
        let end = run_end(text, start, |byte| byte.is_ascii_digit());
        at = end;
        let attached = byte_before(text, start)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte));
        if !attached && let Some(end) = card_end(text, start, end) {
            places.push(start..end);
            at = end;
        }
    }
}

/// Where the card number ends that begins with this group of digits.
fn card_end(text: &str, start: usize, mut end: usize) -> Option<usize> {
    let mut digits: Vec<u8> = Vec::new();
    let mut group = text.get(start..end)?;
    let in_groups = group.len() == 4;
    loop {
        if digits.len() + group.len() > MAX_CARD_DIGITS {
            return None;
        }
        digits.extend(group.bytes().map(|byte| byte - b'0'));
        if is_card(&digits) && !goes_on(text, end) {
            return Some(end);
        }
        // Groups of a printed number: the first has four digits, the others three to seven.
        if !in_groups || !matches!(byte(text, end), Some(b' ' | b'-')) {
            return None;
        }
        let next = end + 1;
        end = run_end(text, next, |byte| byte.is_ascii_digit());
        group = text.get(next..end).filter(|group| (3..=7).contains(&group.len()))?;
    }
}

/// Whether the number isn't over here: a letter or a fraction follows.
fn goes_on(text: &str, end: usize) -> bool {
    match byte(text, end) {
        Some(b'.') => byte(text, end + 1).is_some_and(|next| next.is_ascii_digit()),
        Some(next) => next.is_ascii_alphanumeric() || next == b'_',
        None => false,
    }
}

fn is_card(digits: &[u8]) -> bool {
    let beginning = digits.iter().take(4).fold(0, |number, digit| number * 10 + u32::from(*digit));
    ISSUERS.iter().any(|(range, lengths)| range.contains(&beginning) && lengths.contains(&digits.len()))
        && passes_luhn(digits)
        // All digits alike is a placeholder.
        && digits.windows(2).any(|pair| pair.first() != pair.last())
}

/// The check digit of ISO/IEC 7812-1 annex B.
fn passes_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| match u32::from(*digit) * (1 + u32::from(index % 2 == 1)) {
            doubled if doubled > 9 => doubled - 9,
            digit => digit,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// International bank account numbers (ISO 13616), in one piece or in groups of four.
fn find_ibans(text: &str, places: &mut Places) {
    for (start, _) in text.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_uppercase()) {
        let attached = byte_before(text, start).is_some_and(|byte| byte.is_ascii_alphanumeric());
        if !attached
            && byte(text, start + 2).is_some_and(|byte| byte.is_ascii_digit())
            && let Some(end) = iban_end(text, start)
        {
            places.push(start..end);
        }
    }
}

fn iban_end(text: &str, start: usize) -> Option<usize> {
    let country = text.get(start..start + 2)?;
    let (_, length) = IBAN_LENGTHS.iter().find(|(code, _)| *code == country)?;
    let mut account = Vec::with_capacity(*length);
    let mut at = start;
    while account.len() < *length {
        match byte(text, at)? {
            byte if byte.is_ascii_uppercase() || byte.is_ascii_digit() => account.push(byte),
            b' ' if account.len() % 4 == 0 => {}
            _ => return None,
        }
        at += 1;
    }
    let ends = !byte(text, at).is_some_and(|byte| byte.is_ascii_alphanumeric());
    (ends && passes_mod_97(&account)).then_some(at)
}

/// The check digits of ISO 7064 MOD 97-10, over the number with its first four characters at the end.
fn passes_mod_97(account: &[u8]) -> bool {
    let (head, tail) = account.split_at(4.min(account.len()));
    let remainder = tail.iter().chain(head).fold(0_u32, |remainder, byte| match byte {
        b'0'..=b'9' => (remainder * 10 + u32::from(byte - b'0')) % 97,
        letter => (remainder * 100 + u32::from(letter.saturating_sub(b'A')) + 10) % 97,
    });
    remainder == 1
}
