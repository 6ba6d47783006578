//! A worker with its destination, and the journal in the test's hand.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::Worker;
use crate::destination::{Destination, Filter, Route};
use crate::event::{Event, EventId, Position};
use crate::journal::{JournalConfig, Opened, Routes, Writer, open};
use crate::pipeline::Shared;
use crate::pipeline::awaited::Awaited;
use crate::pipeline::control::{Command, Controls};
use crate::pipeline::counters::Counters;
use crate::pipeline::dead_letter::DeadLetters;
use crate::pipeline::filters::Filters;
use crate::pipeline::progress::{LaneBoard, Progress, Stop};
use crate::pipeline::testing::{FixedClock, Scripted, Seen};
use crate::pipeline::ticket::{Goal, Ticket, ticket};

/// A worker with its destination, and the journal in the test's hand.
pub(super) struct Rig {
    pub(super) writer: Writer,
    pub(super) shared: Arc<Shared>,
    pub(super) dead_letters: Arc<DeadLetters>,
    pub(super) worker: tokio::task::JoinHandle<()>,
}

impl Rig {
    pub(super) fn new(destination: &Scripted) -> Self {
        Self::with(destination, DeadLetters::in_memory(), true)
    }

    pub(super) fn with<D: Destination + Clone>(
        destination: &D,
        dead_letters: DeadLetters,
        durable: bool,
    ) -> Self {
        Self::on(Route::to(destination.clone()), dead_letters, durable)
    }

    /// A worker for this route.
    pub(super) fn on(route: Route, dead_letters: DeadLetters, durable: bool) -> Self {
        let journal = open(&JournalConfig::in_memory(), &[route.destination.identity()]).unwrap();
        Self::over(journal, route, dead_letters, durable)
    }

    /// A worker for this route, with what stands in this journal.
    pub(super) fn over(mut journal: Opened, route: Route, dead_letters: DeadLetters, durable: bool) -> Self {
        let identity = route.destination.identity();
        let backlog = journal.backlogs.pop().unwrap();
        let shared = Arc::new(Shared {
            filters: Arc::new(Filters::new([Filter::any()])),
            progress: Arc::new(Progress::new(vec![LaneBoard::new(identity, backlog.pending())])),
            awaited: Arc::new(Awaited::new()),
            fold: Arc::default(),
            counters: Arc::new(Counters::default()),
            controls: Arc::new(Controls::new([Arc::clone(&route.destination)])),
            clock: Arc::new(FixedClock::with_jitter(1.0)),
            durable,
        });
        let dead_letters = Arc::new(dead_letters);
        let worker = Worker::new(0, &route, backlog, Arc::clone(&dead_letters), Arc::clone(&shared));
        Self { writer: journal.writer, shared, dead_letters, worker: tokio::spawn(worker.run()) }
    }

    pub(super) fn commit(&mut self, payload: &[u8]) {
        self.writer.append(payload, Routes::all(1)).unwrap();
        self.shared.progress.post_lane(0, |lane| lane.routed += 1);
        self.writer.commit().unwrap();
        self.shared.progress.ring();
    }

    /// Commits an event of this action.
    pub(super) fn add(&mut self, action: &'static str) -> EventId {
        let event = Event::builder(action).build().unwrap();
        self.commit(&event.to_canonical_json().unwrap());
        event.id
    }

    /// Commits so many events.
    pub(super) fn add_many(&mut self, number: usize) -> Vec<EventId> {
        (0..number).map(|_| self.add("a.b")).collect()
    }

    /// Commits an event and waits for its delivery.
    pub(super) fn add_awaited(&mut self, action: &'static str) -> Ticket {
        self.await_event(&Event::builder(action).build().unwrap())
    }

    /// Commits an event under this idempotency key and waits for its delivery.
    #[cfg(feature = "http")]
    pub(super) fn add_awaited_under(&mut self, key: &str) -> Ticket {
        self.await_event(&Event::builder("a.b").idempotency_key(key).build().unwrap())
    }

    fn await_event(&mut self, event: &Event) -> Ticket {
        let (ticket, watch) = ticket(Goal::Delivered);
        let position = Position { writer: self.writer.id(), sequence: self.writer.next_sequence() };
        self.shared.awaited.expect(position, watch, Routes::all(1));
        self.commit(&event.to_canonical_json().unwrap());
        ticket
    }

    pub(super) fn lane(&self) -> LaneBoard {
        self.shared.progress.read(|board| board.lanes[0].clone())
    }

    /// Pending, in flight, delivered, dead.
    pub(super) fn counts(&self) -> [u64; 4] {
        let lane = self.lane();
        [lane.pending(), lane.in_flight, lane.delivered, lane.dead]
    }

    pub(super) fn dead(&self) -> Vec<EventId> {
        self.dead_letters.list().unwrap().iter().map(|letter| letter.to_event().unwrap().id).collect()
    }

    /// Orders something of the worker, as an operator does.
    pub(super) fn order(&self, command: Command) {
        if matches!(command, Command::Detach) {
            assert!(self.shared.controls.detach(0), "it was attached");
        }
        self.shared.controls.order(0, command);
        self.shared.progress.ring();
    }

    /// The journal thread sees who is still attached.
    pub(super) fn see(&self) {
        self.shared.controls.see();
        self.shared.progress.ring();
    }

    /// Sends all dead letters again.
    pub(super) fn retry_all(&self) {
        self.order(Command::Retry(self.dead_letters.list().unwrap()));
    }

    pub(super) fn stop_in(&self, time: Duration) {
        self.shared.progress.post(|board| board.journal_ended = true);
        self.shared.progress.stop(Stop { deadline: Instant::now() + time });
    }
}

pub(super) async fn pass(seconds: f64) {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
}

pub(super) fn ids(seen: &[Seen]) -> Vec<EventId> {
    seen.iter().map(|seen| seen.id).collect()
}

pub(super) fn seconds(seen: &[Seen]) -> Vec<f64> {
    seen.iter().map(|seen| seen.at.as_secs_f64()).collect()
}

/// Times on the paused clock are exact to the timer's millisecond.
pub(super) fn assert_at(seen: &[Seen], expected: &[f64]) {
    let times = seconds(seen);
    let equal = times.len() == expected.len()
        && times.iter().zip(expected).all(|(time, expected)| (0.0..0.01).contains(&(time - expected)));
    assert!(equal, "sent at {times:?}, expected {expected:?}");
}
