//! Proof by killing: a real server under load is killed with SIGKILL at random moments, again and again over the same
//! data, and then it is counted what became of every request.
//!
//! The server has two destinations: the embedded store, which deduplicates, and a [`Recording`] in this process, which
//! does not. What a client got a 201 for must be at both; nothing may be there that nobody asked for; the store may
//! have nothing twice, and what the recording gets twice must be the same to the byte. A request without an answer may
//! be there or not. With [`Guarantee::Delivered`] the destinations are asked at the moment of each answer.
//!
//! The long form is `cargo run --release -p lodger-tests --bin crash -- --kills 1000`, the short one `tests/crash.rs`.

mod dice;
mod life;
mod load;
mod recording;
mod report;
mod server;
pub mod service;
mod stored;
mod weather;

pub use dice::{chance, up_to};
pub use life::run;
pub use load::{Clients, Told, Witness};
pub use lodger_core::capture::Guarantee;
pub use recording::Recording;
pub use report::{Figures, Report};
pub use server::{Running, Setup};
pub use stored::stored;
pub use weather::Weather;

use std::time::Duration;

/// Bounds what a hanging server can cost; no result depends on it. Longer than the longest pause between two tries.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Which framework serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framework {
    /// `lodger-axum`.
    Axum,
    /// `lodger-actix`.
    Actix,
}

impl Framework {
    /// As it stands on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Axum => "axum",
            Self::Actix => "actix",
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How often the server is killed.
    pub kills: u64,
    /// Which server.
    pub framework: Framework,
    /// What its responses wait for.
    pub guarantee: Guarantee,
    /// Whether the recording destination goes away and comes back.
    pub flap: bool,
}
