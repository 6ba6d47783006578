//! Draft.
pub mod destination;
pub mod event;

#[doc(hidden)]
pub use inventory;
