//! Draft.
pub mod destination;
pub mod event;
#[doc(hidden)]
pub mod rt;

#[doc(hidden)]
pub use inventory;
