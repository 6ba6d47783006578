//! Proof of acceptance.

use lodger_core::event::{EventId, Timestamp};
use serde::Serialize;

use crate::digest::to_hex;
use crate::random::Random;
use crate::{Digest, StoreError};

/// Proof that the store has accepted an event: where it stands, and the hashes that bind it there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Receipt {
    /// `rcpt_` and 32 hexadecimal digits: 128 random bits, so that nobody can guess another one's.
    pub id: String,
    /// The event that was accepted.
    pub event_id: EventId,
    /// The workspace whose chain it is part of.
    pub workspace: String,
    /// The project in the workspace.
    pub project: String,
    /// Its number in the workspace, from 1, without gaps.
    pub sequence: u64,
    /// When it was accepted, by this machine's clock.
    pub accepted_at: Timestamp,
    /// The hash of the event, with personal values replaced by commitments, and of this receipt's other members.
    pub event_hash: Digest,
    /// The hash of the entry before it; 32 zero bytes for the first.
    pub previous_hash: Digest,
    /// The hash of `previous_hash` and `event_hash`.
    pub hash: Digest,
}

/// A fresh receipt id.
pub(crate) fn mint(random: &mut Random) -> Result<String, StoreError> {
    let bytes: [u8; 16] = random.take().map_err(StoreError::Random)?;
    Ok(format!("rcpt_{}", to_hex(&bytes)))
}
