//! [`Lodger`]: the handle through which everything is recorded.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use lodger_core::client::Lodger;
//! use lodger_core::destination::MemoryDestination;
//! use lodger_core::event::{Actor, Event, Target};
//!
//! let memory = MemoryDestination::new();
//! let lodger = Lodger::builder().destination(memory.clone()).in_memory_journal().build()?;
//!
//! let event = Event::builder("invoice.update")
//!     .actor(Actor::user("ada"))
//!     .target(Target::new("invoice", 7))
//!     .build()?;
//! lodger.event(event).await?;
//! assert_eq!(memory.events().len(), 1);
//!
//! lodger.shutdown(Duration::from_secs(5)).await;
//! # Ok(())
//! # }
//! ```

mod accept;
#[cfg(feature = "http")]
mod activity_tokens;
mod builder;
mod control;
mod dead_letters;
mod error;
mod fitness;
mod handle;
mod hash_key;
#[cfg(feature = "metrics")]
pub mod metrics;
mod origin;
mod prepare;
mod settings;
mod stats;
#[cfg(test)]
mod tests;

pub use crate::pipeline::{
    Counts, DeadLetter, DeadLetterDamage, DeadLetterList, DeadLetterQuery, DeliveryState, FlushError,
    RecordError, ReplaceKeyError, RetryError, UnknownDestination,
};
#[cfg(feature = "journal")]
pub use crate::pipeline::{DeadLetterDirectory, DetachError, Detached, detach_left_behind};
#[cfg(feature = "http")]
pub use activity_tokens::{ActivityAnswer, ActivityTokens};
pub use builder::LodgerBuilder;
pub use error::{BuildError, BuildProblem};
pub use fitness::DestinationMisfit;
pub use handle::Lodger;
pub use stats::{DestinationStats, ShutdownReport, Stats};
