//! Dead letters that are sent again.
//!
//! A letter stays where it is until the destination has taken its event; only then it is removed. A crash in between
//! leaves it a dead letter, and a repeat has the same bytes and the same key.

use std::collections::{HashSet, VecDeque};

use tokio::time::Instant;

use super::burial::Grave;
use super::doubts::{Doubt, Unanswered};
use super::holding::{Item, MAX_HELD_BYTES, Source};
use super::{DISK_PAUSE, WINDOW, Worker};
use crate::destination::{Delivery, Repeats};
use crate::event::EventId;
use crate::pipeline::breaker::Ordinal;
use crate::pipeline::dead_letter::DeadLetter;
use crate::pipeline::retry::PATIENCE_TRIES;

/// The ordinals of letters begin here: behind those of all events that a journal can hold.
pub(super) const FIRST: Ordinal = 1 << 63;

/// While letters fail again, at most so many are tried: fewer than it takes to make a destination count as failing, or
/// those that were refused before would hold up all others once more.
const FAILING_AT_ONCE: usize = 4;

/// Letters are looked up and removed so many at a time: each time is a look through all that there are.
const AT_ONCE: usize = 32;

/// What is to be sent again.
#[derive(Debug, Default)]
pub(super) struct Letters {
    waiting: VecDeque<DeadLetter>,
    /// Those that are waiting, in hand or to be removed: each is sent once, however often that is asked for.
    known: HashSet<EventId>,
    /// In hand, and to be sent in this order.
    pub(super) ready: VecDeque<Ordinal>,
    /// The journal had its turn.
    pub(super) next: bool,
    /// How many were ever in hand.
    taken: u64,
    /// How many are.
    pub(super) held: usize,
    /// Taken by the destination, and to be removed.
    pub(super) redeemed: Vec<EventId>,
}

impl Letters {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.held == 0 && self.redeemed.is_empty()
    }

    /// It is a dead letter again, as any other.
    pub(super) fn forget(&mut self, id: EventId) {
        self.known.remove(&id);
    }
}

impl Worker {
    /// An operator wants these sent again.
    pub(super) fn take_up(&mut self, letters: Vec<DeadLetter>) {
        for letter in letters {
            if self.letters.known.insert(letter.id) {
                self.counted.retried += 1;
                self.letters.waiting.push_back(letter);
            }
        }
    }

    /// Takes letters in hand, as many as there is room for.
    pub(super) fn hold_letters(&mut self, now: Instant) {
        if self.letters.held > WINDOW - AT_ONCE {
            return;
        }
        let number = WINDOW.saturating_sub(self.letters.held).min(self.letters.waiting.len());
        let full = self.held_bytes >= MAX_HELD_BYTES;
        if number == 0 || full || self.on_hold || self.disk_pause.is_some_and(|until| now < until) {
            return;
        }
        let ids: Vec<EventId> = self.letters.waiting.iter().take(number).map(|letter| letter.id).collect();
        let Some(kept) = self.still_kept(&ids, now) else { return };
        let letters: Vec<DeadLetter> = self.letters.waiting.drain(..number).collect();
        for letter in letters {
            if kept.contains(&letter.id) {
                self.hold_letter(letter);
            } else {
                // Somebody purged it, or sent it, meanwhile.
                self.letters.forget(letter.id);
                self.counted.retried -= 1;
            }
        }
    }

    /// Those of these events that are dead letters now; `None` while that can't be read.
    fn still_kept(&mut self, ids: &[EventId], now: Instant) -> Option<HashSet<EventId>> {
        let trouble = &mut self.troubles.reading_letters;
        match self.dead_letters.still_kept(ids) {
            Ok(kept) => {
                if trouble.ends() {
                    tracing::info!(destination = %self.identity, "dead letters can be read again");
                }
                Some(kept)
            }
            Err(error) => {
                if trouble.begins() {
                    tracing::error!(destination = %self.identity, %error, "dead letters can't be read");
                }
                self.disk_pause = Some(now + DISK_PAUSE);
                None
            }
        }
    }

