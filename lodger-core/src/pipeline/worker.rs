//! One destination's worker: reads its backlog, sends, and acts on the answers.
//!
//! Each runs on an OS thread of its own with a current-thread runtime, so it outlives the application's runtime, and
//! a destination that blocks delays nobody else.

mod ending;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::Shared;
use super::breaker::{Breaker, Gate, Judgement, Ordinal, Sentence, Tried};
use super::counters::last_resort;
use super::dead_letter::{DeadLetter, DeadLetters};
use super::progress::DeliveryState;
use super::ticket::Failure;
use crate::destination::{Answer, Delivery, Destination, Identity, Receipt, Refusal};
use crate::event::{Event, EventId, Position};
use crate::journal::{Backlog, JournalError, RecordKey};

/// At most so many events are under way or about to be (`docs/guarantees.md`).
const WINDOW: usize = 64;

/// At most so many events are in memory, those included that wait for another try …
const MAX_HELD: usize = 1_024;

/// … and at most so many bytes of them.
const MAX_HELD_BYTES: usize = 8 << 20;

/// A destination that hasn't answered for so long never will. Destinations have limits of their own, far below.
const ANSWER_WITHIN: Duration = Duration::from_secs(5 * 60);

/// How long to wait after the journal or the log of dead letters failed.
const DISK_PAUSE: Duration = Duration::from_secs(1);

/// An event in the worker's hands.
#[derive(Debug)]
struct Item {
    key: RecordKey,
    delivery: Delivery,
    failing_since: Option<Instant>,
}

impl Item {
    fn position(&self) -> Position {
        Position { writer: self.key.writer(), sequence: self.key.sequence() }
    }
}

/// A batch under way.
#[derive(Debug)]
struct Flight {
    batch: u64,
    events: Vec<Ordinal>,
}

/// An event that is to become a dead letter as soon as the disk lets it.
#[derive(Debug)]
struct Grave {
    ordinal: Ordinal,
    refusal: Refusal,
}

/// One destination's worker.
#[derive(Debug)]
pub(super) struct Worker {
    lane: usize,
    identity: Identity,
    destination: Arc<dyn Destination>,
    backlog: Backlog,
    shared: Arc<Shared>,
    dead_letters: Arc<DeadLetters>,
    bell: Arc<Notify>,
    breaker: Breaker,
    /// The place of the last record that was read from the backlog.
    read: Ordinal,
    held: BTreeMap<Ordinal, Item>,
    held_bytes: usize,
    /// To be sent, in this order.
    ready: VecDeque<Ordinal>,
    /// To be sent again, each not before its time.
    waiting: BTreeSet<(Instant, Ordinal)>,
    graves: Vec<Grave>,
    /// To be settled in the journal at the end of this turn.
    done: Vec<RecordKey>,
    flights: HashMap<Id, Flight>,
    answers: JoinSet<Vec<Answer>>,
    /// The disk failed: nothing is read and nobody is buried before this time.
    disk_pause: Option<Instant>,
    settle_failing: bool,
    said: DeliveryState,
    /// Whether it was last said that an event is not taken.
    said_error: bool,
    counted: Counted,
}

/// What this worker has counted so far.
#[derive(Debug, Default, Clone, Copy)]
struct Counted {
    delivered: u64,
    dead: u64,
    unreadable: u64,
}

