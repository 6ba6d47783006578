//! The one way in.

use lodger_core::event::{Event, EventId, Timestamp};
use rusqlite::{Transaction, TransactionBehavior, params};
use serde_json::Value;

use crate::chain::{self, Place};
use crate::commitment::{self, CommitError};
use crate::entry::{self, Entry};
use crate::head;
use crate::index::Columns;
use crate::{Digest, Receipt, Store, StoreError, receipt};

/// An event that is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Appended {
    /// Its receipt: for a repeat, the original one.
    pub receipt: Receipt,
    /// Whether the store already had the same event with the same bytes.
    pub repeated: bool,
}

/// Why the store does not take an event. The others of its batch are not affected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// The bytes are not an event in JSON.
    #[error("the bytes are not an event")]
    NotAnEvent(#[source] serde_json::Error),
    /// The bytes are an event, but not in the one form that can be hashed: RFC 8785.
    #[error("the bytes are not canonical JSON (RFC 8785): use `Event::to_canonical_json`")]
    NotCanonical,
    /// The store has another event under this id.
    #[error("the store has other bytes under the event id {event}, see receipt {receipt}")]
    Conflict {
        /// The id.
        event: EventId,
        /// The receipt of the event that the store has.
        receipt: String,
    },
}

impl Store {
    /// Appends events, given as canonical bytes ([`Event::to_canonical_json`]), in one transaction, and answers for
    /// each of them in the batch's order. An event that the store already has, byte for byte, gets its original
    /// receipt; the same id with other bytes is refused.
    ///
    /// # Errors
    ///
    /// When the transaction can't be made; then nothing of the batch is in the store, unless the failure came
    /// during the commit itself: then repeat the call, which does no harm. [`StoreError::is_retryable`] says whether
    /// that makes sense.
    ///
    /// # Durability
    ///
    /// When this returns, the events survive a crash of the process and a power loss: the commit has been synced.
    pub fn append<B: AsRef<[u8]>>(&self, batch: &[B]) -> Result<Vec<Result<Appended, Rejected>>, StoreError> {
        // All that doesn't need the lock comes before it.
        let candidates: Vec<_> =
            batch.iter().map(|bytes| Candidate::new(bytes.as_ref())).collect::<Result<_, _>>()?;

        let mut writer = self.writer();
        if !writer.is_autocommit() {
            // The disk failed a commit and then also the rollback: without this, every later call would fail too.
            writer.execute_batch("ROLLBACK")?;
        }
        // IMMEDIATE: the head is read under the write lock, or two processes would both append behind it.
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut end = End::read(&transaction, self)?;
        let mut answers = Vec::with_capacity(batch.len());
        for candidate in candidates {
            answers.push(match candidate {
                Ok(candidate) => match find(&transaction, self, &candidate)? {
                    Some(entry) => candidate.repeats(entry),
                    None => Ok(Appended { receipt: end.append(&transaction, candidate)?, repeated: false }),
                },
                Err(rejected) => Err(rejected),
            });
        }
        transaction.commit()?;
        Ok(answers)
    }
}

/// An event that may become an entry.
struct Candidate<'a> {
    event: Event,
    text: &'a str,
    committed: Value,
    salts: String,
}

impl<'a> Candidate<'a> {
    fn new(bytes: &'a [u8]) -> Result<Result<Self, Rejected>, StoreError> {
        let parsed = serde_json::from_slice::<Event>(bytes)
            .and_then(|event| serde_json::from_slice::<Value>(bytes).map(|value| (event, value)));
        let (event, mut value) = match parsed {
            Ok(parsed) => parsed,
            Err(error) => return Ok(Err(Rejected::NotAnEvent(error))),
        };
        let Some(text) = canonical(bytes, &value, &event) else { return Ok(Err(Rejected::NotCanonical)) };
        let salts = match commitment::commit(&mut value, &event.id.to_string()) {
            Ok(salts) => salts.to_text().ok(),
            Err(CommitError::Random(error)) => return Err(StoreError::Random(error)),
            Err(_) => None,
        };
        let Some(salts) = salts else { return Ok(Err(Rejected::NotCanonical)) };
        Ok(Ok(Self { event, text, committed: value, salts }))
    }

