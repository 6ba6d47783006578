//! Finding the events that a receiver refuses, among many that it takes.

use std::time::Duration;

use tokio::time::Instant;

use super::{HttpDestination, said};
use crate::destination::{Answer, Delivery, Refusal};

/// So many events are found in one search: as many refusals among the last fifty answers pause no destination, one more
/// would, however many were taken.
const MAX_REFUSED: usize = 10;

/// So long it may take. The pipeline waits five minutes for an answer, and one more request of two minutes fits in.
const SEARCH_FOR: Duration = Duration::from_secs(2 * 60);

impl HttpDestination {
    /// Delivers the batch, in the batch's order: at once if the receiver takes it, else in ever smaller parts.
    ///
    /// Dropped at any time, it leaves events unanswered that the receiver may have; they are sent again, as after any lost
    /// answer.
    pub(super) async fn deliver_in_parts(&self, batch: &[Delivery]) -> Vec<Answer> {
        if batch.is_empty() {
            return Vec::new();
        }
        let began = Instant::now();
        let mut answers = Vec::with_capacity(batch.len());
        let mut refused = 0;
        // What was answered with a 413, and the place of its first event.
        let mut too_large = Vec::new();
        // What is still to be sent; the next part stands at the end.
        let mut parts = vec![batch];
        while let Some(part) = parts.pop() {
            if began.elapsed() >= SEARCH_FOR {
                break;
            }
            let answer = match self.post(part).await {
                Ok(response) => said(&response),
                Err(answer) => Some(answer),
            };
            match answer {
                None => answers.extend(std::iter::repeat_n(Answer::Taken, part.len())),
                Some(Answer::Refused(_) | Answer::Suspect(_)) if refused == MAX_REFUSED => break,
                Some(answer @ (Answer::Refused(_) | Answer::Suspect(_))) if part.len() == 1 => {
                    answers.push(answer);
                    refused += 1;
                }
                Some(answer @ (Answer::Refused(_) | Answer::Suspect(_))) => {
                    if answer.refusal().and_then(|refusal| refusal.status) == Some(413) {
                        too_large.push((answers.len(), part));
                    }
                    let (one, other) = part.split_at(part.len().div_ceil(2));
                    parts.extend([other, one]);
                }
                Some(answer) => {
                    answers.resize(answers.len() + part.len(), answer);
                    // It speaks of the receiver, so there is no use in sending the others now.
                    break;
                }
            }
        }
        for (from, part) in too_large {
            let taken = answers.get(from..from + part.len());
            // All of it was taken in smaller parts, so it was no single event that is too large.
            if taken.is_some_and(|taken| taken.iter().all(|answer| matches!(answer, Answer::Taken))) {
                self.shrink(part);
            }
        }
        answers.resize_with(batch.len(), undecided);
        answers
    }
}

fn undecided() -> Answer {
    Answer::Undecided(Refusal::new(
        "not sent by itself: too many events of its batch are refused, or it takes too long to find them",
    ))
}
