//! A destination that is down for a day, while the application goes on recording.
//!
//! The day is one of tokio's paused clock. A worker has a runtime of its own on a thread of its own; `Down` stops that
//! runtime's clock from inside, when it is asked for the first time. From then on the clock leaps to the next try whenever
//! the worker waits, so that each backoff is as long as in production and takes no time. So that the day is not over
//! before the first event, each try waits until as much of the events was recorded as has passed of the day.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::Duration;

use futures_util::future::join_all;
use lodger_core::Lodger;
use lodger_core::destination::{Answer, BoxFuture, Delivery, Destination, Identity, Receipt, Refusal};
use lodger_core::event::{Event, Target};
use tokio::time::Instant;

use crate::live::live;

/// How long the destination is down.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// By so many bytes memory may grow: what it takes up for the day must not depend on how many events wait.
pub const FLAT: usize = 10 << 20;

/// How many events are recorded together.
const CHUNK: u64 = 500;

/// After one part in so many of the events, memory has taken all the room that it takes.
const WARM: u64 = 20;

/// Bounds what a mistake can cost; no result depends on it.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a day was like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// Events that were recorded, each acknowledged.
    pub recorded: u64,
    /// How often the destination was asked in vain.
    pub tries: u64,
    /// By how many bytes memory in use grew, at most, from the warm state on.
    pub grown: usize,
    /// Events that arrived, each counted once.
    pub arrived: u64,
    /// Events that arrived more than once.
    pub doubled: u64,
    /// What the statistics say was delivered, became a dead letter, or is lost in any way.
    pub delivered: u64,
    /// See [`Self::delivered`].
    pub dead: u64,
}

/// Down until a day has passed on its worker's clock.
#[derive(Debug, Clone)]
struct Down(Arc<State>);

#[derive(Debug)]
struct State {
    events: u64,
    began: OnceLock<Instant>,
    counts: Mutex<Counts>,
    changed: Condvar,
}

#[derive(Debug)]
struct Counts {
    recorded: u64,
    tries: u64,
    /// By number of the event, how often it arrived.
    arrived: Vec<u8>,
}

impl Down {
    fn new(events: u64) -> Self {
        let counts = Counts { recorded: 0, tries: 0, arrived: vec![0; events as usize] };
        Self(Arc::new(State {
            events,
            began: OnceLock::new(),
            counts: Mutex::new(counts),
            changed: Condvar::new(),
        }))
    }

    fn recorded(&self, more: u64) {
        self.0.counts.lock().unwrap().recorded += more;
        self.0.changed.notify_all();
    }

    fn take(&self, batch: &[Delivery]) -> Vec<Answer> {
        let began = self.0.began.get_or_init(|| {
            tokio::time::pause();
            Instant::now()
        });
        let passed = began.elapsed().min(DAY);
        let due = (self.0.events as f64 * passed.as_secs_f64() / DAY.as_secs_f64()) as u64;
        let counts = self.0.counts.lock().unwrap();
        let (mut counts, waited) =
            self.0.changed.wait_timeout_while(counts, PATIENCE, |counts| counts.recorded < due).unwrap();
        assert!(!waited.timed_out(), "{due} events are not recorded in time");
        if passed < DAY {
            counts.tries += 1;
            let down = || Answer::Retry { refusal: Refusal::http(503, "down"), after: None };
            return batch.iter().map(|_| down()).collect();
        }
        let settled = |delivery: &Delivery| {
            let number: usize = delivery.event().target.id.parse().unwrap();
            counts.arrived[number] += 1;
            Answer::Settled(Receipt::new(delivery.id(), "down"))
        };
        batch.iter().map(settled).collect()
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

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async move { self.take(batch) })
    }
}

/// Records so many events on the day on which their destination is down, and waits until all have arrived.
///
/// # Panics
///
/// When one is not taken, or they don't arrive.
pub async fn day(events: u64, journal: &Path) -> Day {
    let down = Down::new(events);
    let lodger = Lodger::builder()
        .destination(down.clone())
        .journal_dir(journal)
        .max_journal_bytes(8 << 30)
        .build()
        .unwrap();
    let (mut warm, mut grown) = (None, 0);
    for first in (0..events).step_by(CHUNK as usize) {
        let chunk = first..events.min(first + CHUNK);
        let size = chunk.end - chunk.start;
        let recorded = join_all(chunk.map(|number| lodger.record(event(number)))).await;
        recorded.into_iter().for_each(|recorded| _ = recorded.unwrap());
        down.recorded(size);
        if first >= events / WARM {
            grown = grown.max(live().saturating_sub(*warm.get_or_insert_with(live)));
        }
    }
    lodger.flush(PATIENCE).await.unwrap();
    let stats = lodger.stats();
    let counts = down.0.counts.lock().unwrap();
    Day {
        recorded: counts.recorded,
        tries: counts.tries,
        grown,
        arrived: counts.arrived.iter().filter(|times| **times > 0).count() as u64,
        doubled: counts.arrived.iter().filter(|times| **times > 1).count() as u64,
        delivered: stats.destinations[0].delivered,
        dead: stats.destinations[0].dead,
    }
}

fn event(number: u64) -> Event {
    Event::builder("invoice.update").target(Target::new("invoice", number)).build().unwrap()
}
