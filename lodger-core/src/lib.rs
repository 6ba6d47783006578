//! Draft.
pub mod capture;
pub mod destination;
pub mod event;
#[cfg(feature = "http")]
pub mod service;

#[doc(hidden)]
pub use inventory;
