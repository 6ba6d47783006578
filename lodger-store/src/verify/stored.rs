//! One row, checked by itself.

use lodger_core::event::{Event, Timestamp};
use rusqlite::Row;

use super::Fault;
use crate::Digest;
use crate::append::canonical;
use crate::chain::{self, Place};
use crate::commitment::{CommitError, Salts};
use crate::digest::from_hex;
use crate::index::Columns;
use crate::personal::Layout;

/// Every entry, chain by chain, in the order in which [`Stored::read`] takes the columns. An index has that order, so
/// nothing is sorted and memory stays flat.
pub(super) const ALL: &str = "SELECT workspace, project, sequence, receipt, accepted_at, event_id, event,
    personal_salts, event_hash, previous_hash, hash, action, actor_id, target_kind, target_id, tenant, outcome, occurred_at, request_id
    FROM entries ORDER BY workspace, sequence";

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
            workspace: row.get(0)?,
            project: row.get(1)?,
            sequence: row.get(2)?,
            receipt: row.get(3)?,
            accepted_at: row.get(4)?,
            event_id: row.get(5)?,
            event: row.get(6)?,
            salts: row.get(7)?,
            event_hash: Digest::from_bytes(row.get(8)?),
            previous_hash: Digest::from_bytes(row.get(9)?),
            hash: Digest::from_bytes(row.get(10)?),
            action: row.get(11)?,
            actor_id: row.get(12)?,
            target_kind: row.get(13)?,
            target_id: row.get(14)?,
            tenant: row.get(15)?,
            outcome: row.get(16)?,
            occurred_at: row.get(17)?,
            request_id: row.get(18)?,
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
            Some((event, layout)) => {
                self.compare(&event, &mut faults);
                faults.extend(self.hash_fault(&layout));
            }
            None => faults.push(Fault::Event),
        }
        if chain::link(&self.previous_hash, &self.event_hash) != self.hash {
            faults.push(Fault::Hash);
        }
        faults
    }

    fn parse(&self) -> Option<(Event, Layout<'_>)> {
        let event: Event = serde_json::from_str(&self.event).ok()?;
        let layout = canonical(self.event.as_bytes(), &event)?;
        Some((event, layout))
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

    fn hash_fault(&self, event: &Layout<'_>) -> Option<Fault> {
        let Some(salts) = Salts::from_text(&self.salts) else {
            return Some(Fault::Salts("not an object of 64 hexadecimal digits each".into()));
        };
        let committed = match event.recommit(&salts) {
            Ok(committed) => committed,
            Err(CommitError::Missing(path)) => return Some(Fault::Salts(format!("none for {path}"))),
            Err(CommitError::Surplus(path)) => {
                return Some(Fault::Salts(format!("one too many, for {path}")));
            }
        };
        let (Ok(sequence), Some(accepted_at)) =
            (u64::try_from(self.sequence), Timestamp::from_micros(self.accepted_at))
        else {
            return Some(Fault::EventHash);
        };
        let Self { workspace, project, receipt, .. } = self;
        let place = Place { workspace, project, sequence, receipt, accepted_at };
        (place.event_hash(&committed) != self.event_hash).then_some(Fault::EventHash)
    }
}
