//! Why an event was not recorded, or not as firmly as asked.

use std::sync::Arc;

use crate::destination::Refusal;
use crate::event::{Event, InvalidEvent};
use crate::journal::JournalError;

/// Why an event was not recorded, or not as firmly as asked.
///
/// Where the event was not taken, [`into_event`](Self::into_event) gives it back.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The event breaks a limit. Nothing of it was recorded.
    #[error(transparent)]
    Invalid(#[from] InvalidEvent),

    /// Too many events wait for the disk already, or what room the journal has left is held for requests that run
    /// (`fail_closed`). Nothing of it was recorded.
    #[error(
        "the intake is full: events come faster than the journal's disk takes them, or the room that is left is held for \
         requests that run; offer it again later"
    )]
    Full {
        /// The event that was refused.
        event: Box<Event>,
    },

    /// The client was shut down. Nothing of it was recorded.
    #[error(
        "the client was shut down and takes no more events: record before `shutdown`, or build another one"
    )]
    Closed {
        /// The event that was refused.
        event: Box<Event>,
    },

    /// Every destination of the client was detached. Nothing of it was recorded.
    #[error("every destination of the client was detached: build another client")]
    NoDestination {
        /// The event that was refused.
        event: Box<Event>,
    },

    /// The journal had no room for it or could not be written, or this is a forked child of the process that the client
    /// belongs to ([`JournalError::Forked`]). Nothing of it was recorded.
    #[error("the journal did not take the event")]
    Journal {
        /// The event that was refused.
        event: Box<Event>,
        /// What the journal said.
        #[source]
        source: Arc<JournalError>,
    },

    /// The event is not known to be on disk. It is still tried, and may arrive, at most once.
    #[error("the event could not be committed; it may still arrive")]
    NotCommitted {
        /// The event.
        event: Box<Event>,
        /// What the journal said.
        #[source]
        source: Arc<JournalError>,
    },

    /// A destination will never take it. It is kept as a dead letter.
    #[error(
        "{destination} refused the event ({}); it is kept as a dead letter, see `dead_letters`", refusal.reason
    )]
    DeadLetter {
        /// The kind of the destination.
        destination: String,
        /// What the destination said.
        refusal: Refusal,
    },

    /// The event was committed, and the journal's disk has lost it before every destination had it.
    #[error(
        "the event was on disk and can't be read any more before every destination had it; the journal keeps the damaged \
         file in damaged/"
    )]
    Unreadable,

    /// The event is durable, and not for this destination: its backlog has used up its share of the journal. For that
    /// destination the event stands on stderr; the others get it.
    #[error(
        "the event is not recorded for {destination}, whose share of the journal is used up: repair the destination, or \
         raise max_journal_bytes; the other destinations get it"
    )]
    ShareFull {
        /// The destination; several are separated by commas.
        destination: String,
    },

    /// The client ended before every destination had acknowledged. A journal on disk keeps the event for the next
    /// start.
    #[error("the client ended before every destination had acknowledged the event")]
    Unfinished,
}

impl RecordError {
    /// The event, where it was not taken.
    #[must_use]
    pub fn into_event(self) -> Option<Event> {
        match self {
            Self::Full { event }
            | Self::Closed { event }
            | Self::NoDestination { event }
            | Self::Journal { event, .. } => Some(*event),
            Self::Invalid(_)
            | Self::NotCommitted { .. }
            | Self::DeadLetter { .. }
            | Self::Unreadable
            | Self::ShareFull { .. }
            | Self::Unfinished => None,
        }
    }

    /// A short name of the kind of error, for counters and logs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::Full { .. } => "intake_full",
            Self::Closed { .. } => "closed",
            Self::NoDestination { .. } => "no_destination",
            Self::Journal { source, .. } => source.kind(),
            Self::NotCommitted { .. } => "not_committed",
            Self::DeadLetter { .. } => "dead_letter",
            Self::Unreadable => "unreadable",
            Self::ShareFull { .. } => "share_full",
            Self::Unfinished => "unfinished",
        }
    }

    /// Whether offering the same event again later can succeed and can't record it twice.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Full { .. } => true,
            Self::Journal { source, .. } => source.is_retryable(),
            Self::Invalid(_)
            | Self::Closed { .. }
            | Self::NoDestination { .. }
            | Self::NotCommitted { .. }
            | Self::DeadLetter { .. }
            | Self::Unreadable
            | Self::ShareFull { .. }
            | Self::Unfinished => false,
        }
    }
}
