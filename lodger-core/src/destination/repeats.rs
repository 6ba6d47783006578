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
    /// Asking failed. The answer is taken for that of the event: it is tried again later, which begins by asking again.
    Failed(Answer),
}
