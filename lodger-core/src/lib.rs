//! Draft.
pub mod capture;
pub mod destination;
pub mod event;
#[doc(hidden)]
pub mod rt;
#[cfg(feature = "http")]
pub mod service;

#[doc(hidden)]
pub use inventory;