    /// What was purged while it was sent again is no letter any more, though it is refused again. False while that can't
    /// be read.
    pub(super) fn forget_purged(&mut self, now: Instant) -> bool {
        let letter = |grave: &Grave| {
            self.held
                .get(&grave.ordinal)
                .filter(|item| item.position().is_none())
                .map(|item| item.delivery.id())
        };
        let letters: Vec<(Ordinal, EventId)> =
            self.graves.iter().filter_map(|grave| Some((grave.ordinal, letter(grave)?))).collect();
        if letters.is_empty() {
            return true;
        }
        let ids: Vec<EventId> = letters.iter().map(|(_, id)| *id).collect();
        let Some(kept) = self.still_kept(&ids, now) else { return false };
        for (ordinal, id) in letters.into_iter().filter(|(_, id)| !kept.contains(id)) {
            self.graves.retain(|grave| grave.ordinal != ordinal);
            self.let_go(ordinal);
            self.letters.forget(id);
            self.counted.retried -= 1;
        }
        true
    }

    fn hold_letter(&mut self, letter: DeadLetter) {
        let (mut delivery, read) = Delivery::of(letter.bytes, self.reads_events);
        if let Err(error) = read {
            tracing::warn!(destination = %self.identity, event = %letter.id, %error,
                "this version can't read the event of a dead letter, which stays one");
            self.letters.forget(letter.id);
            self.counted.dead += 1;
            return;
        }
        delivery.tries = letter.tries;
        delivery.known_as(letter.id);
        let ordinal = FIRST + self.letters.taken;
        self.letters.taken += 1;
        self.letters.held += 1;
        self.held_bytes += delivery.bytes.len();
        let source = Source::Letter { earlier: letter.tries };
        // It may have been sent again before, and taken, in a process that ended before the letter was removed.
        let doubt = Doubt::of(letter.may_be_there || self.repeats != Repeats::Recognised);
        self.held.insert(
            ordinal,
            Item { source, delivery, doubt, unanswered: Unanswered::default(), failing_since: None },
        );
        self.letters.ready.push_back(ordinal);
    }

    /// Letters that may go next, at most so many.
    pub(super) fn pick_letters(&mut self, most: usize) -> Vec<Ordinal> {
        let failing = self.held.range(FIRST..).any(|(_, item)| item.failing_since.is_some());
        let most = if failing {
            let under_way = self.letters.held - self.letters.ready.len();
            most.min(FAILING_AT_ONCE.saturating_sub(under_way))
        } else {
            most
        };
        let most = self.fitting(self.letters.ready.iter().take(most));
        self.letters.ready.drain(..most).collect()
    }

    /// Whether a letter has failed so often, while others succeeded, that it stays one.
    pub(super) fn letter_fails_again(&self, ordinal: Ordinal) -> bool {
        ordinal >= FIRST
            && self.held.get(&ordinal).is_some_and(|item| {
                item.tries() >= PATIENCE_TRIES
                    && item.failing_since.is_some_and(|since| self.breaker.succeeded_since(since))
            })
    }

    /// Removes the letters whose events were taken, and only then counts them as delivered.
    pub(super) fn remove_redeemed(&mut self, now: Instant) {
        let is_letter = |ordinal: &Ordinal| *ordinal >= FIRST;
        let more_to_come = self.flights.values().any(|flight| flight.events.iter().any(is_letter));
        let enough = self.letters.redeemed.len() >= if more_to_come { AT_ONCE } else { 1 };
        if !enough || self.disk_pause.is_some_and(|until| now < until) {
            return;
        }
        match self.dead_letters.remove(&self.letters.redeemed) {
            Ok(_) => {
                if self.troubles.removing_letters.ends() {
                    tracing::info!(destination = %self.identity, "dead letters that were delivered are removed again");
                }
                for id in std::mem::take(&mut self.letters.redeemed) {
                    self.letters.forget(id);
                    self.counted.delivered += 1;
                }
            }
            Err(error) => {
                if self.troubles.removing_letters.begins() {
                    tracing::error!(destination = %self.identity, %error,
                        "dead letters that were delivered can't be removed: sent again, they would be repeats");
                }
                self.disk_pause = Some(now + DISK_PAUSE);
            }
        }
    }

    /// What could not be sent is still a dead letter; so is what could not be removed, though the destination has it.
    pub(super) fn put_letters_back(&mut self) {
        let held: Vec<Ordinal> = self.held.range(FIRST..).map(|(ordinal, _)| *ordinal).collect();
        let back = held.len() + self.letters.waiting.len() + self.letters.redeemed.len();
        for ordinal in held {
            self.let_go(ordinal);
        }
        self.counted.dead += back as u64;
        self.letters = Letters { taken: self.letters.taken, ..Letters::default() };
    }
}
