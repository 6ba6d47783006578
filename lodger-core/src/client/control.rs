//! What an operator does to a destination while the client runs.

use secrecy::{ExposeSecret, SecretString};

use super::handle::Lodger;
use crate::destination::Identity;
use crate::pipeline::{Command, ReplaceKeyError, UnknownDestination};

/// Control of single destinations, by the identity that [`stats`](Lodger::stats) gives. A forked child has none.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use lodger_core::Lodger;
/// use lodger_core::destination::MemoryDestination;
/// use lodger_core::event::Event;
///
/// let memory = MemoryDestination::new();
/// let lodger = Lodger::builder().destination(memory.clone()).in_memory_journal().build()?;
/// let destination = lodger.stats().destinations[0].destination.clone();
///
/// lodger.pause(&destination)?;
/// lodger.record(Event::builder("invoice.update").build()?).await?;
/// // … the maintenance of the destination …
/// lodger.resume(&destination)?;
/// lodger.flush(Duration::from_secs(5)).await?;
/// assert_eq!(memory.events().len(), 1);
/// # Ok(())
/// # }
/// ```
impl Lodger {
    /// Sends nothing more to this destination until [`resume`](Self::resume). Events are taken and kept as ever, and what
    /// is being sent is still answered. The pause ends with the process.
    ///
    /// Its [state](super::DeliveryState) is `OnHold` as soon as its worker has heard of it. Pausing twice is pausing once.
    ///
    /// # Errors
    ///
    /// When the client has no such destination; the error lists those it has.
    pub fn pause(&self, destination: &Identity) -> Result<(), UnknownDestination> {
        self.inner.pipeline.order(destination, Command::Pause)
    }

    /// Ends what [`pause`](Self::pause) began. A destination that was paused by itself (a wrong key, an unpaid bill) or
    /// is failing is tried at once, also one that nobody had paused; only a time that it asked for itself (`Retry-After`)
    /// is waited for.
    ///
    /// # Errors
    ///
    /// When the client has no such destination; the error lists those it has.
    pub fn resume(&self, destination: &Identity) -> Result<(), UnknownDestination> {
        self.inner.pipeline.order(destination, Command::Resume)
    }

    /// Gives this destination up until the process ends: nothing is meant for it any more, what it has not acknowledged
    /// becomes dead letters ("the destination was detached"), and then its worker ends. To free a journal from a
    /// destination that will not come back. The others don't notice.
    ///
    /// Whoever waits for the delivery of such an event is told that it became a dead letter. What was being sent may have
    /// arrived. Dead letters that were being sent again stay dead letters.
    ///
    /// It is done when the destination's [state](super::DeliveryState) is `Detached` and nothing is pending; while the
    /// destination blocks its thread, that waits.
    ///
    /// # Errors
    ///
    /// When the client has no such destination, or has none any more; the error lists those it has.
    pub fn detach(&self, destination: &Identity) -> Result<(), UnknownDestination> {
        self.inner.pipeline.order(destination, Command::Detach)
    }

    /// Gives this destination another API key and, where it is paused or failing, tries it at once. The key appears in no
    /// error and no log.
    ///
    /// # Errors
    ///
    /// When the client has no such destination, or it has no key, or can't send this one; then the key in use stays.
    pub fn replace_api_key(
        &self,
        destination: &Identity,
        key: impl Into<SecretString>,
    ) -> Result<(), ReplaceKeyError> {
        self.inner.pipeline.replace_api_key(destination, key.into().expose_secret())
    }
}
