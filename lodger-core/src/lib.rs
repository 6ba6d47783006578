//! Draft.
pub mod capture;
pub mod client;
pub mod destination;
pub mod event;
pub mod journal;
pub(crate) mod pipeline;
pub mod redact;
#[doc(hidden)]
pub mod rt;
#[cfg(feature = "http")]
pub mod service;

pub use client::Lodger;
#[doc(hidden)]
pub use inventory;
