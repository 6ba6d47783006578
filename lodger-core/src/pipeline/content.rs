//! What waits in the intake.

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::de::Error as _;

use super::counters::{Counters, last_resort};
use super::filters::Filters;
use super::sealed::Sealed;
use crate::event::{Event, EventId, InvalidEvent, Outcome, Timestamp};

/// What waits in the intake: an event that its caller has sealed, or what a request or job left, of which the journal
/// thread makes one.
#[derive(Debug)]
pub(crate) enum Content {
    Sealed(Sealed),
    Raw(Box<dyn Raw>),
}

/// What is known of an event that is certain to be recorded, before anybody has looked at it closely. Nothing of it may be
/// written anywhere before it is [finished](Self::finish).
pub(crate) trait Raw: fmt::Debug + Send {
    /// The bytes of memory that it takes.
    fn weight(&self) -> usize;

    /// When it happened.
    fn occurred_at(&self) -> Timestamp;

    /// What was done.
    fn action(&self) -> Cow<'static, str>;

    /// Makes the event: completed, redacted, within its limits.
    fn finish(self: Box<Self>) -> Result<Box<Event>, Unfit>;
}

/// An event that breaks limits even when it is trimmed, or that can't be written as JSON.
#[derive(Debug)]
pub(crate) struct Unfit {
    pub(crate) event: Box<Event>,
    pub(crate) why: InvalidEvent,
}

impl Content {
    /// The bytes of memory that it takes.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Sealed(sealed) => sealed.weight(),
            Self::Raw(raw) => raw.weight(),
        }
    }

    /// When it happened.
    pub(crate) fn occurred_at(&self) -> Timestamp {
        match self {
            Self::Sealed(sealed) => sealed.occurred_at(),
            Self::Raw(raw) => raw.occurred_at(),
        }
    }

    /// Its bytes, but for its place.
    pub(crate) fn seal(self, filters: &Filters) -> Result<Sealed, Unfit> {
        match self {
            Self::Sealed(sealed) => Ok(sealed),
            Self::Raw(raw) => seal(finish(raw)?, filters),
        }
    }

    /// Writes the event to stderr, because nothing else can take it.
    pub(crate) fn last_resort(self, reason: &str, counters: &Counters) {
        match self.into_event() {
            Ok(event) | Err(Unfit { event, .. }) => last_resort(&event, reason, counters),
        }
    }

    /// The event, for whoever has to hear of it.
    pub(crate) fn into_event(self) -> Result<Box<Event>, Unfit> {
        match self {
            Self::Sealed(sealed) => Ok(Box::new(sealed.to_event())),
            Self::Raw(raw) => finish(raw),
        }
    }
}

/// Makes the event. It is our own code that runs here, over what others have said, also while a thread ends by a panic: a
/// mistake in it costs that one event, of which is told what is known for certain.
fn finish(raw: Box<dyn Raw>) -> Result<Box<Event>, Unfit> {
    let (occurred_at, action) = (raw.occurred_at(), raw.action());
    catch_unwind(AssertUnwindSafe(|| raw.finish())).unwrap_or_else(|_panic| {
        let mut event = Box::new(Event::bare(EventId::mint(), action));
        (event.occurred_at, event.outcome) = (occurred_at, Outcome::Unknown);
        let mistake = serde_json::Error::custom("making it panicked, which is a mistake in this crate");
        Err(Unfit { event, why: InvalidEvent::not_json(&mistake) })
    })
}

/// Seals an event that is redacted and within its limits.
pub(crate) fn seal(event: Box<Event>, filters: &Filters) -> Result<Sealed, Unfit> {
    Sealed::of(&event, filters).map_err(|error| Unfit { why: InvalidEvent::not_json(&error), event })
}
