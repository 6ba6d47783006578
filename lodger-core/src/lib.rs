//! Draft.
pub mod client;
pub mod destination;
pub mod event;
pub mod journal;
pub(crate) mod pipeline;
pub mod redact;
#[cfg(feature = "http")]
pub mod service;

#[doc(hidden)]
pub use inventory;
