//! The two hashes of an entry.
//!
//! `eventHash` covers the event and where it stands, `hash` binds it to the entry before. The first byte separates
//! the two (0x00 leaf, 0x01 node), as in RFC 6962 section 2.1, so that neither can be passed off as the other.

use lodger_core::event::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::Digest;

const LEAF: u8 = 0x00;
const NODE: u8 = 0x01;

/// Where an entry stands: what its `eventHash` covers beside the event. Without it, somebody could move an entry to
/// another project or give it another receipt or time, and the hashes would still fit.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Place<'a> {
    pub(crate) workspace: &'a str,
    pub(crate) project: &'a str,
    pub(crate) sequence: u64,
    pub(crate) receipt: &'a str,
    pub(crate) accepted_at: Timestamp,
}

/// What is hashed.
#[derive(Serialize)]
struct Form<'a> {
    #[serde(flatten)]
    place: &'a Place<'a>,
    event: &'a Value,
}

impl Place<'_> {
    /// The hash of the committed event at this place.
    ///
    /// # Errors
    ///
    /// When the event has no canonical form.
    pub(crate) fn event_hash(&self, committed: &Value) -> Result<Digest, serde_json::Error> {
        let bytes = serde_json_canonicalizer::to_vec(&Form { place: self, event: committed })?;
        Ok(hash(LEAF, &[&bytes]))
    }
}

/// The hash that binds an entry to the one before it.
pub(crate) fn link(previous: &Digest, event_hash: &Digest) -> Digest {
    hash(NODE, &[previous.as_bytes(), event_hash.as_bytes()])
}

fn hash(kind: u8, parts: &[&[u8]]) -> Digest {
    let mut hash = Sha256::new();
    hash.update([kind]);
    for part in parts {
        hash.update(part);
    }
    Digest::from_bytes(hash.finalize().into())
}
