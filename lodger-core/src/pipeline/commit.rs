//! The journal thread: takes what waits in the intake, numbers it, and makes it durable.
//!
//! Group commit without linger: while one commit syncs, the next group gathers in the intake. A lone event waits for
//! nothing but its own fsync; under load one fsync carries many.

mod ending;
mod folded;
mod routing;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Shared;
use super::awaited::Awaited;
use super::budget::Budget;
use super::clock::Clock;
use super::content::{Content, Unfit};
use super::control::Controls;
use super::counters::{Counters, last_resort};
use super::filters::Filters;
use super::fold::{self, Fold};
use super::intake::{Entry, Intake, Limits, Taken};
use super::progress::Progress;
use super::sealed::Sealed;
use super::ticket::{Failure, Watch};
use crate::event::Position;
use crate::event::limits::MAX_EVENT_BYTES;
use crate::journal::{Appended, JournalError, Routes, Writer};

use ending::{End, Hand};
pub(super) use routing::Router;
use routing::Tally;

/// After a failure the journal is asked again this often, also when no event comes.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// How long a failing journal is tried when the client ends.
const LAST_TRIES: Duration = Duration::from_secs(2);

/// The largest event with what the journal thread adds to it: `writer`, `sequence` and `previous`, of which the last
/// has both again. Two ids of 36 characters, two numbers of at most 19 and the names are less than this.
const LARGEST_RECORD: u64 = MAX_EVENT_BYTES as u64 + 256;

/// Events that tell of a flood, about a kilobyte each, of four minutes at most: behind a destination that is down the rest
/// of the flood is told in them, or in the table.
const MAX_UNDELIVERED_FOLDS: Limits = Limits { events: 4 * fold::MAX_BUCKETS, bytes: usize::MAX };

/// What the journal thread works with.
#[derive(Debug)]
pub(super) struct Committer {
    writer: Writer,
    /// Goes into the first event.
    previous: Option<Position>,
    router: Router,
    filters: Arc<Filters>,
    intake: Arc<Intake>,
    progress: Arc<Progress>,
    awaited: Arc<Awaited>,
    controls: Arc<Controls>,
    counters: Arc<Counters>,
    fold: Arc<Fold>,
    clock: Arc<dyn Clock>,
    health: Health,
    /// More than three quarters of the journal are in use.
    tight: bool,
    /// What was folded could not all be written: its time is over, and it waits.
    behind: bool,
    /// Bounds the events that tell of folded ones and are not delivered yet.
    undelivered_folds: Arc<Budget>,
    /// More than three quarters of a destination's share are in use.
    crowded: bool,
    /// Staged events whose commit failed. Their waiters know.
    uncommitted: u64,
    /// How many events of strangers they tell of together. No waiter knows of those.
    uncommitted_folded: u64,
}

/// What was last said about the journal, so that each change is logged once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    Full,
    Failing,
}

impl Health {
    fn after(error: &JournalError) -> Self {
        match error {
            JournalError::Full { .. } | JournalError::DiskFull { .. } => Self::Full,
            _ => Self::Failing,
        }
    }
}

/// An event that is staged in the journal and not committed yet.
struct Staged {
    event: Sealed,
    place: Place,
    watch: Watch,
}

/// Where an event is in the journal, and for whom.
#[derive(Debug, Clone, Copy)]
struct Place {
    position: Position,
    routes: Routes,
    /// Whom it was to be for as well, had their shares not been used up.
    refused: Routes,
}

/// Why an event was not staged.
enum Refusal {
    Journal(JournalError),
    /// No filter takes it.
    Unrouted,
    /// The shares of those that it is for are used up; the journal itself has room.
    Shares(JournalError),
}

