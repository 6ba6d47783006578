//! The door: where finished events wait, in memory, for the journal thread.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use super::budget::Budget;
use super::content::Content;
use super::held::{Held, Holder};
use super::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use super::ticket::Watch;
use crate::event::Timestamp;
use crate::journal::Owner;

/// How much may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// How many events. Default: 8,192, some seconds of a busy server while a disk hiccups.
    pub(crate) events: usize,
    /// How many bytes of memory. Default: 32 MiB.
    pub(crate) bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { events: 8_192, bytes: 32 << 20 }
    }
}

/// Whose doing an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// Something that the application did for somebody it let in.
    Trusted,
    /// Something that strangers can cause at will: denied, or rejected before the handler. Such events have a
    /// [`Budget`] of their own, so that a flood of them can't crowd out the others.
    Hostile,
}

/// Why the door stayed shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shut {
    Full,
    Closed,
}

/// An event in the intake.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) content: Content,
    pub(crate) watch: Watch,
    lane: Lane,
    weight: usize,
}

impl Entry {
    pub(crate) fn new(content: Content, lane: Lane, watch: Watch) -> Self {
        let weight = content.weight();
        Self { content, watch, lane, weight }
    }

    /// The bytes of memory that it takes.
    pub(crate) fn weight(&self) -> usize {
        self.weight
    }
}

/// What the journal thread gets when it asks for work.
#[derive(Debug)]
pub(crate) enum Taken {
    /// Everything that waited, oldest first, and who waits for all of it. Call [`Intake::release`] when it is done
    /// with.
    Group(VecDeque<Entry>, Vec<Watch>),
    /// Nothing came in time, or somebody nudged.
    Nothing,
    /// The intake is closed and empty.
    Closed,
}

/// A bounded queue. Offering never blocks: a short lock, and a full intake refuses.
#[derive(Debug)]
pub(crate) struct Intake {
    owner: Owner,
    limits: Limits,
    budget: Arc<Budget>,
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Entry>,
    all: Load,
    /// The part of `all` that the journal thread has in hand.
    taken: Load,
    /// Places held for requests that are still running.
    held: Held,
    /// For how many events of the largest size the journal has room, those in hand included.
    room: usize,
    accepted: u64,
    /// Those who wait for everything that was taken in before they came.
    barriers: Vec<Watch>,
    journal_full: bool,
    /// Whoever takes is to look up, though nothing has come.
    nudged: bool,
    /// Whoever takes sleeps. The first one who brings something wakes it, which costs a system call; the others need not.
    asleep: bool,
    closed: bool,
    /// Nobody takes any more; whether everything that was ever accepted is committed or was refused to its face.
    ended: Option<bool>,
}

impl State {
    fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.barriers.is_empty()
    }

    /// Events that are let in, or that a place is held for.
    fn promised(&self) -> usize {
        self.all.events + self.held.all()
    }

    /// Whether an event that has no place may come in. What the journal has left is for those who hold one.
    fn has_room(&self, weight: usize, limits: Limits) -> bool {
        let promised = self.promised();
        let beside_the_held = self.held.all() == 0 || promised < self.room;
        beside_the_held && Load { events: promised, ..self.all }.fits(weight, limits)
    }
}

/// How much there is of something.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Load {
    pub(super) events: usize,
    pub(super) bytes: usize,
}

impl Load {
    pub(super) fn fits(self, weight: usize, limits: Limits) -> bool {
        // One event always fits into an empty bound, or an event heavier than the bound could never pass.
        self.events == 0 || (self.events < limits.events && self.bytes + weight <= limits.bytes)
    }

    pub(super) fn add(&mut self, weight: usize) {
        self.events += 1;
        self.bytes += weight;
    }

    pub(super) fn subtract(&mut self, part: Load) {
        self.events = self.events.saturating_sub(part.events);
        self.bytes = self.bytes.saturating_sub(part.bytes);
    }
}

impl Intake {
    pub(crate) fn new(limits: Limits) -> Self {
        let budget = Arc::new(Budget::of(limits));
        let state = State { room: usize::MAX, ..State::default() };
        Self { owner: Owner::here(), limits, budget, state: Mutex::new(state), arrived: Condvar::new() }
    }

