//! What a destination can say about one event.

use std::time::Duration;

use super::Receipt;

/// Why a destination did not take an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// The destination's words, or ours. Never a secret, at most 512 characters.
    pub reason: String,
}

impl Refusal {
    /// A refusal without an HTTP status.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self { status: None, reason: reason.into() }
    }

    /// A refusal with an HTTP status.
    #[must_use]
    pub fn http(status: u16, reason: impl Into<String>) -> Self {
        Self { status: Some(status), reason: reason.into() }
    }
}

/// What a destination says about one event. The pipeline acts on it (`docs/guarantees.md`, the table of answers).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Answer {
    /// It is there and stays there.
    Settled(Receipt),
    /// As [`Settled`](Self::Settled), of a destination that has nothing of its own to say about it. Where somebody waits
    /// for the receipt, it is made out of the event's id and the destination's kind.
    Taken,
    /// Nobody knows whether it is there: timeout, reset, unreadable answer. The same bytes under the same key again.
    Ambiguous(Refusal),
    /// Not now. `after` is the earliest time for another try, where the destination named one.
    Retry {
        /// Why.
        refusal: Refusal,
        /// At the earliest after this time; the pipeline caps it at one hour.
        after: Option<Duration>,
    },
    /// Nothing will be taken until somebody acts: wrong key, unpaid, moved. Everything is kept.
    Pause(Refusal),
    /// This event, or all of them: a pause if a different event gets the same answer, else a dead letter.
    Suspect(Refusal),
    /// This event will never be taken as it is: a dead letter, unless too many are.
    Refused(Refusal),
    /// This event alone, and nothing was sent: the destination can't carry it, which was seen here. A dead letter, whatever
    /// state the destination is in, of which it says nothing: it pauses no destination, and shows of none that it works.
    Unfit(Refusal),
    /// The destination has something else under the idempotency key that the application gave the event: a webhook that
    /// came twice, a job that ran again. By that key the event is there, so whoever waits for it is not failed and the
    /// destination is not to blame; as a dead letter it stays, for somebody to look at.
    Duplicate(Refusal),
    /// Nothing was learned about this event: it was not sent by itself, while others of its batch were. That is no try of
    /// the event and no failure of the destination; it goes with the next batch. Said of every event of a batch it is the
    /// same as [`Retry`](Self::Retry).
    Undecided(Refusal),
}

impl Answer {
    /// Whether the event may be there though the destination doesn't say so: nobody knows, or the answer is that of a server
    /// or gateway that handed it on and then failed, was slow, or sends the caller elsewhere. 429 and the other 4xx say that
    /// nothing was done; so does a try without an answer that is no [`Ambiguous`](Self::Ambiguous) one.
    pub(crate) fn leaves_doubt(&self) -> bool {
        match self {
            Self::Ambiguous(_) => true,
            Self::Settled(_) | Self::Taken | Self::Unfit(_) | Self::Undecided(_) => false,
            Self::Retry { refusal, .. }
            | Self::Pause(refusal)
            | Self::Suspect(refusal)
            | Self::Refused(refusal)
            | Self::Duplicate(refusal) => matches!(refusal.status, Some(300..=399 | 408 | 425 | 500..=599)),
        }
    }

    /// Why the event was not taken; `None` when it was.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Settled(_) | Self::Taken => None,
            Self::Retry { refusal, .. }
            | Self::Ambiguous(refusal)
            | Self::Pause(refusal)
            | Self::Suspect(refusal)
            | Self::Refused(refusal)
            | Self::Unfit(refusal)
            | Self::Duplicate(refusal)
            | Self::Undecided(refusal) => Some(refusal),
        }
    }
}

/// What an HTTP status means, where the service's own page says nothing else. `None` for 2xx, which only the
/// service can read.
///
/// | status | meaning |
/// | --- | --- |
/// | 408, 425, 429, 500, 502 to 599 | [`Answer::Retry`] |
/// | 401, 402, 407, 300 to 399 | [`Answer::Pause`] |
/// | 400, 409, 413, 422 | [`Answer::Refused`]; a 409 under a key that the application gave is for the destination to tell, as [`Answer::Duplicate`] |
/// | 501, any other from 403 to 499 | [`Answer::Suspect`] |
/// | anything else | [`Answer::Ambiguous`] |
#[must_use]
pub fn status_answer(status: u16, reason: &str, after: Option<Duration>) -> Option<Answer> {
    let refusal = || Refusal::http(status, reason);
    Some(match status {
        200..=299 => return None,
        408 | 425 | 429 | 500 | 502..=599 => Answer::Retry { refusal: refusal(), after },
        401 | 402 | 407 | 300..=399 => Answer::Pause(refusal()),
        400 | 409 | 413 | 422 => Answer::Refused(refusal()),
        501 | 400..=499 => Answer::Suspect(refusal()),
        _ => Answer::Ambiguous(refusal()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_4xx_and_a_try_that_was_not_sent_leave_no_doubt() {
        let answers = [
            |refusal| Answer::Retry { refusal, after: None },
            Answer::Pause,
            Answer::Suspect,
            Answer::Refused,
            Answer::Duplicate,
        ];
        for answer in answers {
            for status in [300, 302, 307, 399, 408, 425, 500, 501, 502, 503, 504, 520, 599] {
                assert!(answer(Refusal::http(status, "x")).leaves_doubt(), "{status}");
            }
            for status in [400, 401, 402, 403, 404, 407, 409, 413, 422, 424, 426, 429, 499] {
                assert!(!answer(Refusal::http(status, "x")).leaves_doubt(), "{status}");
            }
            assert!(!answer(Refusal::new("connection refused")).leaves_doubt());
        }
        assert!(Answer::Ambiguous(Refusal::new("reset")).leaves_doubt());
        assert!(Answer::Ambiguous(Refusal::http(200, "no receipt")).leaves_doubt());
        for answer in [Answer::Unfit, Answer::Undecided] {
            assert!(!answer(Refusal::new("not sent")).leaves_doubt());
        }
    }
}
