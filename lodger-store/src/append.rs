//! The one way in.

use lodger_core::event::{Event, EventId, Timestamp};
use rusqlite::{CachedStatement, Transaction, TransactionBehavior, params};

use crate::chain::{self, Place};
use crate::entry::{self, Entry};
use crate::index::Columns;
use crate::personal::{self, Layout};
use crate::random::Random;
use crate::span::Span;
use crate::{Digest, Receipt, Store, StoreError, head, receipt};

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
        let mut random = Random::new();
        let candidates: Vec<_> = batch
            .iter()
            .map(|bytes| Candidate::new(bytes.as_ref(), &mut random))
            .collect::<Result<_, _>>()?;
        let mut writer = self.writer();
        if !writer.is_autocommit() {
            // The disk failed a commit and then also the rollback: without this, every later call would fail too.
            writer.execute_batch("ROLLBACK")?;
        }
        // IMMEDIATE: the head is read under the write lock, or two processes would both append behind it.
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answers = {
            let mut end = End::read(&transaction, self, random)?;
            let mut answers = Vec::with_capacity(batch.len());
            for candidate in candidates {
                answers.push(match candidate {
                    Ok(candidate) => end.append(candidate)?,
                    Err(rejected) => Err(rejected),
                });
            }
            end.save_spans()?;
            answers
        };
        transaction.commit()?;
        Ok(answers)
    }
}

/// An event that may become an entry.
struct Candidate<'a> {
    event: Event,
    layout: Layout<'a>,
    committed: String,
    salts: String,
}

impl<'a> Candidate<'a> {
    fn new(bytes: &'a [u8], random: &mut Random) -> Result<Result<Self, Rejected>, StoreError> {
        let event = match serde_json::from_slice::<Event>(bytes) {
            Ok(event) => event,
            Err(error) => return Ok(Err(Rejected::NotAnEvent(error))),
        };
        let Some(layout) = canonical(bytes, &event) else { return Ok(Err(Rejected::NotCanonical)) };
        let (committed, salts) = layout.commit(random).map_err(StoreError::Random)?;
        Ok(Ok(Self { event, layout, committed, salts: salts.to_text() }))
    }

    /// What a repeat gets: the original receipt, if it is one.
    fn repeats(&self, entry: Entry) -> Result<Appended, Rejected> {
        if *entry.bytes == *self.layout.text.as_bytes() {
            Ok(Appended { receipt: entry.receipt, repeated: true })
        } else {
            Err(Rejected::Conflict { event: self.event.id, receipt: entry.receipt.id })
        }
    }
}

/// The layout of the bytes of this event if they are canonical and the id is in its one text form. Members are not
/// compared further: bytes that an older or newer version of the event model wrote are as good.
pub(crate) fn canonical<'a>(bytes: &'a [u8], event: &Event) -> Option<Layout<'a>> {
    let layout = personal::find(std::str::from_utf8(bytes).ok()?)?;
    (layout.id == event.id.to_string()).then_some(layout)
}

/// The growing end of the chain, inside one transaction.
struct End<'a> {
    transaction: &'a Transaction<'a>,
    insert: CachedStatement<'a>,
    workspace: &'a str,
    project: &'a str,
    random: Random,
    accepted_at: Timestamp,
    sequence: u64,
    hash: Digest,
    spans: Vec<Span>,
}

impl<'a> End<'a> {
    fn read(transaction: &'a Transaction<'a>, store: &'a Store, random: Random) -> Result<Self, StoreError> {
        let head = head::read(transaction, store.workspace())?;
        let (sequence, hash) = head.map_or((0, Digest::ZERO), |head| (head.sequence, head.hash));
        Ok(Self {
            transaction,
            insert: transaction.prepare_cached(INSERT)?,
            workspace: store.workspace(),
            project: store.project(),
            random,
            accepted_at: Timestamp::now(),
            sequence,
            hash,
            spans: Vec::new(),
        })
    }

    fn append(&mut self, candidate: Candidate<'_>) -> Result<Result<Appended, Rejected>, StoreError> {
        let Self { workspace, project, accepted_at, .. } = *self;
        let id = receipt::mint(&mut self.random)?;
        let sequence = self.sequence + 1;
        let place = Place { workspace, project, sequence, receipt: &id, accepted_at };
        let event_hash = place.event_hash(&candidate.committed);
        let previous_hash = self.hash;
        let hash = chain::link(&previous_hash, &event_hash);
        let columns = Columns::of(&candidate.event);
        let inserted = self.insert.execute(params![
            workspace,
            project,
            number(sequence),
            id,
            accepted_at.as_micros(),
            candidate.layout.id,
            candidate.layout.text,
            candidate.salts,
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
        if inserted == 0 {
            return self.repeat(&candidate);
        }
        (self.sequence, self.hash) = (sequence, hash);
        Span::add(&mut self.spans, number(sequence), columns.occurred_at);
        let receipt = Receipt {
            id,
            event_id: candidate.event.id,
            workspace: workspace.to_owned(),
            project: project.to_owned(),
            sequence,
            accepted_at,
            event_hash,
            previous_hash,
            hash,
        };
        Ok(Ok(Appended { receipt, repeated: false }))
    }

    /// The answer to an event whose id the store has.
    fn repeat(&self, candidate: &Candidate<'_>) -> Result<Result<Appended, Rejected>, StoreError> {
        let sql = format!("{} WHERE workspace = ? AND project = ? AND event_id = ?", entry::SELECT);
        let mut statement = self.transaction.prepare_cached(&sql)?;
        let mut rows = statement.query(params![self.workspace, self.project, candidate.layout.id])?;
        match rows.next()? {
            Some(row) => Ok(candidate.repeats(entry::read(row)?)),
            // Only the id's own uniqueness lets an insert do nothing, so its index leads nowhere.
            None => {
                let reason = "the index of event ids leads to no entry".into();
                Err(StoreError::Damaged { sequence: number(self.sequence), reason })
            }
        }
    }

    fn save_spans(&self) -> rusqlite::Result<()> {
        self.spans.iter().try_for_each(|span| span.save(self.transaction, self.workspace, self.project))
    }
}

/// SQLite's integers are signed; no store has that many entries.
pub(crate) fn number(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

/// A repeat inserts nothing: asking first would cost every new event a search.
const INSERT: &str = "INSERT INTO entries (workspace, project, sequence, receipt, accepted_at, event_id, event,
    personal_salts, event_hash, previous_hash, hash, action, actor_id, target_kind, target_id, tenant, outcome, occurred_at, request_id)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (workspace, project, event_id) DO NOTHING";

#[cfg(test)]
mod tests;
