//! Bytes as lower-case hexadecimal digits.

/// The digits of these bytes.
pub(crate) fn encode<'b>(bytes: impl IntoIterator<Item = &'b u8>) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.into_iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

/// The 32 bytes of 64 digits, of either case.
pub(crate) fn decode_32(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_digits_go_both_ways() {
        let text = "00ff7fa0".repeat(8);
        let bytes = decode_32(&text).unwrap();
        assert_eq!(bytes[..4], [0x00, 0xff, 0x7f, 0xa0]);
        assert_eq!(encode(&bytes), text);
        assert_eq!(decode_32(&text.to_uppercase()), Some(bytes));
    }

    #[test]
    fn other_texts_are_refused() {
        assert_eq!(decode_32(""), None);
        assert_eq!(decode_32(&"0".repeat(63)), None);
        assert_eq!(decode_32(&"g".repeat(64)), None);
        assert_eq!(decode_32(&"+1".repeat(32)), None);
    }
}