impl Committer {
    pub(super) fn new(
        writer: Writer,
        previous: Option<Position>,
        router: Router,
        intake: Arc<Intake>,
        shared: &Shared,
    ) -> Self {
        Self {
            writer,
            previous,
            router,
            filters: Arc::clone(&shared.filters),
            intake,
            progress: Arc::clone(&shared.progress),
            awaited: Arc::clone(&shared.awaited),
            controls: Arc::clone(&shared.controls),
            counters: Arc::clone(&shared.counters),
            fold: Arc::clone(&shared.fold),
            clock: Arc::clone(&shared.clock),
            health: Health::Good,
            tight: false,
            behind: false,
            undelivered_folds: Arc::new(Budget::whole(MAX_UNDELIVERED_FOLDS)),
            crowded: false,
            uncommitted: 0,
            uncommitted_folded: 0,
        }
    }

    /// Runs until the intake is closed and everything in it is committed or refused.
    pub(super) fn run(mut self) {
        // However this thread ends, also by a panic: nobody offers to a journal that nobody writes, nothing is
        // forgotten in the intake, and the workers learn that nothing more will come.
        let mut end = End {
            intake: Arc::clone(&self.intake),
            progress: Arc::clone(&self.progress),
            counters: Arc::clone(&self.counters),
            fold: Arc::clone(&self.fold),
            all_committed: false,
        };
        self.intake.release(self.room());
        loop {
            // Before anything else is routed: a worker that was detached ends when nothing more can come.
            if self.controls.see() {
                self.progress.ring();
            }
            let reached = match self.intake.take(self.patience()) {
                // Dropped unanswered, they tell that not everything is on disk.
                Taken::Group(entries, barriers) => {
                    if self.group(entries) {
                        barriers
                    } else {
                        Vec::new()
                    }
                }
                Taken::Nothing => {
                    if self.health != Health::Good {
                        self.recover();
                    }
                    Vec::new()
                }
                Taken::Closed => break,
            };
            self.write_due();
            reached.into_iter().for_each(|barrier| barrier.reached(Vec::new()));
        }
        let give_up = Instant::now() + LAST_TRIES;
        self.commit_until(give_up);
        self.write_last();
        self.commit_until(give_up);
        self.counters.aggregated_lost.add(self.uncommitted_folded);
        end.all_committed = self.uncommitted == 0;
        // Whoever waits for the end may open the same journal next.
        drop(self.writer);
    }

    /// For how many events of the largest size the journal has room, whatever they are. Each is recorded where one
    /// destination has room for it; where filters decide which those are, all of them must have it.
    fn room(&self) -> usize {
        let (every, some) = self.router.takers(&self.controls);
        let room = |routes| self.writer.room(LARGEST_RECORD, routes);
        let room = if every.is_empty() {
            some.iter().map(|slot| room(Routes::NONE.with(slot))).min().unwrap_or(u64::MAX)
        } else {
            room(every)
        };
        usize::try_from(room).unwrap_or(usize::MAX)
    }

    /// Tries to commit what is staged until it is, or the time is up.
    fn commit_until(&mut self, give_up: Instant) {
        while self.uncommitted > 0 && Instant::now() < give_up {
            self.commit_again();
            if self.uncommitted > 0 {
                std::thread::sleep(RETRY_EVERY / 10);
            }
        }
    }

    /// Stages and commits one group. Answers whether everything is on disk now.
    fn group(&mut self, entries: VecDeque<Entry>) -> bool {
        if self.uncommitted > 0 {
            self.commit_again();
        }
        let offered = entries.len();
        let staged = Vec::with_capacity(offered);
        let mut hand = Hand { offered: entries, staging: None, staged, counters: Arc::clone(&self.counters) };
        let mut all_staged = true;
        while let Some(Entry { content, watch, .. }) = hand.offered.pop_front() {
            let Some((sealed, watch)) = self.seal(content, watch) else {
                all_staged = false;
                continue;
            };
            let staged = self.stage(hand.staging.insert(sealed));
            let Some(event) = hand.staging.take() else { break };
            match staged {
                Ok(place) => hand.staged.push(self.staged(event, place, watch)),
                Err(Refusal::Unrouted) => self.unrouted(event, watch),
                Err(refusal) => {
                    all_staged = false;
                    self.refused(event, watch, refusal);
                }
            }
        }
        if !hand.staged.is_empty() {
            self.commit(&mut hand.staged);
        }
        if all_staged && self.health != Health::Good {
            self.look_for_room();
        }
        let bytes = self.writer.usage().bytes;
        self.progress.post(|board| {
            board.through_journal += offered as u64;
            board.journal_bytes = bytes;
            self.router.post(board);
        });
        all_staged && self.uncommitted == 0
    }

