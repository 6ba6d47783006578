//! Personal values enter the hash as salted commitments, so that they can be erased without breaking the chain.
//!
//! Which values are personal follows from their place in the event alone, so everybody who has the event knows it:
//! [`replace_personal`] is the list. The format is in `docs/store-format.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::digest::{from_hex, to_hex};
use crate::random::random;

/// Separates these hashes from all others (the first part of every commitment).
const DOMAIN: &[u8] = b"lodger.commitment.v1";

/// The random bytes of one commitment.
pub(crate) type Salt = [u8; 32];

/// The salts of one event, by the path of the value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Salts(BTreeMap<String, Salt>);

impl Salts {
    /// The text that is stored: a canonical JSON object from JSON Pointer to hexadecimal digits.
    pub(crate) fn to_text(&self) -> Result<String, serde_json::Error> {
        let hex: BTreeMap<&String, String> = self.0.iter().map(|(path, salt)| (path, to_hex(salt))).collect();
        serde_json_canonicalizer::to_string(&hex)
    }

    /// The inverse of [`to_text`](Self::to_text). `None` when the text isn't one that it writes.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let hex: BTreeMap<String, String> = serde_json::from_str(text).ok()?;
        let salts = hex.into_iter().map(|(path, salt)| Some((path, from_hex(&salt)?)));
        let salts = Self(salts.collect::<Option<_>>()?);
        (salts.to_text().ok()? == text).then_some(salts)
    }
}

/// Why an event can't be committed to.
#[derive(Debug)]
pub(crate) enum CommitError {
    /// The operating system gave no random bytes.
    Random(io::Error),
    /// A value has no canonical form.
    NotCanonical,
    /// A personal value has no salt.
    Missing(String),
    /// A salt belongs to no personal value.
    Surplus(String),
}

impl From<serde_json::Error> for CommitError {
    fn from(_: serde_json::Error) -> Self {
        Self::NotCanonical
    }
}

/// Replaces every personal value of the event by a commitment under a fresh salt.
pub(crate) fn commit(event: &mut Value, id: &str) -> Result<Salts, CommitError> {
    let mut salts = Salts::default();
    replace_personal(event, |path, value| {
        let salt = random().map_err(CommitError::Random)?;
        let commitment = commitment(id, &path, &salt, value)?;
        salts.0.insert(path, salt);
        Ok::<_, CommitError>(commitment)
    })?;
    Ok(salts)
}

/// Replaces every personal value by the commitment under its stored salt.
pub(crate) fn recommit(event: &mut Value, id: &str, salts: &Salts) -> Result<(), CommitError> {
    let mut left: BTreeMap<&String, &Salt> = salts.0.iter().collect();
    replace_personal(event, |path, value| {
        let Some(salt) = left.remove(&path) else { return Err(CommitError::Missing(path)) };
        Ok(commitment(id, &path, salt, value)?)
    })?;
    match left.into_keys().next() {
        Some(path) => Err(CommitError::Surplus(path.clone())),
        None => Ok(()),
    }
}

/// SHA-256 over domain, event id, path, salt and the value's canonical bytes, each behind its length as u32
/// big-endian; as JSON text `sha256:` and hexadecimal digits.
fn commitment(id: &str, path: &str, salt: &Salt, value: &Value) -> Result<Value, serde_json::Error> {
    let value = serde_json_canonicalizer::to_vec(value)?;
    let mut hash = Sha256::new();
    for part in [DOMAIN, id.as_bytes(), path.as_bytes(), salt, &value] {
        // An event has at most 64 KiB, so a length always fits; one that didn't would be a different hash, not a
        // wrong one.
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        hash.update(length.to_be_bytes());
        hash.update(part);
    }
    Ok(Value::String(format!("sha256:{}", to_hex(&hash.finalize()))))
}

/// Tells by its name whether a member is personal.
type IsPersonal<'a> = &'a dyn Fn(&str) -> bool;

/// Calls `replace` with the path (JSON Pointer, RFC 6901) of every personal value, and puts what it returns there.
///
/// Of an actor everything is personal but its kind and tenant, of a target everything but its kind: also members
/// that this version doesn't know.
fn replace_personal<E>(
    event: &mut Value,
    mut replace: impl FnMut(String, &Value) -> Result<Value, E>,
) -> Result<(), E> {
    let Value::Object(event) = event else { return Ok(()) };
    let named: BTreeSet<String> = match event.get("personal") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => BTreeSet::new(),
    };

    let of_actor = |name: &str| !matches!(name, "kind" | "tenant");
    let of_target = |name: &str| name != "kind";
    let of_request = |name: &str| matches!(name, "ip" | "userAgent" | "session");
    let of_metadata = |name: &str| named.contains(name);
    let objects: [(&str, IsPersonal<'_>); 4] =
        [("actor", &of_actor), ("target", &of_target), ("request", &of_request), ("metadata", &of_metadata)];
    for (name, is_personal) in objects {
        if let Some(object) = event.get_mut(name) {
            members(object, &format!("/{name}"), is_personal, &mut replace)?;
        }
    }
    if let Some(Value::Array(related)) = event.get_mut("related") {
        for (index, target) in related.iter_mut().enumerate() {
            members(target, &format!("/related/{index}"), &of_target, &mut replace)?;
        }
    }
    for name in ["description", "reason", "changes"] {
        if let Some(value) = event.get_mut(name) {
            *value = replace(format!("/{name}"), value)?;
        }
    }
    Ok(())
}

/// Replaces those members of an object that are personal.
fn members<E>(
    object: &mut Value,
    at: &str,
    is_personal: IsPersonal<'_>,
    replace: &mut impl FnMut(String, &Value) -> Result<Value, E>,
) -> Result<(), E> {
    let Value::Object(object) = object else { return Ok(()) };
    for (name, value) in object.iter_mut().filter(|(name, _)| is_personal(name)) {
        *value = replace(format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
