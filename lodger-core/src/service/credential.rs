//! What shows a service who asks.

use std::fmt;

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

    /// Every form in which a service may quote it.
    pub(super) fn each_secret(&self, mut each: impl FnMut(&str)) {
        match self {
            Self::Bearer(secret) | Self::Header { value: secret, .. } => {
                each(secret.expose_secret());
            }
            Self::Basic { user, password } => {
                each(&basic(user, password));
                each(password.expose_secret());
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

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(format!("{credential:?}"), "Basic");
        }
    }
}
