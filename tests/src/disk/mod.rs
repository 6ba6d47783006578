//! Disks that fail, and processes that record on them.
//!
//! A [`Volume`] is a small ext4 file system of a test's own, which can lose its power, fill up or turn read-only. A
//! [`Recorder`] is a process of its own ([`recorder`] is what it runs) that records events and tells after each
//! whether it was acknowledged. A [`Verdict`] compares what was acknowledged with what arrived.
//! [`mod@power_loss`] and [`mod@disk_full`] are whole runs of that kind, which a test does in short and a program in full.

pub mod disk_full;
pub mod power_loss;
mod process;
pub mod recorder;
mod recording;
mod verdict;
mod volume;

pub use process::{Heard, Recorder, Setup};
pub use recording::{Gated, Recording};
pub use verdict::{Arrival, Verdict, arrivals, in_store};
pub use volume::Volume;
