//! What one measurement of one variant gave.

use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// One measurement.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    pub(super) events: u64,
    pub(super) elapsed: Duration,
    /// Of the whole process, all threads.
    pub(super) cpu: Duration,
    /// How often the disk was synced for them.
    pub(super) commits: u64,
    /// How long whoever recorded an event, or wrote a batch, waited for the disk; ascending.
    pub(super) waits: Vec<Duration>,
}

impl Run {
    /// Events per second.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    pub(super) fn per_second(&self) -> f64 {
        self.events as f64 / self.elapsed.as_secs_f64()
    }

    /// How many events a sync carried.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    pub(super) fn mean_batch(&self) -> f64 {
        self.events as f64 / self.commits.max(1) as f64
    }

    /// CPU-seconds for 100,000 events.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    pub(super) fn cpu_per_100k(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e5 / self.events.max(1) as f64
    }

    /// The wait that this part of all, in thousandths, did not exceed; in microseconds.
    pub(super) fn wait_us(&self, thousandths: usize) -> f64 {
        let last = self.waits.len().saturating_sub(1);
        self.waits.get(last * thousandths / 1000).map_or(0.0, |wait| wait.as_secs_f64() * 1e6)
    }
}

/// Measures what is done between its making and its end.
#[derive(Debug)]
pub(super) struct Meter {
    begun: Instant,
    cpu: Duration,
}

impl Meter {
    pub(super) fn start() -> Self {
        Self { cpu: cpu(), begun: Instant::now() }
    }

    /// The figures, for so many events that took so many commits.
    pub(super) fn stop(self, events: u64, commits: u64, mut waits: Vec<Duration>) -> Run {
        let (elapsed, cpu) = (self.begun.elapsed(), cpu().saturating_sub(self.cpu));
        waits.sort_unstable();
        Run { events, elapsed, cpu, commits, waits }
    }
}

/// What the process has used so far; zero where the system doesn't tell.
fn cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}
