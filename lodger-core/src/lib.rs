//! Durable audit events: the event model, capture, redaction, the journal, delivery and the destinations behind
//! `lodger-axum` and `lodger-actix`.
//!
//! A web service uses one of those two. This crate alone serves what has no requests: workers, schedules, importers.
//!
//! ```
//! use lodger_core::destination::MemoryDestination;
//! use lodger_core::event::Actor;
//! use lodger_core::{Lodger, audited};
//!
//! #[audited("invoice.remind", target(invoice = id))]
//! async fn remind(id: u64) -> Result<(), std::io::Error> {
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! let memory = MemoryDestination::new();
//! let lodger = Lodger::builder().destination(memory.clone()).journal_dir(directory.path()).build()?;
//!
//! // The event is on disk when `run_as` comes back, or 2 s are over.
//! lodger.run_as(Actor::service("billing-worker"), remind(7)).await?;
//!
//! assert_eq!(memory.wait_for(1).await[0].action, "invoice.remind");
//! # Ok(())
//! # }
//! ```
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`event`] | the record: who did what to which thing, when, from where, and how it ended |
//! | [`redact`] | what never leaves the program |
//! | [`capture`] | the rules by which a request becomes an event |
//! | [`client`] | [`Lodger`], the one object that an application keeps |
//! | [`destination`] | where events go, and how to write another destination |
//! | [`service`] | typed clients of hosted audit services |
//! | [`journal`] | the crash-safe queue on disk |
//! | `testing` | the kit to test what your code records (feature `testing`) |

#![forbid(unsafe_code)]

#[allow(
    unused_extern_crates,
    reason = "the attribute names its host by path, also in the host's own tests and examples"
)]
extern crate self as lodger_core;

pub(crate) mod background;
pub mod capture;
pub mod client;
pub mod destination;
pub mod event;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod journal;
pub(crate) mod pipeline;
pub mod redact;
#[doc(hidden)]
pub mod rt;
#[cfg(feature = "http")]
pub mod service;
#[cfg(feature = "testing")]
pub mod testing;

pub use client::{BuildError, Lodger, LodgerBuilder};
pub use destination::MemoryDestination;
#[doc(hidden)]
pub use inventory;
#[cfg(feature = "macros")]
pub use lodger_macros::audited_core as audited;
