//! Credentials in a header's or an address' syntax.

use super::{Places, byte_before, run_end};

pub(super) fn find(text: &str, places: &mut Places) {
    find_private_keys(text, places);
    find_passwords_in_urls(text, places);
    find_authorizations(text, places);
}

/// Private keys in PEM (RFC 7468 section 10 and the older forms: `RSA PRIVATE KEY`, `OPENSSH PRIVATE KEY`), to the end
/// of the text where the end line was cut off.
fn find_private_keys(text: &str, places: &mut Places) {
    let mut from = 0;
    while let Some(begin) = find_from(text, from, "-----BEGIN ") {
        let label_end = find_from(text, begin + 11, "-----").unwrap_or(text.len());
        let label = text.get(begin + 11..label_end).unwrap_or_default();
        from = label_end;
        // PGP says `PRIVATE KEY BLOCK` (RFC 9580 section 6.2).
        if label.len() <= 64 && (label.ends_with("PRIVATE KEY") || label.ends_with("PRIVATE KEY BLOCK")) {
            let end_line = find_from(text, label_end, "-----END ").map(|end| end + 9);
            let end =
                end_line.and_then(|end| find_from(text, end, "-----")).map_or(text.len(), |end| end + 5);
            places.push(begin..end);
            from = end;
        }
    }
}

/// The password in `scheme://user:password@host` (RFC 3986 section 3.2.1, which deprecates it for this reason).
fn find_passwords_in_urls(text: &str, places: &mut Places) {
    let mut from = 0;
    while let Some(colon) = find_from(text, from, "://") {
        let start = colon + 3;
        let end = run_end(text, start, |byte| !byte.is_ascii_whitespace() && !b"/?#\"'<>\\".contains(&byte));
        from = end.max(start);
        let authority = text.get(start..end).unwrap_or_default();
        let Some((userinfo, _)) = authority.rsplit_once('@') else { continue };
        let Some((user, password)) = userinfo.split_once(':') else { continue };
        if !password.is_empty() {
            let start = start + user.len() + 1;
            places.push(start..start + password.len());
        }
    }
}

/// `Bearer` (RFC 6750 section 2.1) and `Basic` (RFC 7617 section 2) with their credentials.
fn find_authorizations(text: &str, places: &mut Places) {
    if !text.contains(' ') {
        return;
    }
    // Lower-casing ASCII keeps every index.
    let lower = text.to_ascii_lowercase();
    for (scheme, is_credential) in
        [("bearer", looks_random as fn(&str) -> bool), ("basic", is_user_and_password as fn(&str) -> bool)]
    {
        let mut from = 0;
        while let Some(found) = find_from(&lower, from, scheme) {
            from = found + scheme.len();
            let spaces_end = run_end(text, from, |byte| byte == b' ');
            let attached = byte_before(text, found).is_some_and(|byte| byte.is_ascii_alphanumeric());
            if attached || spaces_end == from {
                continue;
            }
            let end = run_end(text, spaces_end, is_token68);
            let credential = text.get(spaces_end..end).unwrap_or_default();
            // Where nothing else is in the text, it is a header's value and not a sentence about bearers.
            let is_all = scheme == "bearer" && found == 0 && end == text.len() && end > spaces_end;
            if is_all || is_credential(credential) {
                places.push(spaces_end..end);
            }
            from = end;
        }
    }
}

/// The characters of credentials (`token68`, RFC 9110 section 11.2).
fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

/// No word of a sentence: at least eight characters, among them a digit or a capital behind the first.
fn looks_random(text: &str) -> bool {
    text.len() >= 8
        && (text.bytes().any(|byte| byte.is_ascii_digit())
            || text.bytes().skip(1).any(|byte| byte.is_ascii_uppercase())
            || text.ends_with('='))
}

/// Whether the text is base64 of something with a colon in it.
fn is_user_and_password(text: &str) -> bool {
    let mut bits: u32 = 0;
    let mut count = 0;
    let mut has_colon = false;
    for byte in text.trim_end_matches('=').bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return false,
        };
        bits = (bits << 6) | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            let decoded = (bits >> count) & 0xff;
            if decoded < 0x20 {
                return false;
            }
            has_colon |= decoded == u32::from(b':');
        }
    }
    has_colon
}

pub(super) fn find_from(text: &str, from: usize, pattern: &str) -> Option<usize> {
    text.get(from..)?.find(pattern).map(|index| from + index)
}

/// Whether a line begins here.
pub(super) fn is_line_start(text: &str, index: usize) -> bool {
    matches!(byte_before(text, index), None | Some(b'\n' | b'\r'))
}
