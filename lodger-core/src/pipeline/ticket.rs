//! What whoever offered an event can wait for.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use super::budget::Permit;
use super::counters::{Counters, last_resort};
use super::error::RecordError;
use super::sealed::Sealed;
use crate::destination::{Receipt, Refusal};
use crate::event::{Event, InvalidEvent};
use crate::journal::JournalError;

/// What to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Nothing: the event is in the intake.
    Queued,
    /// The event is on disk.
    Durable,
    /// Every destination has acknowledged the event.
    Delivered,
}

/// How it ended: the receipts of the destinations (none below [`Goal::Delivered`]) or the failure.
type Ending = Result<Vec<Receipt>, Failure>;

/// The pipeline's end of a ticket. Dropping it unanswered means that the client ended first.
#[derive(Debug)]
pub(crate) struct Watch {
    goal: Goal,
    sender: Option<oneshot::Sender<Ending>>,
    /// Given back when the watch ends, however it does.
    permit: Option<Permit>,
}

/// Resolves when the goal is reached, or can't be any more. Runs on any executor.
///
/// # Cancel safety
///
/// Dropping it neither loses nor doubles the event. A failure that nobody waits for any more is written to stderr.
#[must_use = "a ticket does nothing unless it is awaited"]
pub(crate) struct Ticket(Option<oneshot::Receiver<Ending>>);

/// A ticket for this goal, and the pipeline's end of it.
pub(crate) fn ticket(goal: Goal) -> (Ticket, Watch) {
    if goal == Goal::Queued {
        return (Ticket(None), Watch::nobody());
    }
    let (sender, receiver) = oneshot::channel();
    (Ticket(Some(receiver)), Watch { goal, sender: Some(sender), permit: None })
}

impl Watch {
    /// Nobody waits.
    pub(crate) fn nobody() -> Self {
        Self { goal: Goal::Queued, sender: None, permit: None }
    }

    /// Keeps the room that the event takes up until every destination has it, or never will.
    pub(crate) fn hold(&mut self, permit: Permit) {
        self.permit = Some(permit);
    }

    /// Whether there is somebody, or room to give back, that waits for all destinations.
    pub(crate) fn awaits_delivery(&self) -> bool {
        self.permit.is_some() || self.goal == Goal::Delivered && self.awaited()
    }

    /// Whether somebody waits for all destinations.
    pub(crate) fn wants_delivery(&self) -> bool {
        self.goal == Goal::Delivered && self.sender.as_ref().is_some_and(|sender| !sender.is_closed())
    }

    /// Whether somebody still waits, or room.
    pub(crate) fn awaited(&self) -> bool {
        self.permit.is_some() || self.sender.as_ref().is_some_and(|sender| !sender.is_closed())
    }

    /// The goal is reached.
    pub(crate) fn reached(self, receipts: Vec<Receipt>) {
        self.end(Ok(receipts));
    }

    /// The goal can't be reached. A failure that nobody reads writes itself to stderr when it is dropped.
    pub(crate) fn failed(self, failure: Failure) {
        self.end(Err(failure));
    }

    /// Tells whoever waits. Where nobody is there any more they know less than we do, but nothing is lost.
    fn end(self, ending: Ending) {
        let Some(sender) = self.sender else { return };
        // Telling wakes a task of the application's, whose executor we don't know. Its panic is not ours to die of: this is
        // the journal's thread or a worker's.
        if catch_unwind(AssertUnwindSafe(|| drop(sender.send(ending)))).is_err() {
            tracing::error!("a task that waited for its audit event could not be woken: its waker panicked");
        }
    }
}

impl Future for Ticket {
    type Output = Result<Vec<Receipt>, RecordError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(receiver) = &mut self.0 else {
            return Poll::Ready(Ok(Vec::new()));
        };
        Poll::Ready(match ready!(Pin::new(receiver).poll(context)) {
            Ok(Ok(receipts)) => Ok(receipts),
            Ok(Err(failure)) => Err(failure.into_error()),
            Err(_dropped) => Err(RecordError::Unfinished),
        })
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").finish_non_exhaustive()
    }
}

