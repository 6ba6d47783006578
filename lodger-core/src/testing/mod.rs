//! The kit to test one's own handlers (feature `testing`, for dev-dependencies).
//!
//! ```
//! use lodger_core::event::Actor;
//! use lodger_core::{assert_audited, assert_not_audited, audited, testing};
//!
//! #[audited("invoice.remind", target(invoice = id))]
//! async fn remind(id: u64) -> Result<(), std::io::Error> { Ok(()) }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), std::io::Error> {
//! let audit = testing::capture();
//! audit.lodger().run_as(Actor::service("billing-worker"), remind(7)).await?;
//! assert_audited!(audit, "invoice.remind", actor = "billing-worker", target = ("invoice", 7), outcome = success);
//! assert_not_audited!(audit, "invoice.delete");
//! # Ok(())
//! # }
//! ```
//!
//! `docs/testing.md` shows each part at work.

mod captured;
mod catalog;
mod condition;
mod coverage;
mod expected;
mod macros;
mod misbehaving;
mod outside;
mod patience;
mod report;
mod strict;
#[cfg(test)]
mod tests;

pub use crate::capture::Layered;
pub use captured::{Captured, capture, capture_with};
pub use catalog::catalog;
pub use coverage::{Coverage, Route, coverage, openapi_routes};
pub use expected::Expected;
pub use misbehaving::{Arrival, MisbehavingDestination, Misbehaviour};

/// The assertions, for those who import from here: they also stand at the crate's root.
pub use crate::{assert_audited, assert_not_audited};
