//! What the worker has in its hands: events from the journal, until they are settled.

use tokio::time::Instant;

use super::burial::Grave;
use super::doubts::{Doubt, Unanswered};
use super::{DISK_PAUSE, Worker, orders};
use crate::destination::{Delivery, Refusal};
use crate::event::Position;
use crate::journal::{JournalError, Record, RecordKey};
use crate::pipeline::breaker::Ordinal;

/// At most so many events are in memory, those included that wait for another try, or twice as many as are under way …
const MAX_HELD: usize = 1_024;

/// … and at most so many bytes of them.
pub(super) const MAX_HELD_BYTES: usize = 8 << 20;

/// An event in the worker's hands.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) source: Source,
    pub(super) delivery: Delivery,
    pub(super) doubt: Doubt,
    /// Questions about it.
    pub(super) unanswered: Unanswered,
    pub(super) failing_since: Option<Instant>,
}

/// Where an event came from, and so how it ends.
#[derive(Debug)]
pub(super) enum Source {
    Journal(RecordKey),
    /// A dead letter that is sent again. It was tried so often before it died.
    Letter {
        earlier: u32,
    },
}

impl Item {
    /// Its place in the journal, by which somebody may wait for it.
    pub(super) fn position(&self) -> Option<Position> {
        match self.source {
            Source::Journal(key) => Some(Position { writer: key.writer(), sequence: key.sequence() }),
            Source::Letter { .. } => None,
        }
    }

    /// What its event is about; nothing where this version can't read it.
    pub(super) fn action(&self) -> &str {
        self.delivery.read().map_or("", |event| &event.action)
    }

    /// How often it was tried since it came from there.
    pub(super) fn tries(&self) -> u32 {
        match self.source {
            Source::Journal(_) => self.delivery.tries,
            Source::Letter { earlier } => self.delivery.tries.saturating_sub(earlier),
        }
    }
}

impl Worker {
    /// Fills the window from the journal.
    pub(super) fn read_backlog(&mut self, now: Instant) {
        if self.disk_pause.is_some_and(|until| now < until) {
            return;
        }
        self.disk_pause = None;
        while self.ready.len() + self.in_flight < self.window
            && self.held.len() < MAX_HELD.max(2 * self.window)
            && self.held_bytes < MAX_HELD_BYTES
        {
            let next = self.backlog.next();
            if next.is_ok() && self.troubles.reading.ends() {
                tracing::info!(destination = %self.identity, "the journal can be read again");
            }
            match next {
                Ok(Some(record)) => {
                    self.read += 1;
                    self.hold(record);
                }
                Ok(None) => break,
                Err(JournalError::Damaged { segment, writer, first, last, records: lost }) => {
                    self.counted.unreadable += lost;
                    self.read += lost;
                    self.shared.counters.unreadable.add(lost);
                    self.shared.awaited.lost(self.lane, writer, first..=last);
                    tracing::error!(destination = %self.identity, segment = %segment.display(), first, last,
                        "committed events can't be read any more; the file is kept");
                }
                Err(error) => {
                    if self.troubles.reading.begins() {
                        tracing::error!(destination = %self.identity, error = &error as &dyn std::error::Error,
                            "the journal can't be read");
                    }
                    self.disk_pause = Some(now + DISK_PAUSE);
                    break;
                }
            }
        }
    }

    fn hold(&mut self, Record { key, payload }: Record) {
        self.held_bytes += payload.len();
        let (mut delivery, read) = Delivery::of(payload, self.reads_events);
        let left_behind = self.backlog.is_left_behind(key);
        if left_behind {
            delivery.left_behind();
        }
        let doubt = Doubt::of(left_behind);
        let item = Item {
            source: Source::Journal(key),
            delivery,
            doubt,
            unanswered: Unanswered::default(),
            failing_since: None,
        };
        self.held.insert(self.read, item);
        match read {
            _ if self.detached => self.graves.push(Grave::new(self.read, orders::detached())),
            Ok(()) => self.ready.push_back(self.read),
            Err(error) => {
                let reason = format!("this version can't read the event: {error}");
                self.graves.push(Grave::new(self.read, Refusal::new(reason)));
            }
        }
    }

    pub(super) fn let_go(&mut self, ordinal: Ordinal) -> Option<Item> {
        let item = self.held.remove(&ordinal)?;
        self.held_bytes = self.held_bytes.saturating_sub(item.delivery.bytes.len());
        match item.source {
            Source::Journal(key) => self.done.push(key),
            Source::Letter { .. } => self.letters.held -= 1,
        }
        Some(item)
    }
}
