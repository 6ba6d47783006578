//! The two hashes of an entry.
//!
//! `eventHash` covers the event and where it stands, `hash` binds it to the entry before. The first byte separates
//! the two (0x00 leaf, 0x01 node), as in RFC 6962 section 2.1, so that neither can be passed off as the other.

use lodger_core::event::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::Digest;

const LEAF: u8 = 0x00;
const NODE: u8 = 0x01;

/// Where an entry stands: what its `eventHash` covers beside the event. Without it, somebody could move an entry to
/// another project or give it another receipt or time, and the hashes would still fit.
pub(crate) struct Place<'a> {
    pub(crate) workspace: &'a str,
    pub(crate) project: &'a str,
    pub(crate) sequence: u64,
    pub(crate) receipt: &'a str,
    pub(crate) accepted_at: Timestamp,
}

impl Place<'_> {
    /// The hash of the committed event at this place: of the canonical JSON of both together.
    pub(crate) fn event_hash(&self, committed: &str) -> Digest {
        let Self { workspace, project, sequence, receipt, accepted_at } = self;
        // Texts are escaped in JSON as RFC 8785 wants it, and these members are in its order.
        let [project, receipt, workspace] = [project, receipt, workspace].map(|text| Value::from(*text));
        let before = format!(r#"{{"acceptedAt":"{accepted_at}","event":"#);
        let behind = format!(
            r#","project":{project},"receipt":{receipt},"sequence":{sequence},"workspace":{workspace}}}"#
        );
        hash(LEAF, &[before.as_bytes(), committed.as_bytes(), behind.as_bytes()])
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
