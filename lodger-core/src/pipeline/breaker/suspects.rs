//! Who is to blame for an answer that may speak of one event or of all: the event or the destination.

use std::time::Duration;

use tokio::time::Instant;

use super::{Breaker, Cause, Judgement, Ordinal, PROBE_EVERY, State, Tried};
use crate::destination::Refusal;

/// A suspect is held this long for another event to tell whether it or the destination is to blame.
const SUSPICION: Duration = Duration::from_secs(60);

/// When so many suspects are held, there is nothing left to wait for.
const MAX_SUSPECTS: usize = 16;

/// What became of a suspect.
#[derive(Debug, PartialEq)]
pub(in crate::pipeline) enum Sentence {
    /// It is to blame: it becomes a dead letter.
    Bury(Ordinal, Refusal),
    /// The destination is to blame: it is kept and tried again.
    Keep(Ordinal),
}

#[derive(Debug)]
pub(super) struct Suspect {
    ordinal: Ordinal,
    action: String,
    refusal: Refusal,
    pub(super) batch: u64,
    until: Instant,
}

impl Breaker {
    pub(super) fn suspect(&mut self, tried: Tried<'_>, refusal: Refusal, now: Instant) -> Judgement {
        self.complain(&refusal);
        if tried.batch <= self.asked_anew {
            return Judgement::Keep;
        }
        if matches!(self.state, State::Paused(_)) {
            if self.is_news(tried) {
                self.wait_until(now + PROBE_EVERY);
            }
            return Judgement::Keep;
        }
        if matches!(self.state, State::BackingOff { .. }) && self.is_news(tried) {
            self.enter(State::Running);
        }
        if self.last_success.is_some_and(|(batch, _)| batch >= tried.batch) {
            return Judgement::Bury(refusal);
        }
        // Two events of one action may both be what a restricted key must not send; two of different actions are not.
        let by_another_action = self
            .suspects
            .iter()
            .any(|suspect| suspect.action != tried.action && same_answer(&suspect.refusal, &refusal));
        let once_more = self
            .blamed
            .as_ref()
            .is_some_and(|(ordinal, other)| *ordinal != tried.ordinal && same_answer(other, &refusal));
        if by_another_action || once_more || self.suspects.len() + 1 >= MAX_SUSPECTS {
            self.pause(tried, Cause::Closed, now);
            return Judgement::Keep;
        }
        self.suspects.push(Suspect {
            ordinal: tried.ordinal,
            action: tried.action.to_owned(),
            refusal,
            batch: tried.batch,
            until: now + SUSPICION,
        });
        Judgement::Hold
    }

    /// What became of suspects since this was last asked; to be asked after answers and at [`suspicion_ends`].
    ///
    /// [`suspicion_ends`]: Self::suspicion_ends
    pub(in crate::pipeline) fn sentences(&mut self, now: Instant) -> Vec<Sentence> {
        while let Some(overdue) = self.suspects.iter().position(|suspect| suspect.until <= now) {
            // Nobody came to tell. Another event with the same answer: the destination. Alone: that event.
            let suspect = self.suspects.swap_remove(overdue);
            if self.suspects.iter().any(|other| same_answer(&other.refusal, &suspect.refusal)) {
                self.enter(State::Paused(Cause::Closed));
                self.wait_until(now + PROBE_EVERY);
                self.suspects.push(suspect);
                self.release_suspects();
            } else {
                self.blamed = Some((suspect.ordinal, suspect.refusal.clone()));
                self.condemn(vec![suspect]);
            }
        }
        std::mem::take(&mut self.sentences)
    }

    /// When the oldest suspicion ends by itself.
    pub(in crate::pipeline) fn suspicion_ends(&self) -> Option<Instant> {
        self.suspects.iter().map(|suspect| suspect.until).min()
    }

    pub(super) fn condemn(&mut self, suspects: Vec<Suspect>) {
        let buried = suspects.into_iter().map(|suspect| Sentence::Bury(suspect.ordinal, suspect.refusal));
        self.sentences.extend(buried);
    }

    /// Nobody is suspected any more: the destination is to blame, or nothing is sent that could tell.
    pub(in crate::pipeline) fn release_suspects(&mut self) {
        let kept = self.suspects.drain(..).map(|suspect| Sentence::Keep(suspect.ordinal));
        self.sentences.extend(kept);
    }
}

/// Whether a destination said the same about two events.
fn same_answer(one: &Refusal, other: &Refusal) -> bool {
    one.status == other.status && (one.status.is_some() || one.reason == other.reason)
}
