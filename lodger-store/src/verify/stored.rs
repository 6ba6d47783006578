//! One row, checked by itself.

use lodger_core::event::{Event, EventId, Timestamp};
use rusqlite::Row;
use serde_json::Value;

use super::Fault;
use crate::Digest;
use crate::append::canonical;
use crate::chain::{self, Place};
use crate::commitment::{self, CommitError, Salts};
use crate::digest::from_hex;
use crate::index::Columns;

/// A row as the file has it, of which nothing is believed.
pub(super) struct Stored {
    pub(super) workspace: String,
    pub(super) project: String,
    pub(super) sequence: i64,
    pub(super) receipt: String,
    pub(super) accepted_at: i64,
    pub(super) event_id: String,
    pub(super) event: String,
    pub(super) salts: String,
    pub(super) event_hash: Digest,
    pub(super) previous_hash: Digest,
    pub(super) hash: Digest,
    pub(super) action: String,
    pub(super) actor_id: String,
    pub(super) target_kind: String,
    pub(super) target_id: String,
    pub(super) tenant: Option<String>,
    pub(super) outcome: String,
    pub(super) occurred_at: i64,
    pub(super) request_id: Option<String>,
}

impl Stored {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            workspace: row.get("workspace")?,
            project: row.get("project")?,
            sequence: row.get("sequence")?,
            receipt: row.get("receipt")?,
            accepted_at: row.get("accepted_at")?,
            event_id: row.get("event_id")?,
            event: row.get("event")?,
            salts: row.get("salts")?,
            event_hash: Digest::from_bytes(row.get("event_hash")?),
            previous_hash: Digest::from_bytes(row.get("previous_hash")?),
            hash: Digest::from_bytes(row.get("hash")?),
            action: row.get("action")?,
            actor_id: row.get("actor_id")?,
            target_kind: row.get("target_kind")?,
            target_id: row.get("target_id")?,
            tenant: row.get("tenant")?,
            outcome: row.get("outcome")?,
            occurred_at: row.get("occurred_at")?,
            request_id: row.get("request_id")?,
        })
    }

    /// What is wrong with the entry by itself.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let digits = self.receipt.strip_prefix("rcpt_").and_then(from_hex::<16>);
        if digits.is_none() {
            faults.push(Fault::Receipt);
        }
        match self.parse() {
            Some((event, value)) => {
                self.compare(&event, &mut faults);
                if let Some(fault) = self.hash_fault(event.id, value) {
                    faults.push(fault);
                }
            }
            None => faults.push(Fault::Event),
        }
        if chain::link(&self.previous_hash, &self.event_hash) != self.hash {
            faults.push(Fault::Hash);
        }
        faults
    }

    fn parse(&self) -> Option<(Event, Value)> {
        let event: Event = serde_json::from_str(&self.event).ok()?;
        let value: Value = serde_json::from_str(&self.event).ok()?;
        canonical(self.event.as_bytes(), &value, &event)?;
        Some((event, value))
    }

    /// The columns that queries use against the bytes they were made from.
    fn compare(&self, event: &Event, faults: &mut Vec<Fault>) {
        let columns = Columns::of(event);
        let same = [
            ("event_id", self.event_id == event.id.to_string()),
            ("action", self.action == columns.action),
            ("actor_id", self.actor_id == columns.actor_id),
            ("target_kind", self.target_kind == columns.target_kind),
            ("target_id", self.target_id == columns.target_id),
            ("tenant", self.tenant.as_deref() == columns.tenant),
            ("outcome", self.outcome == columns.outcome),
            ("occurred_at", self.occurred_at == columns.occurred_at),
            ("request_id", self.request_id.as_deref() == columns.request_id),
        ];
        faults.extend(same.into_iter().filter(|(_, same)| !same).map(|(name, _)| Fault::Column(name)));
    }

    fn hash_fault(&self, id: EventId, mut event: Value) -> Option<Fault> {
        let Some(salts) = Salts::from_text(&self.salts) else {
            return Some(Fault::Salts("not an object of 64 hexadecimal digits each".into()));
        };
        match commitment::recommit(&mut event, &id.to_string(), &salts) {
            Ok(()) => {}
            Err(CommitError::Missing(path)) => return Some(Fault::Salts(format!("none for {path}"))),
            Err(CommitError::Surplus(path)) => {
                return Some(Fault::Salts(format!("one too many, for {path}")));
            }
            Err(CommitError::NotCanonical | CommitError::Random(_)) => return Some(Fault::Event),
        }
        let (Ok(sequence), Some(accepted_at)) =
            (u64::try_from(self.sequence), Timestamp::from_micros(self.accepted_at))
        else {
            return Some(Fault::EventHash);
        };
        let Self { workspace, project, receipt, .. } = self;
        let place = Place { workspace, project, sequence, receipt, accepted_at };
        let same = place.event_hash(&event).is_ok_and(|hash| hash == self.event_hash);
        (!same).then_some(Fault::EventHash)
    }
}
