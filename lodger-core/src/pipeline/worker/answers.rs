//! What the answers of a destination change.

use tokio::task::{Id, JoinError};
use tokio::time::Instant;

use super::burial::Grave;
use super::order::speaks_of_all;
use super::sending::Landing;
use super::{Worker, letters};
use crate::destination::{Answer, LookUp, Receipt, Refusal};
use crate::pipeline::breaker::{Judgement, Ordinal, Tried};

const PANICKED: &str = "the destination panicked";

/// A batch of which nothing was decided has failed: it would be sent again at once, for ever.
fn decided(answers: Vec<Answer>) -> Vec<Answer> {
    if !answers.iter().all(|answer| matches!(answer, Answer::Undecided(_))) {
        return answers;
    }
    let failed = |answer| match answer {
        Answer::Undecided(refusal) => Answer::Retry { refusal, after: None },
        other => other,
    };
    answers.into_iter().map(failed).collect()
}

impl Worker {
    /// Acts on what came of one batch.
    pub(super) fn landed(&mut self, id: Id, landing: Result<Landing, JoinError>, now: Instant) {
        let Some(flight) = self.flights.remove(&id) else { return };
        self.in_flight -= flight.events.len();
        let (answers, silence) = match landing {
            Ok(Landing::Told(told)) => return self.told(&flight, told, now),
            Err(_) if !flight.sent => {
                return self.told(&flight, LookUp::Failed(Answer::Ambiguous(Refusal::new(PANICKED))), now);
            }
            Ok(Landing::Answers(answers)) if answers.is_empty() => (answers, "no answer within five minutes"),
            Ok(Landing::Answers(answers)) => (decided(answers), "no answer for this event"),
            Err(_) => (Vec::new(), PANICKED),
        };
        let silent = std::iter::repeat_with(|| Answer::Ambiguous(Refusal::new(silence)));
        let answered = flight.events.into_iter().zip(answers.into_iter().chain(silent));
        let mut others = Vec::new();
        // What is there first: it shows that the destination works, by which the others are judged.
        for (ordinal, answer) in answered {
            self.note_doubt(ordinal, &answer);
            if matches!(answer, Answer::Settled(_) | Answer::Taken | Answer::Duplicate(_)) {
                self.act(flight.batch, ordinal, answer, now);
            } else {
                others.push((ordinal, answer));
            }
        }
        for (ordinal, answer) in others {
            self.act(flight.batch, ordinal, answer, now);
        }
    }

    fn act(&mut self, batch: u64, ordinal: Ordinal, answer: Answer, now: Instant) {
        let Some(item) = self.held.get_mut(&ordinal) else { return };
        let is_try = !matches!(answer, Answer::Undecided(_) | Answer::Unfit(_));
        if is_try {
            item.delivery.tries = item.delivery.tries.saturating_add(1);
            item.failing_since.get_or_insert(now);
        }
        let failing_since = item.failing_since.unwrap_or(now);
        // Only suspects are compared by what they are about.
        let action = if matches!(answer, Answer::Suspect(_)) { item.action() } else { "" };
        let tried = Tried { ordinal, action, tries: item.tries(), failing_since, batch };
        let of_all = speaks_of_all(&answer);
        let refusal = answer.refusal().filter(|_| ordinal >= letters::FIRST).cloned();
        let judgement = match self.breaker.judge(tried, answer, now) {
            // It was given up once already, so it has no hour more.
            Judgement::Again(_) | Judgement::Keep if is_try && self.letter_fails_again(ordinal) => {
                self.breaker.forget(ordinal);
                Judgement::Bury(refusal.unwrap_or_else(|| Refusal::new("not taken")))
            }
            judgement => judgement,
        };
        let kept = matches!(judgement, Judgement::Again(_) | Judgement::Keep);
        self.note_order(ordinal, of_all, kept, now);
        match judgement {
            Judgement::Settle(receipt) => self.settled(ordinal, receipt),
            Judgement::Bury(refusal) => self.graves.push(Grave::new(ordinal, refusal)),
            Judgement::Duplicate(refusal) => {
                self.graves.push(Grave { is_there: true, ..Grave::new(ordinal, refusal) });
            }
            Judgement::Again(due) => {
                self.waiting.insert((due, ordinal));
            }
            Judgement::Keep => self.make_ready(ordinal),
            Judgement::Hold => {}
        }
    }

    pub(super) fn settled(&mut self, ordinal: Ordinal, receipt: Option<Receipt>) {
        let Some(item) = self.let_go(ordinal) else { return };
        match item.position() {
            Some(position) => {
                self.counted.delivered += 1;
                self.shared.awaited.delivered(position, || {
                    receipt.unwrap_or_else(|| Receipt::new(item.delivery.id(), self.identity.kind.as_str()))
                });
            }
            None => self.letters.redeemed.push(item.delivery.id()),
        }
    }
}
