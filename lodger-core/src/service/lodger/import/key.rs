//! The idempotency key of an imported event that brings none.

use sha2::{Digest as _, Sha256};

use crate::event::hex;
use crate::service::lodger::LodgerError;
use crate::service::lodger::event::EventBody;

/// So much of the hash is in a key, in bytes: enough for no two events ever to share one.
const HASH_BYTES: usize = 16;

/// `import_` and half of the SHA-256 of the import's name, the event's place and its body as canonical JSON (RFC 8785). The same in
/// every version: an import may be run again with a later one.
pub(super) fn of(name: &str, index: u64, body: &EventBody) -> Result<String, LodgerError> {
    let body = serde_json_canonicalizer::to_vec(body)
        .map_err(|error| LodgerError::Invalid(format!("the event can't become JSON: {error}")))?;
    let mut hash = Sha256::new();
    // The length first: no name runs into what follows.
    hash.update((name.len() as u64).to_be_bytes());
    hash.update(name);
    hash.update(index.to_be_bytes());
    hash.update(body);
    Ok(format!("import_{}", hex::encode(hash.finalize().iter().take(HASH_BYTES))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::lodger::EventCall;

    fn key(name: &str, index: u64, target: &str) -> String {
        let call = EventCall::new("invoice.paid", "u1", target).occurred_at("2025-05-15T12:00:00Z");
        of(name, index, &call.into_body("org_1", "core")).unwrap()
    }

    /// By `printf '\0\0\0\0\0\0\0\1a\0\0\0\0\0\0\0\7%s' BODY | sha256sum`, where BODY is the canonical JSON.
    #[test]
    fn a_key_is_made_of_name_place_and_content() {
        assert_eq!(key("a", 7, "inv_1"), "import_a6648eba0a73e5566f6474441814bc83");
    }

    #[test]
    fn another_name_place_or_content_makes_another_key() {
        let keys = [key("a", 7, "i"), key("b", 7, "i"), key("a", 8, "i"), key("a", 7, "j")];
        for (at, one) in keys.iter().enumerate() {
            assert!(!keys.iter().skip(at + 1).any(|other| other == one), "{keys:?}");
        }
    }
}
