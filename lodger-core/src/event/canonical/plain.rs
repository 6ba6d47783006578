//! Whether a text can be copied as it is.

/// Whether the text is printable ASCII without `"` and `\`, so that JSON needs no escape in it. Most texts are.
///
/// Eight bytes at a time, because every text of every event goes through here.
pub(in crate::event) fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_plain = |eight: &[u8; 8]| is_plain_word(u64::from_ne_bytes(*eight));
    if let Some(last) = bytes.last_chunk() {
        // The last eight may be looked at twice.
        return bytes.as_chunks().0.iter().all(is_plain) && is_plain(last);
    }
    let mut eight = [b' '; 8];
    for (to, byte) in eight.iter_mut().zip(bytes) {
        *to = *byte;
    }
    is_plain(&eight)
}

/// The high bit of a byte is set in `word` where the byte is not ASCII, and in each other line where it is what the
/// line says. A borrow or carry reaches the next byte only from one that has its high bit set already.
fn is_plain_word(word: u64) -> bool {
    const fn all(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    let control = word.wrapping_sub(all(b' '));
    let delete = word.wrapping_add(all(1));
    let quote = (word ^ all(b'"')).wrapping_sub(all(1));
    let backslash = (word ^ all(b'\\')).wrapping_sub(all(1));
    (word | control | delete | quote | backslash) & all(0x80) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_seen_at_each_place() {
        for length in 1..40 {
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
