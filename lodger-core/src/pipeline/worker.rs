//! One destination's worker: reads its backlog, sends, and acts on the answers.
//!
//! Each runs on an OS thread of its own with a current-thread runtime, so it outlives the application's runtime, and
//! a destination that blocks delays nobody else.
//!
//! [`holding`] is what it has in its hands, [`sending`] what goes out and when ([`order`]: where the order counts),
//! [`answers`] what comes back, [`doubts`] what may be there already, [`burial`] how an event ends, [`posting`] what is said
//! about it, [`ending`] how the worker does. [`orders`] are what an operator wants, [`letters`] the dead letters that are sent
//! again.

mod answers;
mod burial;
mod doubts;
mod ending;
mod holding;
mod letters;
mod order;
mod orders;
mod posting;
mod sending;
mod trouble;

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
use super::breaker::{Breaker, Gate, Ordinal};
use super::dead_letter::DeadLetters;
use super::pacing::Pacer;
use super::progress::DeliveryState;
use crate::destination::{Destination, Identity, Repeats, Route};
use crate::journal::{Backlog, RecordKey};

use burial::Grave;
use doubts::Unanswered;
use holding::Item;
use letters::Letters;
use order::Order;
use posting::Counted;
use sending::{Flight, Landing};
use trouble::Troubles;

/// At most so many events are under way or about to be, where each goes alone (`docs/guarantees.md`) …
const WINDOW: usize = 64;

/// … and at most so many where they go in batches: as many as all batches hold that may be under way.
const WIDEST_WINDOW: usize = 4_096;

/// How long to wait after the journal or the log of dead letters failed.
const DISK_PAUSE: Duration = Duration::from_secs(1);

/// One destination's worker.
#[derive(Debug)]
pub(super) struct Worker {
    lane: usize,
    identity: Identity,
    destination: Arc<dyn Destination>,
    /// Whether it asks for more of an event than its bytes.
    reads_events: bool,
    /// What it does with an event that it is given twice.
    repeats: Repeats,
    /// So many events are under way or about to be.
    window: usize,
    backlog: Backlog,
    shared: Arc<Shared>,
    dead_letters: Arc<DeadLetters>,
    bell: Arc<Notify>,
    breaker: Breaker,
    pacer: Pacer,
    /// Where the events have to arrive in the order of the journal.
    order: Option<Order>,
    /// An operator wants nothing to be sent.
    on_hold: bool,
    /// An operator has given the destination up.
    detached: bool,
    letters: Letters,
    /// Questions about any event in doubt.
    unanswered: Unanswered,
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
    /// How many events are in them.
    in_flight: usize,
    landings: JoinSet<Landing>,
    /// The disk failed: nothing is read and nobody is buried before this time.
    disk_pause: Option<Instant>,
    troubles: Troubles,
    said: DeliveryState,
    /// Whether it was last said that an event is not taken.
    said_error: bool,
    /// When that was.
    said_error_at: Option<Instant>,
    counted: Counted,
}

impl Worker {
    pub(super) fn new(
        lane: usize,
        route: &Route,
        backlog: Backlog,
        dead_letters: Arc<DeadLetters>,
        shared: Arc<Shared>,
    ) -> Self {
        let destination = Arc::clone(&route.destination);
        let ordered = route.ordered || destination.ordered();
        Self {
            lane,
            identity: destination.identity(),
            backlog,
            bell: shared.progress.bell(lane),
            breaker: Breaker::new(Arc::clone(&shared.clock), ordered, Instant::now()),
            pacer: Pacer::new(destination.pacing().into_iter().chain(route.pacing)),
            order: ordered.then(Order::default),
            on_hold: false,
            detached: false,
            letters: Letters::default(),
            unanswered: Unanswered::default(),
            reads_events: destination.reads_events(),
            repeats: destination.repeats(),
            window: window(&*destination),
            destination,
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
            in_flight: 0,
            landings: JoinSet::new(),
            disk_pause: None,
            troubles: Troubles::default(),
            said: DeliveryState::Running,
            said_error: false,
            said_error_at: None,
            counted: Counted::default(),
        }
    }

    /// Looks into the backlog, so that the statistics know from the start how old it is.
    pub(super) fn begun(mut self) -> Self {
        self.read_backlog(Instant::now());
        self.post();
        self
    }

    /// Runs until it is asked to stop and has delivered everything, or its time is over.
    pub(super) async fn run(mut self) {
        loop {
            let now = Instant::now();
            self.obey(now);
            if !self.time_is_over(now) {
                self.hold_letters(now);
                self.read_backlog(now);
                self.release_due(now);
                self.send(now);
            }
            self.remove_redeemed(now);
            let buried = self.bury(now);
            self.settle();
            self.post();
            if self.is_finished(now) {
                break;
            }
            if buried {
                // There is room for more, and nobody else would say so.
                tokio::task::yield_now().await;
                continue;
            }
            let landed = self.next_answers(now).await;
            let now = Instant::now();
            for (id, landing) in landed {
                self.landed(id, landing, now);
            }
        }
        self.end();
    }

    /// Waits for answers, the bell, or the next time at which there is something to do. All answers that are there come
    /// together, so that a turn is for all of them.
    async fn next_answers(&mut self, now: Instant) -> Vec<(Id, Result<Landing, JoinError>)> {
        let bell = Arc::clone(&self.bell);
        let mut rung = pin!(bell.notified());
        let mut alarm = self.next_alarm(now).map(|time| Box::pin(tokio::time::sleep_until(time)));
        poll_fn(|context| {
            let mut landed = Vec::new();
            while let Poll::Ready(Some(joined)) = self.landings.poll_join_next_with_id(context) {
                landed.push(match joined {
                    Ok((id, landing)) => (id, Ok(landing)),
                    Err(error) => (error.id(), Err(error)),
                });
            }
            let alarmed = alarm.as_mut().is_some_and(|alarm| alarm.as_mut().poll(context).is_ready());
            if !landed.is_empty() || alarmed || rung.as_mut().poll(context).is_ready() {
                Poll::Ready(landed)
            } else {
                Poll::Pending
            }
        })
        .await
    }

    fn next_alarm(&self, now: Instant) -> Option<Instant> {
        let gate = match self.breaker.gate(now) {
            _ if self.on_hold || !self.has_ready() => None,
            Gate::Shut(until) => Some(until),
            _ => self.pacer.opens(now),
        };
        let again = self.waiting.first().map(|(due, _)| *due);
        let deadline = self.deadline().filter(|deadline| *deadline > now);
        [gate, again, self.breaker.suspicion_ends(), self.disk_pause, deadline].into_iter().flatten().min()
    }
}

/// How many events may be under way to this destination, or about to be.
fn window(destination: &dyn Destination) -> usize {
    match destination.max_batch() {
        0 | 1 => WINDOW,
        batch => batch.saturating_mul(destination.max_in_flight().max(1)).clamp(WINDOW, WIDEST_WINDOW),
    }
}

#[cfg(test)]
mod tests;
