//! Events that may be there already.
//!
//! A try whose end nobody saw may have been taken. Where the destination recognises repeats, sending again is all there is
//! to do. Where it stores them, it is asked first, each time, until the event is found or taken: what was under way may
//! arrive late. Question and sending are two requests; a crash in between begins with the question again, because what
//! a process leaves behind is in doubt.
//!
//! An event in doubt is asked about alone, in the place of a batch, so it holds up nobody more than a delivery would.

use super::sending::{Flight, Landing};
use super::{Worker, letters};
use crate::destination::{Answer, LookUp, Repeats};
use crate::pipeline::breaker::Ordinal;

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

impl From<LookUp> for Landing {
    fn from(found: LookUp) -> Self {
        match found {
            LookUp::Found(receipt) => Self::Answers(vec![Answer::Settled(receipt.as_repeat())]),
            LookUp::Failed(answer) => Self::Answers(vec![answer]),
            LookUp::Absent | LookUp::Unknown => Self::NotFound,
        }
    }
}

impl Worker {
    /// Whether the destination is to be asked about this event before it is sent.
    pub(super) fn asks_first(&self, ordinal: Ordinal) -> bool {
        self.repeats == Repeats::Stored
            && self.held.get(&ordinal).is_some_and(|item| item.doubt == Doubt::Open)
    }

    /// It was not found: it goes out next, if nothing else stands against it.
    pub(super) fn not_found(&mut self, flight: &Flight) {
        for &ordinal in &flight.events {
            let Some(item) = self.held.get_mut(&ordinal) else { continue };
            item.doubt = Doubt::Asked;
            if ordinal >= letters::FIRST { &mut self.letters.ready } else { &mut self.ready }
                .push_front(ordinal);
            self.call_witness_again(ordinal);
        }
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
        item.delivery.sent();
        item.doubt = item.doubt.after(answer);
    }
}
