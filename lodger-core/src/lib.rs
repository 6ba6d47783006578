//! Draft.
pub mod destination;
pub mod event;
pub mod journal;

#[doc(hidden)]
pub use inventory;