/// Why a goal can't be reached.
///
/// A failure that holds an event and is dropped unread writes the event to stderr: whoever would have been told has
/// gone, and there is no gap between "sent" and "read" in which an event could be forgotten.
#[derive(Debug)]
pub(crate) struct Failure {
    cause: Option<Cause>,
    /// Where to count an event that is written to stderr.
    counters: Option<Arc<Counters>>,
}

#[derive(Debug)]
enum Cause {
    Invalid(InvalidEvent),
    NoDestination(Sealed),
    Journal { event: Sealed, source: Arc<JournalError> },
    Commit { event: Sealed, source: Arc<JournalError> },
    DeadLetter { destination: String, refusal: Refusal },
    Unreadable,
    ShareFull { destination: String },
}

impl Failure {
    /// The event can't be written at all. It stands on stderr already.
    pub(crate) fn invalid(why: InvalidEvent, counters: &Arc<Counters>) -> Self {
        Self { cause: Some(Cause::Invalid(why)), counters: Some(Arc::clone(counters)) }
    }

    /// Nobody is left whom the event could be for.
    pub(crate) fn no_destination(event: Sealed, counters: &Arc<Counters>) -> Self {
        Self { cause: Some(Cause::NoDestination(event)), counters: Some(Arc::clone(counters)) }
    }

    /// The journal did not take the event.
    pub(crate) fn journal(event: Sealed, source: Arc<JournalError>, counters: &Arc<Counters>) -> Self {
        Self { cause: Some(Cause::Journal { event, source }), counters: Some(Arc::clone(counters)) }
    }

    /// The journal took the event and could not commit it.
    pub(crate) fn commit(event: Sealed, source: Arc<JournalError>, counters: &Arc<Counters>) -> Self {
        Self { cause: Some(Cause::Commit { event, source }), counters: Some(Arc::clone(counters)) }
    }

    /// The event became a dead letter.
    pub(crate) fn dead_letter(destination: String, refusal: Refusal, counters: &Arc<Counters>) -> Self {
        Self { cause: Some(Cause::DeadLetter { destination, refusal }), counters: Some(Arc::clone(counters)) }
    }

    /// The event was committed and can't be read any more. The statistics tell of it.
    pub(crate) fn unreadable() -> Self {
        Self { cause: Some(Cause::Unreadable), counters: None }
    }

    /// The event is recorded, but not for this destination, for which it stands on stderr already.
    pub(crate) fn share_full(destination: String, counters: &Arc<Counters>) -> Self {
        Self { cause: Some(Cause::ShareFull { destination }), counters: Some(Arc::clone(counters)) }
    }

    fn into_error(mut self) -> RecordError {
        match self.cause.take() {
            Some(Cause::Invalid(why)) => RecordError::Invalid(why),
            Some(Cause::NoDestination(event)) => RecordError::NoDestination { event: boxed(&event) },
            Some(Cause::Journal { event, source }) => RecordError::Journal { event: boxed(&event), source },
            Some(Cause::Commit { event, source }) => {
                RecordError::NotCommitted { event: boxed(&event), source }
            }
            Some(Cause::DeadLetter { destination, refusal }) => {
                RecordError::DeadLetter { destination, refusal }
            }
            Some(Cause::Unreadable) => RecordError::Unreadable,
            Some(Cause::ShareFull { destination }) => RecordError::ShareFull { destination },
            None => RecordError::Unfinished,
        }
    }
}

/// The event for whoever gets the error to see.
fn boxed(event: &Sealed) -> Box<Event> {
    Box::new(event.to_event())
}

impl Drop for Failure {
    fn drop(&mut self) {
        let (event, reason) = match self.cause.take() {
            Some(Cause::NoDestination(event)) => (event, "every destination was detached".to_owned()),
            Some(Cause::Journal { event, source }) => (event, source.to_string()),
            Some(Cause::Commit { event, source }) => {
                (event, format!("not committed, may still arrive: {source}"))
            }
            // Dead letters are kept, and the others are told or written when that is found.
            Some(
                Cause::DeadLetter { .. } | Cause::Invalid(_) | Cause::ShareFull { .. } | Cause::Unreadable,
            )
            | None => return,
        };
        if let Some(counters) = &self.counters {
            last_resort(&event.to_event(), &reason, counters);
        }
    }
}
