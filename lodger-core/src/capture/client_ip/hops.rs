//! The entries of `Forwarded` and `X-Forwarded-For`, read from the right.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The parts of a list from right to left, each without the spaces around it.
///
/// With `quoted`, separators inside quoted strings don't separate. Reading from the right is load-bearing: a client
/// that sends `for="` with no closing quote would, read from the left, swallow everything its proxy appends.
#[derive(Debug)]
pub(super) struct Elements<'a> {
    rest: Option<&'a [u8]>,
    separator: u8,
    quoted: bool,
}

impl<'a> Elements<'a> {
    pub(super) fn new(list: &'a [u8], separator: u8, quoted: bool) -> Self {
        Self { rest: Some(list), separator, quoted }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let mut in_quotes = false;
        for (at, byte) in rest.iter().enumerate().rev() {
            let before = rest.get(..at).unwrap_or_default();
            if self.quoted && *byte == b'"' {
                in_quotes = !in_quotes || is_escaped(before);
            } else if *byte == self.separator && !in_quotes {
                self.rest = Some(before);
                return Some(rest.get(at + 1..).unwrap_or_default().trim_ascii());
            }
        }
        self.rest = None;
        Some(rest.trim_ascii())
    }
}

/// Whether a character that follows `before` is escaped: an odd number of backslashes stands right before it.
fn is_escaped(before: &[u8]) -> bool {
    before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// The address of one `X-Forwarded-For` entry: `192.0.2.1`, `2001:db8::1`, and both with a port as some proxies write
/// it (`192.0.2.1:4711`, `[2001:db8::1]:4711`).
pub(super) fn x_forwarded_for(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?;
    text.parse().ok().map(|address: IpAddr| address.to_canonical()).or_else(|| node(text))
}

/// The address of one `Forwarded` element's `for=` (RFC 7239 section 4). None when it is missing, named twice,
/// malformed, `unknown` or obfuscated.
pub(super) fn forwarded_for(element: &[u8]) -> Option<IpAddr> {
    let mut found = None;
    for pair in Elements::new(element, b';', true).filter(|pair| !pair.is_empty()) {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = pair.split_at(equals);
        if name.eq_ignore_ascii_case(b"for") && found.replace(value.strip_prefix(b"=")?).is_some() {
            return None;
        }
    }
    node(&unquoted(found?)?)
}

/// The text of a token or quoted string (RFC 9110 section 5.6.4).
fn unquoted(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    let Some(inner) = text.strip_prefix('"') else {
        return (!text.contains(['"', '\\'])).then(|| text.to_owned());
    };
    let mut chars = inner.strip_suffix('"')?.chars();
    let mut plain = String::with_capacity(inner.len());
    while let Some(char) = chars.next() {
        match char {
            '"' => return None,
            '\\' => plain.push(chars.next()?),
            other => plain.push(other),
        }
    }
    Some(plain)
}

/// The address of a node (RFC 7239 section 6): IPv4 or bracketed IPv6, either with a port, which may be obfuscated.
/// Without brackets an IPv6 address and its port can't be told apart, so that is malformed.
fn node(text: &str) -> Option<IpAddr> {
    let (address, port) = if let Some(bracketed) = text.strip_prefix('[') {
        let (address, port) = bracketed.split_once(']')?;
        (IpAddr::V6(address.parse::<Ipv6Addr>().ok()?), port)
    } else {
        let (address, port) = text.split_at(text.find(':').unwrap_or(text.len()));
        (IpAddr::V4(address.parse::<Ipv4Addr>().ok()?), port)
    };
    let port_is_fine = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    port_is_fine.then(|| address.to_canonical())
}

/// One to five digits, or an obfuscated identifier: `_` and letters, digits, `.`, `_`, `-` (RFC 7239 section 6).
fn is_port(text: &str) -> bool {
    match text.strip_prefix('_') {
        Some(name) => {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        }
        None => (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()),
    }
}
