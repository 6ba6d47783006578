//! What the tests of the whole share.
//!
//! [`mod@parity`] is one small service written twice, line by line, for axum and for actix, with a client that speaks raw
//! HTTP/1.1 to it. The cases with their expected events stand in `tests/parity/`, one theme a file.
//!
//! [`mod@crash`] kills servers and counts what became of their requests.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on should stop right there, with a backtrace"
)]

pub mod crash;
pub mod disk;
pub mod full;
pub mod live;
mod npm;
pub mod official;
pub mod outage;
pub mod parity;
pub mod proxy;
pub mod require;

/// The README's examples, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The examples of the page about testing, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/testing.md")]
struct Testing;