    /// Seals what waited. Whoever waits for what can't be recorded at all is told.
    fn seal(&self, content: Content, watch: Watch) -> Option<(Sealed, Watch)> {
        match content.seal(&self.filters) {
            Ok(sealed) => Some((sealed, watch)),
            Err(unfit) => {
                self.unfit(unfit, watch);
                None
            }
        }
    }

    /// It can't be recorded at all.
    fn unfit(&self, Unfit { event, why }: Unfit, watch: Watch) {
        self.counters.invalid.up();
        last_resort(&event, &why.to_string(), &self.counters);
        watch.failed(Failure::invalid(why, &self.counters));
    }

    /// Numbers the event and stages it.
    fn stage(&mut self, event: &Sealed) -> Result<Place, Refusal> {
        let routes = self.router.routes(event, &self.controls);
        if routes.is_empty() {
            return Err(Refusal::Unrouted);
        }
        let position = Position { writer: self.writer.id(), sequence: self.writer.next_sequence() };
        let (previous, mut bytes) = (self.previous, 0);
        let appended = self.writer.append_with(routes, |out| {
            let begin = out.len();
            event.place(out, position, previous);
            bytes = out.len() - begin;
        });
        match appended {
            Ok(Appended { refused, .. }) => {
                self.previous = None;
                self.share_out(event, routes.minus(refused), refused);
                Ok(Place { position, routes: routes.minus(refused), refused })
            }
            Err(error) => Err(self.blame(error, routes, bytes as u64)),
        }
    }

    /// Tells stderr for whom an event is not recorded.
    fn share_out(&mut self, event: &Sealed, recorded: Routes, refused: Routes) {
        self.router.routed(recorded, refused);
        if !refused.is_empty() {
            let names = self.router.names(refused);
            let reason = format!("not recorded for {names}, whose share of the journal is used up");
            last_resort(&event.to_event(), &reason, &self.counters);
        }
    }

    /// Whether the journal is full, or only the shares of those that the event is for: then the others go on.
    fn blame(&mut self, error: JournalError, routes: Routes, bytes: u64) -> Refusal {
        if !matches!(error, JournalError::Full { .. }) {
            return Refusal::Journal(error);
        }
        if self.router.lanes() > 1 && self.writer.make_room(bytes).is_ok() {
            self.router.routed(Routes::NONE, routes);
            return Refusal::Shares(error);
        }
        self.router.missed(routes);
        Refusal::Journal(error)
    }

    /// What no filter takes is done with. Where nobody is left who could take anything it is lost, and that is said.
    fn unrouted(&mut self, event: Sealed, watch: Watch) {
        self.counters.unrouted.up();
        if self.controls.attached() == 0 {
            return watch.failed(Failure::no_destination(event, &self.counters));
        }
        self.router.unrouted(&event);
        watch.reached(Vec::new());
    }

    fn staged(&self, event: Sealed, place: Place, mut watch: Watch) -> Staged {
        // Who waits for all destinations waits in vain where one of them does not get it, and is told at the commit.
        let in_vain = !place.refused.is_empty() && watch.wants_delivery();
        if watch.awaits_delivery() && !in_vain {
            self.awaited.expect(place.position, watch, place.routes);
            watch = Watch::nobody();
        }
        Staged { event, place, watch }
    }