    /// The process whose intake it is. Another one must not touch it: whoever held its lock at the fork never gives it back.
    pub(crate) fn owner(&self) -> Owner {
        self.owner
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the entry, into the place that was held for it if there is one, or gives it back with the reason.
    pub(crate) fn offer(&self, mut entry: Entry, place: Option<Reservation>) -> Result<(), (Shut, Entry)> {
        let mut state = self.lock();
        let held = place.is_some_and(|place| place.fill(self, &mut state));
        if state.closed {
            return Err((Shut::Closed, entry));
        }
        if !held && !state.has_room(entry.weight, self.limits) {
            return Err((Shut::Full, entry));
        }
        if entry.lane == Lane::Hostile {
            let Some(permit) = self.budget.permit(entry.weight) else {
                return Err((Shut::Full, entry));
            };
            entry.watch.hold(permit);
        }
        state.all.add(entry.weight);
        state.accepted += 1;
        state.queue.push_back(entry);
        self.wake(state);
        Ok(())
    }

    /// Answers when everything taken in so far is committed; drops the watch when it never will be.
    pub(crate) fn barrier(&self, watch: Watch) {
        let mut state = self.lock();
        let Some(all_committed) = state.ended else {
            state.barriers.push(watch);
            return self.wake(state);
        };
        drop(state);
        if all_committed {
            watch.reached(Vec::new());
        }
    }

    /// Holds a place for an event to come, however large, until the reservation is dropped: a place in memory and room in
    /// the journal. `None` when there is none of either, or when this peer holds as many places as are left: so whoever
    /// opens requests and never ends them leaves places to everybody else.
    pub(crate) fn reserve(self: &Arc<Self>, peer: Option<IpAddr>) -> Option<Reservation> {
        let holder = Holder::of(peer);
        let mut state = self.lock();
        let left = self.limits.events.min(state.room).saturating_sub(state.promised());
        let shut = state.closed || state.journal_full || state.all.bytes >= self.limits.bytes;
        if shut || state.held.by(holder) >= left {
            // The journal may have got room since it was last asked, though no event came.
            state.nudged = true;
            self.wake(state);
            return None;
        }
        state.held.add(holder);
        drop(state);
        Some(Reservation { intake: Some(Arc::clone(self)), holder })
    }

    /// Counts up to so many events in that the journal thread has of its own; answers how many. What is promised to others
    /// stays theirs, also to those who have filled their place and wait. To be [released](Self::release) with the next group.
    pub(crate) fn claim(&self, wanted: usize) -> usize {
        let mut state = self.lock();
        let promised = state.promised();
        let left = if promised == 0 { usize::MAX } else { state.room.saturating_sub(promised) };
        let claimed = wanted.min(left);
        state.all.events += claimed;
        state.taken.events += claimed;
        claimed
    }

    /// Everything that waits; blocks until there is something, `patience` is over, somebody nudges, or the intake is
    /// closed.
    pub(crate) fn take(&self, patience: Option<Duration>) -> Taken {
        let mut state = self.lock();
        while state.is_empty() && !state.closed {
            if std::mem::take(&mut state.nudged) {
                return Taken::Nothing;
            }
            state.asleep = true;
            let Some(patience) = patience else {
                state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let (woken, timeout) =
                self.arrived.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if timeout.timed_out() && state.is_empty() && !state.closed {
                return Taken::Nothing;
            }
        }
        if state.is_empty() {
            return Taken::Closed;
        }
        // As large as this group, so that those who bring the next one need not make it grow under the lock; nor is it made
        // under it. Nobody else takes, so what was there is there.
        let group = state.queue.len();
        drop(state);
        let next = VecDeque::with_capacity(group);
        let mut state = self.lock();
        state.taken = state.all;
        Taken::Group(std::mem::replace(&mut state.queue, next), std::mem::take(&mut state.barriers))
    }

    /// Gives back the room of what was taken last, and says for how many events of the largest size the journal has room
    /// now. Until then it counts: memory is bounded by what waits and what is being committed together.
    pub(crate) fn release(&self, room: usize) {
        let mut state = self.lock();
        state.room = room;
        let taken = std::mem::take(&mut state.taken);
        state.all.subtract(taken);
    }

    /// Refuses everything from now on. What waits is still handed to the journal thread.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    /// Nobody takes any more. Answers with what was left, which is nothing unless the journal thread panicked.
    pub(crate) fn end(&self, all_committed: bool) -> VecDeque<Entry> {
        let mut state = self.lock();
        state.closed = true;
        state.ended = Some(all_committed);
        state.all = Load::default();
        let left = std::mem::take(&mut state.queue);
        let barriers = std::mem::take(&mut state.barriers);
        drop(state);
        // Dropped unanswered, they tell that not everything is on disk.
        barriers.into_iter().filter(|_| all_committed).for_each(|barrier| barrier.reached(Vec::new()));
        left
    }

    /// Says whether the journal has room, for reservations.
    pub(crate) fn set_journal_full(&self, full: bool) {
        self.lock().journal_full = full;
    }

    /// Says whether the journal has room to spare for events that strangers can cause.
    pub(crate) fn set_shut_to_strangers(&self, shut: bool) {
        self.budget.set_shut(shut);
    }

    /// Does something while somebody has the lock.
    #[cfg(test)]
    pub(crate) fn while_locked(&self, work: impl FnOnce()) {
        let _state = self.lock();
        work();
    }

    /// How many events that strangers caused are under way.
    #[cfg(test)]
    pub(crate) fn permits(&self) -> usize {
        self.budget.taken()
    }

    /// Lets whoever takes look up.
    pub(crate) fn nudge(&self) {
        let mut state = self.lock();
        state.nudged = true;
        self.wake(state);
    }

    /// Wakes whoever takes, if it sleeps.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let asleep = std::mem::take(&mut state.asleep);
        drop(state);
        if asleep {
            self.arrived.notify_one();
        }
    }

    /// How many events were ever taken in.
    pub(crate) fn accepted(&self) -> u64 {
        self.lock().accepted
    }

    /// How many events wait or are being committed, and when the first of those that wait happened.
    pub(crate) fn waiting(&self) -> (u64, Option<Timestamp>) {
        let state = self.lock();
        (state.all.events as u64, state.queue.front().map(|entry| entry.content.occurred_at()))
    }
}

/// A place in the intake. Dropping it gives the place back; offering an event with it fills it.
#[derive(Debug)]
pub(crate) struct Reservation {
    /// `None` once it is filled.
    intake: Option<Arc<Intake>>,
    holder: Holder,
}

impl Reservation {
    /// Gives the place up for an event that is put into it under this lock. False for a place in another intake.
    fn fill(mut self, intake: &Intake, state: &mut State) -> bool {
        let mine = self.intake.take_if(|mine| std::ptr::eq(&raw const **mine, intake)).is_some();
        if mine {
            state.held.remove(self.holder);
        }
        mine
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(intake) = self.intake.take_if(|intake| intake.owner.is_here()) {
            intake.lock().held.remove(self.holder);
        }
    }
}

#[cfg(test)]
mod tests;