impl Worker {
    pub(super) fn new(
        lane: usize,
        destination: Arc<dyn Destination>,
        backlog: Backlog,
        dead_letters: Arc<DeadLetters>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            lane,
            identity: destination.identity(),
            destination,
            backlog,
            bell: shared.progress.bell(lane),
            breaker: Breaker::new(Arc::clone(&shared.clock), Instant::now()),
            shared,
            dead_letters,
            read: 0,
            held: BTreeMap::new(),
            held_bytes: 0,
            ready: VecDeque::new(),
            waiting: BTreeSet::new(),
            graves: Vec::new(),
            done: Vec::new(),
            flights: HashMap::new(),
            answers: JoinSet::new(),
            disk_pause: None,
            settle_failing: false,
            said: DeliveryState::Running,
            said_error: false,
            counted: Counted::default(),
        }
    }

    /// Runs until it is asked to stop and has delivered everything, or its time is over.
    pub(super) async fn run(mut self) {
        loop {
            let now = Instant::now();
            if !self.time_is_over(now) {
                self.read_backlog(now);
                self.release_due(now);
                self.send(now);
            }
            self.bury(now);
            self.settle();
            self.post();
            if self.is_finished(now) {
                break;
            }
            if let Some((id, answers)) = self.next_event(now).await {
                self.answered(id, answers, Instant::now());
            }
        }
        self.end();
    }

    /// Fills the window from the journal.
    fn read_backlog(&mut self, now: Instant) {
        if self.disk_pause.is_some_and(|until| now < until) {
            return;
        }
        self.disk_pause = None;
        while self.ready.len() + self.in_flight() < WINDOW
            && self.held.len() < MAX_HELD
            && self.held_bytes < MAX_HELD_BYTES
        {
            match self.backlog.next() {
                Ok(Some(record)) => {
                    self.read += 1;
                    self.hold(record.key, record.payload);
                }
                Ok(None) => break,
                Err(JournalError::Damaged { segment, writer, first, last, records: lost }) => {
                    self.counted.unreadable += lost;
                    self.read += lost;
                    self.shared.counters.unreadable.add(lost);
                    self.shared.awaited.lost(writer, first..=last);
                    tracing::error!(destination = %self.identity, segment = %segment.display(), first, last,
                        "committed events can't be read any more; the file is kept");
                }
                Err(error) => {
                    tracing::error!(destination = %self.identity, error = &error as &dyn std::error::Error,
                        "the journal can't be read");
                    self.disk_pause = Some(now + DISK_PAUSE);
                    break;
                }
            }
        }
    }

    fn hold(&mut self, key: RecordKey, payload: Arc<[u8]>) {
        self.held_bytes += payload.len();
        let (event, unreadable) = match serde_json::from_slice::<Event>(&payload) {
            Ok(event) => (event, None),
            Err(error) => (Event::bare(EventId::mint(), "unreadable".into()), Some(error)),
        };
        let delivery = Delivery::new(Arc::new(event), payload);
        self.held.insert(self.read, Item { key, delivery, failing_since: None });
        match unreadable {
            None => self.ready.push_back(self.read),
            Some(error) => {
                let reason = format!("this version can't read the event: {error}");
                self.graves.push(Grave { ordinal: self.read, refusal: Refusal::new(reason) });
            }
        }
    }

    /// Moves what has waited long enough to where it is sent from, and hears the judge about suspects.
    fn release_due(&mut self, now: Instant) {
        while let Some(&(due, ordinal)) = self.waiting.first()
            && due <= now
        {
            self.waiting.pop_first();
            self.ready.push_back(ordinal);
        }
        for sentence in self.breaker.sentences(now) {
            match sentence {
                Sentence::Bury(ordinal, refusal) => self.graves.push(Grave { ordinal, refusal }),
                Sentence::Keep(ordinal) => self.ready.push_back(ordinal),
            }
        }
    }

    /// Sends as much as the breaker, the destination and the window allow.
    fn send(&mut self, now: Instant) {
        loop {
            let alone = self.flights.is_empty();
            let (may, most) = match self.breaker.gate(now) {
                Gate::Open => (
                    self.flights.len() < self.destination.max_in_flight().max(1),
                    self.destination.max_batch(),
                ),
                Gate::OneBatch => (alone, self.destination.max_batch()),
                Gate::OneEvent => (alone, 1),
                Gate::Shut(_) => (false, 0),
            };
            let room = WINDOW.saturating_sub(self.in_flight());
            let size = most.max(1).min(room).min(self.ready.len());
            if !may || size == 0 {
                return;
            }
            let events: Vec<Ordinal> = self.ready.drain(..size).collect();
            let batch: Vec<Delivery> = events
                .iter()
                .filter_map(|ordinal| self.held.get(ordinal))
                .map(|item| item.delivery.clone())
                .collect();
            let destination = Arc::clone(&self.destination);
            let flight = self.answers.spawn(async move {
                tokio::time::timeout(ANSWER_WITHIN, destination.deliver(&batch)).await.unwrap_or_default()
            });
            self.flights.insert(flight.id(), Flight { batch: self.breaker.next_batch(), events });
        }
    }

    fn in_flight(&self) -> usize {
        self.flights.values().map(|flight| flight.events.len()).sum()
    }

    /// Waits for an answer, the bell, or the next time at which there is something to do.
    async fn next_event(&mut self, now: Instant) -> Option<(Id, Result<Vec<Answer>, JoinError>)> {
        let bell = Arc::clone(&self.bell);
        let mut rung = pin!(bell.notified());
        let mut alarm = self.next_alarm(now).map(|time| Box::pin(tokio::time::sleep_until(time)));
        poll_fn(|context| {
            match self.answers.poll_join_next_with_id(context) {
                Poll::Ready(Some(Ok((id, answers)))) => return Poll::Ready(Some((id, Ok(answers)))),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some((error.id(), Err(error)))),
                Poll::Ready(None) | Poll::Pending => {}
            }
            let alarmed = alarm.as_mut().is_some_and(|alarm| alarm.as_mut().poll(context).is_ready());
            if alarmed || rung.as_mut().poll(context).is_ready() { Poll::Ready(None) } else { Poll::Pending }
        })
        .await
    }

    fn next_alarm(&self, now: Instant) -> Option<Instant> {
        let gate = match self.breaker.gate(now) {
            Gate::Shut(until) if !self.ready.is_empty() => Some(until),
            _ => None,
        };
        let again = self.waiting.first().map(|(due, _)| *due);
        let deadline = self.deadline().filter(|deadline| *deadline > now);
        [gate, again, self.breaker.suspicion_ends(), self.disk_pause, deadline].into_iter().flatten().min()
    }

    /// Acts on the answers to one batch.
    fn answered(&mut self, id: Id, answers: Result<Vec<Answer>, JoinError>, now: Instant) {
        let Some(flight) = self.flights.remove(&id) else { return };
        let (answers, silence) = match answers {
            Ok(answers) if answers.is_empty() => (answers, "no answer within five minutes"),
            Ok(answers) => (answers, "no answer for this event"),
            Err(_) => (Vec::new(), "the destination panicked"),
        };
        let silent = std::iter::repeat_with(|| Answer::Ambiguous(Refusal::new(silence)));
        let mut answered: Vec<(Ordinal, Answer)> =
            flight.events.into_iter().zip(answers.into_iter().chain(silent)).collect();
        // What was settled first: it shows that the destination works, by which the others are judged.
        answered.sort_by_key(|(_, answer)| !matches!(answer, Answer::Settled(_)));
        for (ordinal, answer) in answered {
            self.act(flight.batch, ordinal, answer, now);
        }
    }

    fn act(&mut self, batch: u64, ordinal: Ordinal, answer: Answer, now: Instant) {
        let Some(item) = self.held.get_mut(&ordinal) else { return };
        item.delivery.tries = item.delivery.tries.saturating_add(1);
        let tried = Tried {
            ordinal,
            action: &item.delivery.event.action,
            tries: item.delivery.tries,
            failing_since: *item.failing_since.get_or_insert(now),
            batch,
        };
        match self.breaker.judge(tried, answer, now) {
            Judgement::Settle(receipt) => self.settled(ordinal, receipt),
            Judgement::Bury(refusal) => self.graves.push(Grave { ordinal, refusal }),
            Judgement::Again(due) => {
                self.waiting.insert((due, ordinal));
            }
            Judgement::Keep => self.ready.push_back(ordinal),
            Judgement::Hold => {}
        }
    }

    fn settled(&mut self, ordinal: Ordinal, receipt: Receipt) {
        if let Some(item) = self.let_go(ordinal) {
            self.counted.delivered += 1;
            self.shared.awaited.delivered(item.position(), receipt);
        }
    }

    fn let_go(&mut self, ordinal: Ordinal) -> Option<Item> {
        let item = self.held.remove(&ordinal)?;
        self.held_bytes = self.held_bytes.saturating_sub(item.delivery.bytes.len());
        self.done.push(item.key);
        Some(item)
    }

    /// Makes dead letters durable, and only then counts their events as done.
    fn bury(&mut self, now: Instant) {
        if self.graves.is_empty() || self.disk_pause.is_some_and(|until| now < until) {
            return;
        }
        let at = self.shared.clock.now();
        let letters = self.graves.iter().filter_map(|grave| {
            let Delivery { bytes, tries, .. } = &self.held.get(&grave.ordinal)?.delivery;
            Some(DeadLetter::new(at, &self.identity, grave.refusal.clone(), *tries, bytes))
        });
        match self.dead_letters.keep(letters.collect()) {
            Ok(displaced) => {
                for event in displaced.iter().filter_map(|letter| letter.to_event().ok()) {
                    last_resort(&event, "more dead letters than memory keeps", &self.shared.counters);
                }
            }
            Err(error) => {
                tracing::error!(destination = %self.identity, %error, "dead letters can't be kept");
                self.disk_pause = Some(now + DISK_PAUSE);
                return;
            }
        }
        for Grave { ordinal, refusal } in std::mem::take(&mut self.graves) {
            if let Some(item) = self.let_go(ordinal) {
                self.counted.dead += 1;
                // Once per event would be a flood where somebody broke something; each doubling is enough.
                if self.counted.dead.is_power_of_two() {
                    tracing::warn!(destination = %self.identity, dead_letters = self.counted.dead,
                        event = %item.delivery.event.id, status = refusal.status, reason = refusal.reason,
                        "an event was refused and is kept as a dead letter");
                }
                let kind = self.identity.kind.clone();
                let failure = Failure::dead_letter(kind, refusal, &self.shared.counters);
                self.shared.awaited.failed(item.position(), failure);
            }
        }
    }

    /// Marks what is done in the journal.
    fn settle(&mut self) {
        if self.done.is_empty() {
            return;
        }
        let settled = self.backlog.settle(&self.done);
        self.done.clear();
        self.say_settle(settled);
    }

    /// The journal tries again by itself; until it succeeds a crash repeats deliveries, which loses nothing.
    fn say_settle(&mut self, settled: Result<(), JournalError>) {
        match settled {
            Ok(()) if self.settle_failing => {
                self.settle_failing = false;
                tracing::info!(destination = %self.identity, "delivered events are marked in the journal again");
            }
            Err(error) if !self.settle_failing => {
                self.settle_failing = true;
                tracing::error!(destination = %self.identity, error = &error as &dyn std::error::Error,
                    "delivered events can't be marked in the journal: a crash now would deliver them again");
            }
            Ok(()) | Err(_) => {}
        }
    }

    /// Posts how far this destination is, and says once when its state changed.
    fn post(&mut self) {
        let state = self.breaker.lane_state();
        let error = self.breaker.last_error();
        if state != self.said {
            self.said = state;
            let (destination, error) = (&self.identity, error.unwrap_or_default());
            match state {
                DeliveryState::Running => tracing::info!(%destination, "delivery resumed"),
                DeliveryState::BackingOff => {
                    tracing::warn!(%destination, error, "delivery is failing; retrying");
                }
                DeliveryState::Paused => {
                    tracing::error!(%destination, error, "delivery is paused: everything is kept, and one event a \
                        minute is tried");
                }
            }
        }
        // Also where too few events fail to back off: a service with a handful of changes a day must hear of it.
        if state == DeliveryState::Running && self.said_error != error.is_some() {
            self.said_error = error.is_some();
            match error {
                Some(error) => {
                    tracing::warn!(destination = %self.identity, error, "an event was not taken; it is tried again");
                }
                None => tracing::info!(destination = %self.identity, "events are taken again"),
            }
        }
        let in_flight = self.in_flight() as u64;
        let oldest = self.held.first_key_value();
        let unsettled = self.backlog.pending();
        self.shared.progress.post_lane(self.lane, |lane| {
            lane.in_flight = in_flight;
            lane.delivered = self.counted.delivered;
            lane.dead = self.counted.dead;
            lane.unreadable = self.counted.unreadable;
            lane.done_before = oldest.map_or(self.read + 1, |(ordinal, _)| *ordinal);
            lane.oldest = oldest.map(|(_, item)| item.delivery.event.occurred_at);
            lane.state = state;
            if lane.last_error.as_deref() != error {
                lane.last_error = error.map(str::to_owned);
            }
            // What is being committed is routed already and not yet in the backlog.
            debug_assert!(unsettled <= lane.remaining(), "{unsettled} in the journal, counted {lane:?}");
        });
    }
}

#[cfg(test)]
mod tests;