    /// Tells whoever waits, and stderr where nobody does.
    fn refused(&mut self, event: Sealed, watch: Watch, refusal: Refusal) {
        let error = match refusal {
            Refusal::Unrouted => return self.unrouted(event, watch),
            Refusal::Journal(error) => Arc::new(error),
            Refusal::Shares(error) => {
                self.counters.journal_full.up();
                return watch.failed(Failure::journal(event, Arc::new(error), &self.counters));
            }
        };
        let failure = Failure::journal(event, Arc::clone(&error), &self.counters);
        match &*error {
            // The event is to blame, not the journal.
            JournalError::TooLarge { .. } => self.counters.too_large.up(),
            error => {
                let health = Health::after(error);
                match health {
                    Health::Full => self.counters.journal_full.up(),
                    Health::Good | Health::Failing => self.counters.journal_failed.up(),
                }
                self.turn(health, Some(error));
            }
        }
        watch.failed(failure);
    }

    fn commit(&mut self, staged: &mut Vec<Staged>) {
        match self.sync(staged) {
            Ok(()) => {
                for Staged { place, watch, .. } in staged.drain(..) {
                    if !place.refused.is_empty() && watch.wants_delivery() {
                        let names = self.router.names(place.refused);
                        watch.failed(Failure::share_full(names, &self.counters));
                    } else {
                        watch.reached(Vec::new());
                    }
                }
                // After those who wait: it is a system call for each worker that sleeps.
                self.progress.ring();
            }
            Err(error) => {
                let error = Arc::new(error);
                for Staged { event, place, watch } in staged.drain(..) {
                    let watch = self.awaited.forget(place.position).unwrap_or(watch);
                    watch.failed(Failure::commit(event, Arc::clone(&error), &self.counters));
                }
            }
        }
    }

    /// Makes staged events durable and visible. [Ring](Progress::ring) for the workers afterwards.
    fn sync(&mut self, staged: &[Staged]) -> Result<(), JournalError> {
        let number = staged.len() as u64;
        let events = staged.iter().map(|staged| (staged.event.occurred_at(), staged.place.routes));
        let tally = Tally::of(self.router.lanes(), events);
        self.progress.post(|board| tally.post(board));
        let committed = self.writer.commit();
        match &committed {
            Ok(()) => self.counters.commits.up(),
            Err(error) => {
                self.uncommitted += number;
                self.counters.commit_failed.add(number);
                self.turn(Health::Failing, Some(error));
            }
        }
        committed
    }

    /// What there is to do about a bad journal while nothing comes.
    fn recover(&mut self) {
        if self.uncommitted > 0 {
            self.commit_again();
        } else {
            self.look_for_room();
        }
    }

    /// Asks the journal whether it takes events again: a request that is let in must be able to leave one, however
    /// large.
    fn look_for_room(&mut self) {
        if self.uncommitted > 0 {
            return;
        }
        match self.writer.make_room(MAX_EVENT_BYTES as u64) {
            Ok(()) => self.turn(Health::Good, None),
            Err(error) => self.turn(Health::after(&error), Some(&error)),
        }
    }

    /// Tries once more to commit what is staged. Its waiters have been told that it failed; its destinations get it.
    fn commit_again(&mut self) {
        match self.writer.commit() {
            Ok(()) => {
                self.uncommitted = 0;
                self.uncommitted_folded = 0;
                self.progress.ring();
                self.look_for_room();
            }
            Err(error) => self.turn(Health::Failing, Some(&error)),
        }
    }

    /// Says once when the journal's health changes.
    fn turn(&mut self, health: Health, error: Option<&JournalError>) {
        self.intake.set_journal_full(health != Health::Good);
        if self.health == health {
            return;
        }
        self.health = health;
        match (health, error) {
            (Health::Full, Some(error)) => tracing::error!(%error, "the journal is full: events are refused"),
            (Health::Failing, Some(error)) => {
                tracing::error!(
                    error = error as &(dyn std::error::Error + 'static),
                    "the journal can't be written"
                );
            }
            _ => tracing::info!("the journal takes events again"),
        }
    }
}

#[cfg(test)]
#[cfg(feature = "journal")]
mod tests;
