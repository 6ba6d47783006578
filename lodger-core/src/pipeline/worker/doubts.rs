//! Events that may be there already.
//!
//! A try whose end nobody saw may have been taken. Where the destination recognises repeats, sending again is all there is
//! to do. Where it stores them, it is asked first, each time, until the event is found or taken: what was under way may
//! arrive late. Question and sending are two requests; a crash in between begins with the question again, because what
//! a process leaves behind is in doubt.
//!
//! An event in doubt is asked about alone, in the place of a batch, so it holds up nobody more than a delivery would.
//!
//! A question that fails is backed off from as a try is, but says nothing about the event. A service that takes events and
//! whose list is broken would hold them up for ever: so when [`ENOUGH`] questions in a row have failed, for [`FOR_LONG`], one
//! more that fails is taken for one that found nothing, and the event is sent. Where sending fails, too, it is not the list,
//! and the count begins anew: an outage costs few copies.

use std::time::Duration;

use tokio::time::Instant;

use super::sending::Flight;
use super::{Worker, letters};
use crate::destination::{Answer, LookUp, Repeats};
use crate::pipeline::breaker::{Judgement, Ordinal, Tried};

/// So many questions in a row have to fail …
const ENOUGH: u32 = 3;

/// … and for so long, before an event is sent without an answer.
const FOR_LONG: Duration = Duration::from_secs(60);

/// Questions that failed since one was answered.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Unanswered {
    number: u32,
    since: Option<Instant>,
}

impl Unanswered {
    /// Another one. Answers whether there were enough before.
    fn another(&mut self, now: Instant) -> bool {
        let since = *self.since.get_or_insert(now);
        let enough = self.number >= ENOUGH && now.duration_since(since) >= FOR_LONG;
        self.number = self.number.saturating_add(1);
        enough
    }
}

/// Whether an event may be there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It isn't: it was never sent, or certainly not taken.
    None,
    /// It may be there, and the destination is to be asked.
    Open,
    /// It may be there; the destination was asked a moment ago and didn't find it. So it is sent.
    Asked,
}

impl Doubt {
    pub(super) fn of(in_doubt: bool) -> Self {
        if in_doubt { Self::Open } else { Self::None }
    }

    /// What is left of it when it was sent and this came back.
    fn after(self, answer: &Answer) -> Self {
        Self::of(self != Self::None || answer.leaves_doubt())
    }
}

impl Worker {
    /// Whether the destination is to be asked about this event before it is sent.
    pub(super) fn asks_first(&self, ordinal: Ordinal) -> bool {
        self.repeats == Repeats::Stored
            && self.held.get(&ordinal).is_some_and(|item| item.doubt == Doubt::Open)
    }

    /// Acts on what the destination said about the one event that it was asked about.
    pub(super) fn told(&mut self, flight: &Flight, told: LookUp, now: Instant) {
        let Some(&ordinal) = flight.events.first() else { return };
        match told {
            LookUp::Found(receipt) => {
                self.unanswered = Unanswered::default();
                // That shows that the destination can be asked, not that it takes events.
                self.breaker.forget(ordinal);
                self.note_order(ordinal, false, false, now);
                self.settled(ordinal, Some(receipt.as_repeat()));
            }
            LookUp::Failed(answer @ (Answer::Retry { .. } | Answer::Ambiguous(_) | Answer::Pause(_))) => {
                self.not_told(flight.batch, ordinal, answer, now);
            }
            LookUp::Absent | LookUp::Unknown | LookUp::Failed(_) => {
                self.unanswered = Unanswered::default();
                self.send_next(ordinal);
            }
        }
    }

    /// The destination could not be asked.
    fn not_told(&mut self, batch: u64, ordinal: Ordinal, answer: Answer, now: Instant) {
        let Some(item) = self.held.get_mut(&ordinal) else { return };
        let tries = item.unanswered.number.saturating_add(1);
        // Both are counted: it may be this event that can't be asked about, or none.
        let (of_this, of_any) = (item.unanswered.another(now), self.unanswered.another(now));
        if of_this || of_any {
            if let Answer::Retry { refusal, after } = &answer {
                self.breaker.heed(batch, refusal, *after, now);
            }
            return self.send_next(ordinal);
        }
        // As if it were failing since now: no number of questions makes a dead letter.
        let asked = Tried { ordinal, action: "", tries, failing_since: now, batch };
        let judgement = self.breaker.judge(asked, answer, now);
        self.note_order(ordinal, true, true, now);
        match judgement {
            Judgement::Again(due) => {
                self.waiting.insert((due, ordinal));
            }
            _ => self.make_ready(ordinal),
        }
    }

    /// It goes out next, if nothing else stands against it.
    fn send_next(&mut self, ordinal: Ordinal) {
        let Some(item) = self.held.get_mut(&ordinal) else { return };
        item.doubt = Doubt::Asked;
        item.unanswered = Unanswered::default();
        self.breaker.forget(ordinal);
        if ordinal >= letters::FIRST { &mut self.letters.ready } else { &mut self.ready }.push_front(ordinal);
        self.call_witness_again(ordinal);
    }

    /// Notes what an answer to an event that was sent leaves in doubt, and counts it where it may be there once more.
    pub(super) fn note_doubt(&mut self, ordinal: Ordinal, answer: &Answer) {
        let Some(item) = self.held.get_mut(&ordinal) else { return };
        let may_be_new = match answer {
            Answer::Settled(receipt) => !receipt.repeated,
            Answer::Taken => true,
            other => other.leaves_doubt(),
        };
        if self.repeats != Repeats::Recognised && item.doubt != Doubt::None && may_be_new {
            self.counted.possible_duplicates += 1;
        }
        if item.doubt != Doubt::None
            && matches!(answer, Answer::Retry { .. } | Answer::Ambiguous(_) | Answer::Pause(_))
        {
            self.unanswered = Unanswered::default();
        }
        item.delivery.sent();
        item.doubt = item.doubt.after(answer);
    }
}
