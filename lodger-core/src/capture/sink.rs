//! Where capture hands its finished events.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::Captured;
use crate::redact::HashKey;

/// What a response waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Guarantee {
    /// Nothing. A crash can lose what was accepted in the last milliseconds; the next start counts it.
    Queued,
    /// The fsync of its events: nothing that was answered is lost while the disk survives. The default.
    #[default]
    Durable,
    /// The acknowledgement of every destination: nothing that was answered is lost even without a persistent disk.
    Delivered,
}

/// Whose doing an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Something that the application did for somebody it let in.
    Trusted,
    /// Something that strangers can cause at will: denied, or rejected before the handler. Such events get a small
    /// share of the intake and never hold a response, so a flood of them can't crowd out the others.
    Hostile,
}

/// Why a guarantee was not reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Missed {
    /// The event was refused or could not be written, and stands on stderr; or a destination will never take it, and it
    /// is a dead letter.
    Refused,
    /// The time was up. The event is still on its way.
    TimedOut,
}

/// Resolves when the guarantee is reached. Dropping it neither loses nor doubles the event.
pub type Wait = Pin<Box<dyn Future<Output = Result<(), Missed>> + Send>>;

/// A place in the intake with room in the journal, held for a request that must not run when its event could not be kept.
/// Dropping it gives the place back.
pub type Reservation = Box<dyn Any + Send + Sync>;

/// Says that something is still running which may leave events: a request, a job, spawned work. A client that is shut
/// down takes events until every hold is dropped, or its time is over. Making one allocates nothing.
#[derive(Default)]
#[must_use = "dropping it says that the work is done"]
pub struct Hold(Option<Arc<dyn Holder>>);

/// Counts its holds.
pub trait Holder: Send + Sync {
    /// One of them was dropped.
    fn let_go(&self);
}

impl Hold {
    /// A hold that its holder has counted already.
    pub fn new(holder: Arc<dyn Holder>) -> Self {
        Self(Some(holder))
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(holder) = self.0.take() {
            holder.let_go();
        }
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").finish_non_exhaustive()
    }
}

/// On which terms an event is handed over.
#[derive(Debug)]
pub struct Terms {
    /// Whose doing the event is.
    pub class: Class,
    /// What somebody will wait for.
    pub guarantee: Guarantee,
    /// The place that was held for it.
    pub place: Option<Reservation>,
}

/// Things that capture counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Count {
    /// A finished draft whose outcome is not recorded.
    Filtered,
    /// A draft that the application discarded.
    Discarded,
    /// An event whose actor could not be named.
    UnresolvedActor,
    /// Two arguments of one handler named different actors.
    ConflictingActors,
    /// An event whose target could not be named.
    UnresolvedTarget,
    /// A successful change that left no event.
    Unaudited,
    /// A response that went out without its guarantee.
    GuaranteeMissed,
    /// A request that was turned away because its event could not have been kept.
    FailedClosed,
    /// Something was said about an event that was already finished.
    TooLate,
}

/// Takes finished events. The client is one; tests bring others.
pub trait Sink: Send + Sync + fmt::Debug + 'static {
    /// Takes what becomes an event, here or on another thread. Never blocks and may be called from a destructor. What
    /// breaks a limit is trimmed; what can't be taken is counted and written to stderr, redacted.
    ///
    /// Answers with a future for the guarantee, or `None` where there is nothing to wait for.
    fn accept(&self, captured: Captured, terms: Terms) -> Option<Wait>;

    /// Holds a place in the intake, and room in the journal, for one request of this peer, or says after which time to try
    /// again.
    ///
    /// # Errors
    ///
    /// The time after which the client should try again, when the intake or the journal is full, or the peer holds as many
    /// places as are left.
    fn reserve(&self, peer: Option<IpAddr>) -> Result<Reservation, Duration>;

    /// Makes a shutdown wait, within its time, until the hold is dropped. Unless a sink says otherwise, nothing waits.
    fn hold(&self) -> Hold {
        Hold::default()
    }

    /// Resolves when everything accepted so far is on disk.
    fn durable(&self) -> Wait;

    /// Whether accepted events survive a crash of the process.
    fn is_durable(&self) -> bool;

    /// The key under which sessions and secrets are hashed.
    fn hash_key(&self) -> &HashKey;

    /// Counts something.
    fn count(&self, what: Count);
}
