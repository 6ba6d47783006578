//! Draft.
pub mod destination;
pub mod event;
pub mod redact;

#[doc(hidden)]
pub use inventory;
