//! Draft.
pub mod capture;
pub mod destination;
pub mod event;

#[doc(hidden)]
pub use inventory;
