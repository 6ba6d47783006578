//! What goes out, and when.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::Id;
use tokio::time::Instant;

use super::burial::Grave;
use super::{Worker, letters};
use crate::destination::{Answer, Delivery, LookUp, Repeats};
use crate::pipeline::breaker::{Gate, Ordinal, Sentence};

/// A destination that hasn't answered for so long never will. Destinations have limits of their own, far below.
const ANSWER_WITHIN: Duration = Duration::from_secs(5 * 60);

/// Looking for an event takes at most so long, however many pages there are: what can't tell by then can't tell.
const TOLD_WITHIN: Duration = Duration::from_secs(60);

/// A batch under way.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) batch: u64,
    pub(super) events: Vec<Ordinal>,
    /// Whether they are being sent; if not, the destination is asked whether it has the one.
    pub(super) sent: bool,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Landing {
    /// An answer for each event; none at all where the destination took too long.
    Answers(Vec<Answer>),
    /// What the destination said when it was asked about the one event.
    Told(LookUp),
}

impl Worker {
    /// Moves what has waited long enough to where it is sent from, and hears the judge about suspects.
    pub(super) fn release_due(&mut self, now: Instant) {
        while let Some(&(due, ordinal)) = self.waiting.first()
            && due <= now
        {
            self.waiting.pop_first();
            if ordinal >= letters::FIRST {
                // Before those that were not tried yet, so that it is always the same few that fail.
                self.letters.ready.push_front(ordinal);
            } else {
                self.ready.push_back(ordinal);
            }
        }
        for sentence in self.breaker.sentences(now) {
            match sentence {
                Sentence::Bury(ordinal, refusal) => self.graves.push(Grave::new(ordinal, refusal)),
                Sentence::Keep(ordinal) => self.make_ready(ordinal),
            }
        }
    }

    /// Sends as much as the operator, the breaker, the pace, the destination and the window allow.
    pub(super) fn send(&mut self, now: Instant) {
        if let Some(witness) = self.call_witness(now) {
            self.send_batch(vec![witness], now);
        }
        loop {
            let gate = self.breaker.gate(now);
            let most = self.room(gate, now);
            if most == 0 || !self.has_ready() {
                return;
            }
            let events = self.pick(most, gate);
            if events.is_empty() {
                return;
            }
            self.send_batch(events, now);
        }
    }

    fn send_batch(&mut self, events: Vec<Ordinal>, now: Instant) {
        if let [ordinal] = *events
            && self.asks_first(ordinal)
        {
            return self.ask(ordinal, now);
        }
        let awaited = self.shared.awaited.anybody();
        let batch: Vec<Delivery> = events
            .iter()
            .filter_map(|ordinal| self.held.get(ordinal))
            .map(|item| item.delivery.attempt(awaited))
            .collect();
        let destination = Arc::clone(&self.destination);
        let flight = self.landings.spawn(async move {
            let answers = tokio::time::timeout(ANSWER_WITHIN, destination.deliver(&batch)).await;
            Landing::Answers(answers.unwrap_or_default())
        });
        self.pacer.sent(events.len(), now);
        self.take_off(flight.id(), events, true);
    }

    /// Asks whether the event is there already.
    fn ask(&mut self, ordinal: Ordinal, now: Instant) {
        let Some(item) = self.held.get(&ordinal) else { return };
        let delivery = item.delivery.attempt(self.shared.awaited.anybody());
        let destination = Arc::clone(&self.destination);
        let flight = self.landings.spawn(async move {
            let told = tokio::time::timeout(TOLD_WITHIN, destination.look_up(&delivery)).await;
            Landing::Told(told.unwrap_or(LookUp::Unknown))
        });
        self.pacer.asked(now);
        self.take_off(flight.id(), vec![ordinal], false);
    }

    fn take_off(&mut self, id: Id, events: Vec<Ordinal>, sent: bool) {
        self.in_flight += events.len();
        self.flights.insert(id, Flight { batch: self.breaker.next_batch(), events, sent });
    }

    /// How many events the next batch may hold; 0 while there may be none.
    fn room(&mut self, gate: Gate, now: Instant) -> usize {
        let alone = self.flights.is_empty();
        let (may, most) = match gate {
            _ if self.on_hold || self.detached => (false, 0),
            Gate::Open if self.order.is_some() => (alone, self.destination.max_batch()),
            Gate::Open => {
                let abreast = self.destination.max_in_flight().max(1).min(self.breaker.width());
                (self.flights.len() < abreast, self.destination.max_batch())
            }
            Gate::OneBatch => (alone, self.destination.max_batch()),
            Gate::OneEvent => (alone, 1),
            Gate::Shut(_) => (false, 0),
        };
        if !may {
            return 0;
        }
        most.max(1).min(self.window.saturating_sub(self.in_flight)).min(self.pacer.room(now))
    }

    /// What goes next, at most so many: of the journal and of the letters in turns.
    fn pick(&mut self, most: usize, gate: Gate) -> Vec<Ordinal> {
        let mut line = match self.order {
            Some(_) => self.front(most),
            None => self.ready.iter().copied().take(most).collect(),
        };
        line.truncate(self.fitting(&line));
        // Where one batch decides whether the destination works, one of those that nobody has refused yet does.
        let letters_turn = line.is_empty() || gate == Gate::Open && std::mem::take(&mut self.letters.next);
        let events = if letters_turn { self.pick_letters(most) } else { Vec::new() };
        if !events.is_empty() {
            return events;
        }
        self.letters.next = true;
        match self.order {
            Some(_) => self.ready.retain(|ordinal| !line.contains(ordinal)),
            None => drop(self.ready.drain(..line.len())),
        }
        line
    }

    /// How many of these one batch may hold by their bytes: the first in any case. One that the destination is to be asked
    /// about first goes alone.
    pub(super) fn fitting<'a>(&self, events: impl IntoIterator<Item = &'a Ordinal>) -> usize {
        let most = self.destination.max_batch_bytes();
        if most == usize::MAX && self.repeats != Repeats::Stored {
            return events.into_iter().count();
        }
        let (mut number, mut sum) = (0, 0_usize);
        for ordinal in events {
            let asks = self.asks_first(*ordinal);
            sum = sum.saturating_add(self.held.get(ordinal).map_or(0, |item| item.delivery.bytes.len()));
            if number > 0 && (asks || sum > most) {
                break;
            }
            number += 1;
            if asks {
                break;
            }
        }
        number
    }

    /// It may be sent, as soon as its turn comes.
    pub(super) fn make_ready(&mut self, ordinal: Ordinal) {
        if ordinal >= letters::FIRST { &mut self.letters.ready } else { &mut self.ready }.push_back(ordinal);
    }

    pub(super) fn has_ready(&self) -> bool {
        !self.ready.is_empty() || !self.letters.ready.is_empty()
    }
}
