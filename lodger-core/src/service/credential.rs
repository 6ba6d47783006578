//! What shows a service who asks.

use std::fmt;

use memchr::memmem;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::TransportError;

/// A secret, and where a request carries it.
#[derive(Clone)]
pub(crate) enum Credential {
    /// `Authorization: Bearer …` (RFC 6750 section 2.1).
    Bearer(SecretString),
    /// `Authorization: Basic …` (RFC 7617 section 2). The user has no colon in it.
    Basic { user: String, password: SecretString },
    /// A header of the service's own.
    Header { name: HeaderName, value: SecretString },
}

impl Credential {
    /// The same place with another secret in it.
    pub(crate) fn with(&self, secret: SecretString) -> Self {
        match self {
            Self::Bearer(_) => Self::Bearer(secret),
            Self::Basic { user, .. } => Self::Basic { user: user.clone(), password: secret },
            Self::Header { name, .. } => Self::Header { name: name.clone(), value: secret },
        }
    }

    /// The header that carries it, marked sensitive.
    pub(super) fn header(&self) -> Result<(HeaderName, HeaderValue), TransportError> {
        let (name, text) = match self {
            Self::Bearer(key) => (AUTHORIZATION, format!("Bearer {}", key.expose_secret())),
            Self::Basic { user, password } => (AUTHORIZATION, format!("Basic {}", basic(user, password))),
            Self::Header { name, value } => (name.clone(), value.expose_secret().to_owned()),
        };
        // The cause is left out: it must not be able to quote the key.
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            TransportError::not_sent(
                "the API key can't be sent",
                "it holds characters that are not visible ASCII",
            )
        })?;
        value.set_sensitive(true);
        Ok((name, value))
    }

    /// A service that quotes the key in its answer would put it into errors, logs and receipts.
    pub(super) fn scrub(&self, answer: &mut Vec<u8>) {
        self.each_secret(|secret| scrub(answer, secret));
    }

    /// How many bytes at the end of this part of an answer may be the beginning of what has to be
    /// [scrubbed](Self::scrub) once the next part is there.
    pub(super) fn begun(&self, part: &[u8]) -> usize {
        let mut begun = 0;
        self.each_secret(|secret| {
            let longest = (1..secret.len())
                .rev()
                .find(|length| part.ends_with(secret.get(..*length).unwrap_or(secret)));
            begun = begun.max(longest.unwrap_or(0));
        });
        begun
    }

    /// Every form in which a service may quote it.
    fn each_secret(&self, mut each: impl FnMut(&[u8])) {
        match self {
            Self::Bearer(secret) | Self::Header { value: secret, .. } => {
                each(secret.expose_secret().as_bytes());
            }
            Self::Basic { user, password } => {
                each(basic(user, password).as_bytes());
                each(password.expose_secret().as_bytes());
            }
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bearer(_) => "Bearer",
            Self::Basic { .. } => "Basic",
            Self::Header { .. } => "Header",
        })
    }
}

/// Whether the text can stand in an `Authorization` header.
pub(crate) fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// `user:password` in base64 (RFC 4648 section 4).
fn basic(user: &str, password: &SecretString) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let plain = format!("{user}:{}", password.expose_secret());
    let mut text = String::with_capacity(plain.len().div_ceil(3) * 4);
    for three in plain.as_bytes().chunks(3) {
        let bits = three.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = DIGITS.get((bits >> (18 - 6 * place)) as usize & 63).filter(|_| place <= three.len());
            text.push(digit.map_or('=', |digit| char::from(*digit)));
        }
    }
    text
}

fn scrub(body: &mut Vec<u8>, secret: &[u8]) {
    const MASK: &[u8] = b"[key]";
    if secret.is_empty() {
        return;
    }
    // In one pass: a short secret may stand in an answer tens of thousands of times.
    let mut masked = Vec::new();
    let mut read = 0;
    for at in memmem::find_iter(body, secret) {
        masked.extend_from_slice(body.get(read..at).unwrap_or_default());
        masked.extend_from_slice(MASK);
        read = at + secret.len();
    }
    if read > 0 {
        masked.extend_from_slice(body.get(read..).unwrap_or_default());
        *body = masked;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_an_answer_is_masked_wherever_it_stands() {
        let mut body = b"k1 is not k1k1".to_vec();
        scrub(&mut body, b"k1");
        assert_eq!(body, b"[key] is not [key][key]");
        scrub(&mut body, b"");
        assert_eq!(body, b"[key] is not [key][key]");
        let mut body = b"a key of one byte: kkkk, and more".to_vec();
        scrub(&mut body, b"k");
        assert_eq!(body, b"a [key]ey of one byte: [key][key][key][key], and more");
        let mut body = b"aaaaa".to_vec();
        scrub(&mut body, b"aa");
        assert_eq!(body, b"[key][key]a");
    }

    #[test]
    fn what_may_be_the_beginning_of_a_key_is_known() {
        let key = Credential::Bearer("abcab".into());
        for (part, begun) in [("", 0), ("x", 0), ("xa", 1), ("xab", 2), ("xabca", 4), ("abcabx", 0), ("b", 0)]
        {
            assert_eq!(key.begun(part.as_bytes()), begun, "{part}");
        }
    }

    #[test]
    fn keys_are_visible_ascii() {
        assert!(is_key("lodger_sk_live_1"));
        for bad in ["", "a b", "a\r\nx: y", "ключ"] {
            assert!(!is_key(bad), "{bad:?}");
        }
    }

    /// The first is the example of RFC 7617 section 2, the second that of its section 2.1; the others end in each of the ways
    /// that base64 can.
    #[test]
    fn user_and_password_are_sent_in_base64() {
        for (user, password, sent) in [
            ("Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("test", "123£", "Basic dGVzdDoxMjPCow=="),
            ("a", "b", "Basic YTpi"),
            ("a", "bc", "Basic YTpiYw=="),
            ("a", "bcd", "Basic YTpiY2Q="),
        ] {
            let credential = Credential::Basic { user: user.to_owned(), password: password.into() };
            let (name, value) = credential.header().unwrap();
            assert_eq!((name.as_str(), value.to_str().unwrap()), ("authorization", sent));
            assert!(value.is_sensitive());
        }
    }

    #[test]
    fn neither_form_of_a_password_is_left_in_an_answer() {
        let credential = Credential::Basic { user: "ada".to_owned(), password: "canary".into() };
        let mut answer = b"canary, YWRhOmNhbmFyeQ==".to_vec();
        credential.scrub(&mut answer);
        assert_eq!(answer, b"[key], [key]");
        assert_eq!(format!("{credential:?}"), "Basic");
    }
}
