//! Whether a text can be copied as it is.

/// Whether the text is printable ASCII without `"` and `\`, so that JSON needs no escape in it. Most texts are.
///
/// Eight bytes at a time, by the arithmetic of "Determine if a word has a byte less than n" and its neighbours in
/// Sean Eron Anderson, "Bit Twiddling Hacks".
pub(in crate::event) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(last) = bytes.last_chunk() else {
        return bytes.iter().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'));
    };
    // The last eight bytes may be looked at twice.
    let (words, _) = bytes.as_chunks();
    words.iter().chain([last]).all(|word| is_plain_word(u64::from_ne_bytes(*word)))
}

fn is_plain_word(word: u64) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    const fn all(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    // The high bit of some byte is set when the word has a byte below `limit`, which is at most 128.
    let below = |word: u64, limit: u8| word.wrapping_sub(all(limit)) & !word;
    let quote = below(word ^ all(b'"'), 1);
    let backslash = below(word ^ all(b'\\'), 1);
    // Only a byte of 127 gets its high bit this way, but for those that have it already.
    let delete = word.wrapping_add(ONES);
    (word | delete | below(word, b' ') | quote | backslash) & HIGH == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_seen_at_each_place() {
        for length in 1..20 {
            for at in 0..length {
                for byte in 0..=0x7f_u8 {
                    let mut bytes = vec![b'x'; length];
                    bytes[at] = byte;
                    let expected = (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
                    assert_eq!(is_plain(std::str::from_utf8(&bytes).unwrap()), expected, "{byte} at {at}");
                }
                let text = format!("{}é{}", "x".repeat(at), "x".repeat(length - at));
                assert!(!is_plain(&text), "{text}");
            }
        }
        assert!(is_plain(""));
    }
}
