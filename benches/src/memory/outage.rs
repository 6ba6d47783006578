//! A destination that is down for a day while events are recorded.
//!
//! The day is one of tokio's paused clock: [`Down`] stops the clock of its worker's runtime when it is first asked, from
//! where it leaps to the next try, so that each backoff is as long as in production and takes no time. Each try waits until as
//! much of the events was recorded as has passed of the day.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::destination::{Answer, BoxFuture, Delivery, Destination, Identity, Refusal};
use lodger_core::event::Event;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::event;
use crate::allocations;
use crate::report::scratch;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// So many are recorded together.
const CHUNK: u64 = 500;

/// After one part in so many of the events, memory has taken all the room that it takes.
const WARM: u64 = 20;

/// What a day was like.
pub(super) struct Day {
    pub(super) events: u64,
    /// How often the destination was asked in vain.
    pub(super) tries: i64,
    /// By how many bytes what is in use grew at most, from the warm state on.
    pub(super) grown: i64,
    /// The same of what the system counts, where it does.
    pub(super) grown_rss: Option<i64>,
}

/// Records so many events on the day on which their destination is down.
pub(super) fn day(events: u64) -> Result<Day, String> {
    let directory = scratch()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| format!("a runtime: {error}"))?.block_on(record(events, directory.path()))
}

async fn record(events: u64, journal: &Path) -> Result<Day, String> {
    let down = Down::for_a_day(events);
    let lodger = Lodger::builder()
        .service("bench")
        .destination(down.clone())
        .journal_dir(journal)
        .max_journal_bytes(8 << 30)
        .build()
        .map_err(|error| error.to_string())?;
    let description = event::description()?;
    let mut memory = Memory::default();
    let mut recorded = 0;
    while recorded < events {
        let size = CHUNK.min(events - recorded);
        let chunk = (0..size).map(|_| event::ours(&description)).collect::<Result<Vec<_>, _>>()?;
        record_all(&lodger, chunk).await?;
        recorded += size;
        down.recorded(recorded);
        if recorded >= events / WARM {
            memory.look();
        }
    }
    let tries = down.counts().tries;
    down.end();
    lodger.shutdown(Duration::from_millis(100)).await;
    Ok(Day { events, tries, grown: memory.heap.grown, grown_rss: memory.rss.map(|rss| rss.grown) })
}

/// Each of them is on disk when this comes back.
async fn record_all(lodger: &Lodger, events: Vec<Event>) -> Result<(), String> {
    let mut recording = JoinSet::new();
    for event in events {
        let lodger = lodger.clone();
        recording.spawn(async move { lodger.record(event).await });
    }
    while let Some(recorded) = recording.join_next().await {
        recorded.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// What is in use, from the first look on.
#[derive(Default)]
struct Memory {
    heap: Growth,
    rss: Option<Growth>,
}

impl Memory {
    fn look(&mut self) {
        self.heap.look(allocations::in_use().bytes);
        if let Some(bytes) = resident() {
            self.rss.get_or_insert_default().look(bytes);
        }
    }
}

#[derive(Default)]
struct Growth {
    first: Option<i64>,
    grown: i64,
}

impl Growth {
    fn look(&mut self, bytes: i64) {
        self.grown = self.grown.max(bytes - *self.first.get_or_insert(bytes));
    }
}

/// The memory that the process has, as the system counts it.
fn resident() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<i64>().ok().map(|kilobytes| kilobytes * 1_024)
}

/// A destination that takes nothing.
#[derive(Debug, Clone)]
pub(super) struct Down(Arc<State>);

#[derive(Debug)]
struct State {
    events: u64,
    began: OnceLock<Instant>,
    counts: Mutex<Counts>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Counts {
    recorded: u64,
    tries: i64,
    ended: bool,
}

impl Down {
    /// On a day on which so many events are recorded.
    fn for_a_day(events: u64) -> Self {
        let state =
            State { events, began: OnceLock::new(), counts: Mutex::default(), changed: Condvar::new() };
        Self(Arc::new(state))
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recorded(&self, events: u64) {
        self.counts().recorded = events;
        self.0.changed.notify_all();
    }

    /// Nobody waits for the rest of the day.
    fn end(&self) {
        self.counts().ended = true;
        self.0.changed.notify_all();
    }

    fn refuse(&self) {
        let began = self.0.began.get_or_init(|| {
            tokio::time::pause();
            Instant::now()
        });
        let passed = began.elapsed().min(DAY);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share"
        )]
        let due = (self.0.events as f64 * passed.as_secs_f64() / DAY.as_secs_f64()) as u64;
        let early = |counts: &mut Counts| counts.recorded < due && !counts.ended;
        let waited = self.0.changed.wait_while(self.counts(), early);
        waited.unwrap_or_else(PoisonError::into_inner).tries += 1;
    }
}

impl Destination for Down {
    fn identity(&self) -> Identity {
        Identity::new("down", "")
    }

    fn max_batch(&self) -> usize {
        64
    }

    fn max_in_flight(&self) -> usize {
        4
    }

    fn reads_events(&self) -> bool {
        false
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        self.refuse();
        let down = || Answer::Retry { refusal: Refusal::http(503, "down"), after: None };
        Box::pin(std::future::ready(batch.iter().map(|_| down()).collect()))
    }
}
