//! Secrets that a text gives a name to: `password=…`, `"token":"…"`, `Cookie: …`.

use std::ops::Range;

use super::schemes::is_line_start;
use super::{Places, byte, byte_before, run_end};
use crate::redact::REDACTED;
use crate::redact::names::Words;

/// How long a name may be. Looking back further would make the scan quadratic.
const MAX_NAME_BYTES: usize = 64;

/// Headers whose whole value goes. `Authorization` and cookies only in their own syntax: a reason may well be
/// "authorization: denied by policy".
const HEADERS: &[&str] = &["x_api_key", "x_auth_token", "x_access_token", "x_csrf_token", "x_xsrf_token"];
const SCHEMES: &[&str] =
    &["basic", "bearer", "digest", "token", "apikey", "negotiate", "ntlm", "aws4-hmac-sha256"];

pub(super) fn find(text: &str, places: &mut Places) {
    let mut done = 0;
    for (at, sign) in text.bytes().enumerate() {
        // What stands inside a value that was found belongs to it.
        if at < done || !matches!(sign, b'=' | b':') {
            continue;
        }
        let place =
            if sign == b'=' { parameter(text, at) } else { member(text, at).or_else(|| header(text, at)) };
        if let Some(place) = place.filter(|place| !place.is_empty()) {
            done = place.end;
            if text.get(place.clone()) != Some(REDACTED) {
                places.push(place);
            }
        }
    }
}

/// `password=hunter2`, in a query, a form or a command line.
fn parameter(text: &str, at: usize) -> Option<Range<usize>> {
    // A comparison assigns nothing.
    if byte(text, at + 1) == Some(b'=') {
        return None;
    }
    is_secret(name_before(text, at)?).then(|| value_from(text, at + 1))
}

/// `"password":"hunter2"`, also inside a JSON text: `\"password\":\"hunter2\"`.
fn member(text: &str, at: usize) -> Option<Range<usize>> {
    let quote = at.checked_sub(1).filter(|quote| matches!(byte(text, *quote), Some(b'"' | b'\'')))?;
    let end = if byte_before(text, quote) == Some(b'\\') { quote - 1 } else { quote };
    is_secret(name_before(text, end)?).then(|| value_from(text, at + 1))
}

/// `Cookie: a=b`, to the end of the line.
fn header(text: &str, at: usize) -> Option<Range<usize>> {
    let name = name_before(text, at)?;
    let start = run_end(text, at + 1, |byte| byte == b' ');
    let is_secret = match Words::of(name).joined() {
        // Only the next word is looked at, not the rest of the line: there may be many such names in one.
        "authorization" | "proxy_authorization" => {
            let end = run_end(text, start, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
            let scheme = text.get(start..end)?;
            byte(text, end) == Some(b' ') && SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme))
        }
        "cookie" | "set_cookie" => {
            let end = run_end(text, start, |byte| byte.is_ascii_graphic() && byte != b'=');
            is_line_start(text, at - name.len()) && byte(text, end) == Some(b'=')
        }
        header => HEADERS.contains(&header),
    };
    is_secret.then(|| start..run_end(text, start, |byte| byte != b'\n' && byte != b'\r'))
}

fn is_secret(name: &str) -> bool {
    Words::of(name).are_secret(true)
}

/// The name that ends here.
fn name_before(text: &str, end: usize) -> Option<&str> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let head = text.as_bytes().get(end.saturating_sub(MAX_NAME_BYTES)..end)?;
    let length = head.iter().rev().take_while(|byte| is_part(**byte)).count();
    text.get(end - length..end).filter(|name| !name.is_empty())
}

/// The value that begins here, without its quotes.
fn value_from(text: &str, start: usize) -> Range<usize> {
    let start = run_end(text, start, |byte| byte == b' ');
    let inner = run_end(text, start, |byte| b"\\\"'".contains(&byte));
    if text.get(inner..).is_some_and(|rest| rest.starts_with(REDACTED)) {
        return inner..inner + REDACTED.len();
    }
    let end = if inner > start {
        run_end(text, inner, |byte| !b"\\\"'\n".contains(&byte))
    } else {
        run_end(text, inner, |byte| !byte.is_ascii_whitespace() && !b"&;,\"'\\)]}>".contains(&byte))
    };
    inner..end
}
