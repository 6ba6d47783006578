//! What becomes of an event that a destination is given twice.

use super::{Answer, Receipt};

/// What a destination does with an event that it is given again, because nobody knows whether it took it the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repeats {
    /// It knows it by its idempotency key or id: the event is there once, however often it is sent.
    Recognised,
    /// It takes it for another event. Before an event is sent that may be there already, it is
    /// [looked up](super::Destination::look_up); where it isn't found, it may be there twice, which is counted.
    Stored,
    /// It takes it for another event, or nobody knows what it does, and it can't be asked what it has. An event that is sent
    /// again may be there twice, which is counted.
    Unasked,
}

/// What came of looking for an event that may be there already.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum LookUp {
    /// It is there.
    Found(Receipt),
    /// It is not there, as far as the destination can tell.
    Absent,
    /// The destination can't be asked.
    Unknown,
    /// Asking failed for now ([`Retry`](Answer::Retry), [`Ambiguous`](Answer::Ambiguous)), or until somebody acts
    /// ([`Pause`](Answer::Pause)): the destination is left alone as if the event had been sent, and asked again. That is no try
    /// of the event. When three questions in a row have failed within no less than a minute, whether about this event or about
    /// any, a further one that fails holds up the event no longer: it is the same as [`Unknown`](Self::Unknown). So is
    /// any other answer.
    Failed(Answer),
}
