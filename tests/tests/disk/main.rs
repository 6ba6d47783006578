//! Disks that fail under real processes: power losses, failing syncs and writes, full disks, directories that are
//! removed, belong to somebody else or are shared.
//!
//! In full: `cargo run --release -p lodger-tests --bin power-loss -- --runs 200`, and the same with `disk-full`.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop right there, with a backtrace")]

mod calls;
mod file_systems;
mod full;
mod owners;
mod power;
mod shared;

use std::path::{Path, PathBuf};

use lodger_tests::disk::{Heard, Setup, Verdict, arrivals};

/// What runs a recorder.
fn program() -> [PathBuf; 1] {
    [env!("CARGO_BIN_EXE_recorder").into()]
}

/// A recorder with this journal, which writes down beside `dir` what it delivers.
fn recorder(journal: &Path, dir: &Path) -> Setup {
    Setup::new(&program(), journal, &format!("recording:{}", dir.join("recording").display()))
}

/// What became of everything that these recorders said, after all is delivered.
fn verdict<'a>(heard: impl IntoIterator<Item = &'a Heard>, dir: &Path) -> Verdict {
    Verdict::of(heard, &arrivals(&dir.join("recording")))
}