    /// What a repeat gets: the original receipt, if it is one.
    fn repeats(&self, entry: Entry) -> Result<Appended, Rejected> {
        if *entry.bytes == *self.text.as_bytes() {
            Ok(Appended { receipt: entry.receipt, repeated: true })
        } else {
            Err(Rejected::Conflict { event: self.event.id, receipt: entry.receipt.id })
        }
    }
}

/// The bytes as text if they are the canonical form of this value, and the id is in its one text form. Members are
/// not compared further: bytes that an older or newer version of the event model wrote are as good.
pub(crate) fn canonical<'a>(bytes: &'a [u8], value: &Value, event: &Event) -> Option<&'a str> {
    let again = serde_json_canonicalizer::to_vec(value).ok()?;
    let same_id = value.get("id").and_then(Value::as_str) == Some(event.id.to_string().as_str());
    if again == bytes && same_id { std::str::from_utf8(bytes).ok() } else { None }
}

fn find(
    transaction: &Transaction<'_>,
    store: &Store,
    candidate: &Candidate<'_>,
) -> Result<Option<Entry>, StoreError> {
    let columns = entry::COLUMNS;
    let sql = format!("SELECT {columns} FROM entries WHERE workspace = ? AND project = ? AND event_id = ?");
    let mut statement = transaction.prepare_cached(&sql)?;
    let mut rows =
        statement.query(params![store.workspace(), store.project(), candidate.event.id.to_string()])?;
    rows.next()?.map(entry::read).transpose()
}

/// The growing end of the chain, inside one transaction.
struct End<'a> {
    workspace: &'a str,
    project: &'a str,
    accepted_at: Timestamp,
    sequence: u64,
    hash: Digest,
}

impl<'a> End<'a> {
    fn read(transaction: &Transaction<'_>, store: &'a Store) -> Result<Self, StoreError> {
        let head = head::read(transaction, store.workspace())?;
        let (sequence, hash) = head.map_or((0, Digest::ZERO), |head| (head.sequence, head.hash));
        let accepted_at = Timestamp::now();
        Ok(Self { workspace: store.workspace(), project: store.project(), accepted_at, sequence, hash })
    }

    fn append(
        &mut self,
        transaction: &Transaction<'_>,
        candidate: Candidate<'_>,
    ) -> Result<Receipt, StoreError> {
        let Candidate { event, text, committed, salts } = candidate;
        let id = receipt::mint()?;
        let sequence = self.sequence + 1;
        let Self { workspace, project, accepted_at, .. } = *self;
        let place = Place { workspace, project, sequence, receipt: &id, accepted_at };
        let event_hash = place.event_hash(&committed).map_err(StoreError::NotCanonical)?;
        let previous_hash = self.hash;
        let hash = chain::link(&previous_hash, &event_hash);

        let columns = Columns::of(&event);
        transaction.prepare_cached(INSERT)?.execute(params![
            workspace,
            project,
            i64::try_from(sequence).unwrap_or(i64::MAX),
            id,
            accepted_at.as_micros(),
            event.id.to_string(),
            text,
            salts,
            event_hash.as_bytes(),
            previous_hash.as_bytes(),
            hash.as_bytes(),
            columns.action,
            columns.actor_id,
            columns.target_kind,
            columns.target_id,
            columns.tenant,
            columns.outcome,
            columns.occurred_at,
            columns.request_id,
        ])?;
        (self.sequence, self.hash) = (sequence, hash);
        Ok(Receipt {
            id,
            event_id: event.id,
            workspace: workspace.to_owned(),
            project: project.to_owned(),
            sequence,
            accepted_at,
            event_hash,
            previous_hash,
            hash,
        })
    }
}

const INSERT: &str = "INSERT INTO entries (workspace, project, sequence, receipt, accepted_at, event_id, event, salts,
    event_hash, previous_hash, hash, action, actor_id, target_kind, target_id, tenant, outcome, occurred_at, request_id)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

#[cfg(test)]
mod tests;
