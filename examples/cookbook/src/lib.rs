//! Runs the recipes of `docs/cookbook.md`.
//!
//! `build.rs` makes a module of each of its code blocks, so they are compiled as they stand, and `src/tests/` runs them
//! behind real servers and compares what they leave with what the cookbook says they leave. What the recipes take from
//! `crate::` is the service around them, which a reader has already: [`domain`] stands in for it.
#![expect(
    clippy::unwrap_used,
    reason = "a recipe that can't go on should stop right there, with a backtrace"
)]

pub mod domain;

pub use domain::{
    Account, ApiKey, CurrentUser, Customer, Delivery, Invoice, NewCustomer, NewInvoice, Problem, Transaction,
    old, overdue, send_receipt, ship,
};
pub use recipes::jwt::Claims;

/// The cookbook's code.
#[allow(
    dead_code,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::missing_errors_doc,
    clippy::print_stderr,
    reason = "as it stands in the cookbook, where some of it is only shown"
)]
pub mod recipes {
    include!(concat!(env!("OUT_DIR"), "/recipes.rs"));
}

#[cfg(test)]
mod tests;
