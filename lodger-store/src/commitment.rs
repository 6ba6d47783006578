//! Personal values enter the hash as salted commitments, so that they can be erased without breaking the chain.
//!
//! The format is in `docs/store-format.md`.

use std::collections::BTreeSet;
use std::io;

use sha2::{Digest as _, Sha256};

use crate::canonical::{Reader, compare, decode};
use crate::digest::{from_hex, push_hex};
use crate::personal::{Layout, Personal};
use crate::random::Random;

/// Separates these hashes from all others (the first part of every commitment).
const DOMAIN: &[u8] = b"lodger.commitment.v1";

/// The random bytes of one commitment.
pub(crate) type Salt = [u8; 32];

/// The salts of one event, by the path of the value, in the order of the paths.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Salts(Vec<(String, Salt)>);

impl Salts {
    /// The text that is stored: a canonical JSON object from JSON Pointer to hexadecimal digits.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::with_capacity(2 + self.0.len() * 96);
        text.push('{');
        for (path, salt) in &self.0 {
            if text.len() > 1 {
                text.push(',');
            }
            text.push('"');
            text.push_str(path);
            text.push_str("\":\"");
            push_hex(&mut text, salt);
            text.push('"');
        }
        text.push('}');
        text
    }

    /// The inverse of [`to_text`](Self::to_text). `None` when the text isn't one that it writes.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let (mut salts, mut reader) = (Vec::new(), Reader::new(text));
        reader.object(|reader, path| {
            salts.push((path.to_owned(), from_hex(reader.string()?)?));
            Some(())
        })?;
        reader.end()?;
        Some(Self(salts))
    }

    fn get(&self, path: &str) -> Option<Salt> {
        let at = self.0.binary_search_by(|(other, _)| compare(other, path)).ok()?;
        self.0.get(at).map(|(_, salt)| *salt)
    }
}

/// Why an event can't be committed to with the salts that it has.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CommitError {
    /// A personal value has no salt.
    Missing(String),
    /// A salt belongs to no personal value.
    Surplus(String),
}

impl Layout<'_> {
    /// The event with every personal value replaced by a commitment under a fresh salt.
    pub(crate) fn commit(&self, random: &mut Random) -> io::Result<(String, Salts)> {
        let mut salts = Vec::with_capacity(self.personal.len());
        let committed = self.replace(|value| {
            let salt = random.take()?;
            salts.push((value.path.clone(), salt));
            Ok::<_, io::Error>(salt)
        })?;
        if !salts.is_sorted_by(|(one, _), (other, _)| compare(one, other).is_le()) {
            salts.sort_by(|(one, _), (other, _)| compare(one, other));
        }
        Ok((committed, Salts(salts)))
    }

    /// The event with every personal value replaced by the commitment under its stored salt.
    pub(crate) fn recommit(&self, salts: &Salts) -> Result<String, CommitError> {
        let committed = self.replace(|value| match salts.get(&value.path) {
            Some(salt) => Ok(salt),
            None => Err(CommitError::Missing(decode(&value.path).into_owned())),
        })?;
        // Paths are unique on both sides, so only more salts than values can hide one without a value.
        if salts.0.len() > self.personal.len() {
            let values: BTreeSet<&str> = self.personal.iter().map(|value| value.path.as_str()).collect();
            let surplus = salts.0.iter().find(|(path, _)| !values.contains(path.as_str()));
            return Err(CommitError::Surplus(
                surplus.map(|(path, _)| decode(path).into_owned()).unwrap_or_default(),
            ));
        }
        Ok(committed)
    }

    fn replace<E>(&self, mut salt: impl FnMut(&Personal<'_>) -> Result<Salt, E>) -> Result<String, E> {
        let mut prefix = Sha256::new();
        part(&mut prefix, DOMAIN);
        part(&mut prefix, self.id.as_bytes());
        let mut committed = String::with_capacity(self.text.len() + self.personal.len() * 80);
        let mut from = 0;
        for value in &self.personal {
            let hash = commitment(prefix.clone(), &decode(&value.path), &salt(value)?, value.value);
            committed.push_str(self.text.get(from..value.at).unwrap_or_default());
            committed.push_str("\"sha256:");
            push_hex(&mut committed, &hash);
            committed.push('"');
            from = value.at + value.value.len();
        }
        committed.push_str(self.text.get(from..).unwrap_or_default());
        Ok(committed)
    }
}

/// SHA-256 over domain, event id, path, salt and the value's canonical bytes, each behind its length as u32
/// big-endian. The first two are in `prefix`: they are the same for all values of an event.
fn commitment(mut prefix: Sha256, path: &str, salt: &Salt, value: &str) -> [u8; 32] {
    for bytes in [path.as_bytes(), salt, value.as_bytes()] {
        part(&mut prefix, bytes);
    }
    prefix.finalize().into()
}

fn part(hash: &mut Sha256, bytes: &[u8]) {
    // An event has at most 64 KiB, so a length always fits; one that didn't would be a different hash, not a wrong one.
    hash.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    hash.update(bytes);
}

#[cfg(test)]
mod tests;
