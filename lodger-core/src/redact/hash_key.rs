//! Keyed hashes: equal values stay recognisable, the values themselves don't.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;

use crate::event::hex;

/// What every keyed hash begins with.
const PREFIX: &str = "hmac-sha256:";

/// The key of the keyed hashes: 32 bytes that stay in this program.
///
/// With it, `session a` and `session a` in two events are seen to be the same, yet nobody without the key can try
/// out candidates, as they could with a bare hash. All instances of a service need the same key, else their hashes
/// don't match; a new key ends the comparability with older events.
///
/// Clones share one copy, which is wiped when the last goes.
#[derive(Clone)]
pub struct HashKey(Arc<SecretBox<[u8; 32]>>);

/// The text is not a key: 64 hexadecimal digits are, as `openssl rand -hex 32` prints them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a hash key: give 64 hexadecimal digits, such as `openssl rand -hex 32` prints")]
pub struct InvalidHashKey;

impl HashKey {
    /// The key of these bytes. They should be random: a password is too easy to guess.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let bytes = Zeroizing::new(bytes);
        Self(Arc::new(SecretBox::init_with_mut(|key: &mut [u8; 32]| key.copy_from_slice(bytes.as_slice()))))
    }

    /// A random key. Hashes made with it can't be compared with those of another process or of the next start.
    ///
    /// # Errors
    ///
    /// When the operating system has no randomness to give.
    pub fn generate() -> io::Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice()).map_err(io::Error::other)?;
        Ok(Self::from_bytes(*bytes))
    }

    /// The keyed hash of a value: `hmac-sha256:` and 64 hexadecimal digits.
    ///
    /// HMAC-SHA-256 (RFC 2104, RFC 6234) over the domain's length (4 bytes, big-endian), the domain and the value.
    /// The domain says what sort of value it is (`session`, `field:email`), so that equal texts of different sorts
    /// have different hashes.
    #[must_use]
    pub fn hash(&self, domain: &str, value: impl AsRef<[u8]>) -> String {
        let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(self.0.expose_secret()) else {
            // HMAC takes keys of every length (RFC 2104 section 2), so this can't be; if it were, say nothing.
            return super::REDACTED.to_owned();
        };
        mac.update(&u32::try_from(domain.len()).unwrap_or(u32::MAX).to_be_bytes());
        mac.update(domain.as_bytes());
        mac.update(value.as_ref());
        format!("{PREFIX}{}", hex::encode(&mac.finalize().into_bytes()))
    }
}

/// Whether the text has the form of a keyed hash, which is no secret.
pub(super) fn is_hash(text: &str) -> bool {
    text.strip_prefix(PREFIX)
        .is_some_and(|digits| digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

impl FromStr for HashKey {
    type Err = InvalidHashKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        hex::decode_32(text.trim()).map(Self::from_bytes).ok_or(InvalidHashKey)
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_hmac_sha256_over_the_domain_and_the_value() {
        let key: HashKey = "0b".repeat(32).parse().unwrap();
        // printf '\0\0\0\7sessionabc' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0b0b…
        let expected = "hmac-sha256:7981f71b7be19b14a26b7dce1a4a785db0b4b1e09a0c3b4d537a32d013aeec05";
        assert_eq!(key.hash("session", "abc"), expected);
        assert!(is_hash(expected));
    }

    #[test]
    fn keys_and_domains_separate() {
        let (one, two) = (HashKey::from_bytes([1; 32]), HashKey::from_bytes([2; 32]));
        assert_eq!(one.hash("session", "abc"), one.clone().hash("session", "abc"));
        assert_ne!(one.hash("session", "abc"), two.hash("session", "abc"));
        assert_ne!(one.hash("session", "abc"), one.hash("sessio", "nabc"));
        let generated = [HashKey::generate().unwrap(), HashKey::generate().unwrap()];
        assert_ne!(generated[0].hash("a", "b"), generated[1].hash("a", "b"));
    }

    #[test]
    fn a_key_is_64_digits_and_never_printed() {
        assert_eq!("abc".parse::<HashKey>().unwrap_err(), InvalidHashKey);
        let key: HashKey = format!("{}\n", "ab".repeat(32)).parse().unwrap();
        assert_eq!(format!("{key:?}"), "HashKey([redacted])");
    }
}
