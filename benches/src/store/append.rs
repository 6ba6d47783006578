//! Appending: hashed, committed to, indexed and synced, beside bare SQLite with the same rows.

use std::error::Error;
use std::time::Instant;

use lodger_store::Store;
use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;

use super::bare::{Bare, Row};
use super::{GROUP, events, number};
use crate::allocations;
use crate::callgrind::{self, Times};
use crate::options::Options;
use crate::report::{Figure, Report, scratch};
use crate::rounds::{Sample, take_turns};

const OURS: &str = "append";
const BARE: &str = "bare SQLite";

/// The batches that are measured; of how many events each round is.
const BATCHES: [(usize, u64); 3] = [(1, 300), (64, 6_400), (512, 20_480)];

/// The batch of which instructions are counted.
const COUNTED_BATCH: usize = 64;

/// How many of them at most.
const MANY: usize = 80;

pub(super) fn measure(options: &Options, report: &mut Report) -> Result<(), Box<dyn Error>> {
    for (batch, events) in BATCHES {
        let events = if options.quick { events / 10 } else { events };
        let mut subjects = [Subject::start(BARE, batch, events)?, Subject::start(OURS, batch, events)?];
        subjects.iter_mut().try_for_each(|subject| subject.round().map(drop))?;
        let rounds = take_turns(&mut subjects, options.rounds(), |subject| {
            subject.round().map_err(|error| error.to_string())
        })?;
        let mut bare = None;
        for (mut subject, rounds) in subjects.into_iter().zip(rounds) {
            let figure = subject.figure(options, &rounds)?;
            report.add(match &bare {
                None => figure.clone(),
                Some(bare) => figure.clone().beside(bare, "events_per_second").at_least("ratio", 0.6),
            });
            bare = Some(figure);
        }
    }
    Ok(())
}

/// Appends in batches of which callgrind counts the instructions.
pub(super) fn counted(variant: &str, batches: usize) -> Result<(), Box<dyn Error>> {
    // However many are appended, as many are made, so that making them is not counted.
    let mut subject = Subject::start(variant, COUNTED_BATCH, (MANY * COUNTED_BATCH) as u64)?;
    // Not timed: valgrind hides the clock of threads.
    subject.append(batches, |append| append())
}

/// One of the two, with what it appends to.
struct Subject {
    name: String,
    batch: usize,
    events: u64,
    done: u64,
    to: To,
    // Removed behind what lies in it.
    _dir: TempDir,
}

enum To {
    Store(Store),
    Bare(Bare),
}

/// Seconds of a round.
struct Round {
    elapsed: f64,
    /// Of the thread that appended.
    busy: f64,
}

impl Subject {
    fn start(name: &str, batch: usize, events: u64) -> Result<Self, Box<dyn Error>> {
        let dir = scratch()?;
        let store = Store::open(dir.path().join("store"))?;
        let to = if name.starts_with(BARE) { To::Bare(Bare::beside(&store)?) } else { To::Store(store) };
        Ok(Self { name: format!("{name}, {batch} at once"), batch, events, done: 0, to, _dir: dir })
    }

    fn round(&mut self) -> Result<Round, Box<dyn Error>> {
        self.append(usize::MAX, timed)
    }

    /// Makes events, and lends what appends so many batches of them.
    fn append<T>(
        &mut self,
        batches: usize,
        run: impl FnOnce(&mut dyn FnMut() -> Result<(), Box<dyn Error>>) -> Result<T, Box<dyn Error>>,
    ) -> Result<T, Box<dyn Error>> {
        let events: Vec<Vec<u8>> = (self.done..self.done + self.events).map(events::event).collect();
        self.done += self.events;
        let most = batches.saturating_mul(self.batch).min(events.len());
        match &mut self.to {
            To::Store(store) => {
                run(&mut || append(store, events.get(..most).unwrap_or_default(), self.batch))
            }
            To::Bare(bare) => {
                let mut rows = Row::of(&events)?;
                rows.truncate(most);
                run(&mut || Ok(bare.append(&mut rows, self.batch)?))
            }
        }
    }

    fn figure(&mut self, options: &Options, rounds: &[Round]) -> Result<Figure, Box<dyn Error>> {
        let events = number(self.events);
        let elapsed = Sample::of(rounds.iter().map(|round| round.elapsed / events));
        let busy = Sample::of(rounds.iter().map(|round| round.busy / events));
        let figure = Figure::new(&*self.name)
            .with("events_per_second", 1.0 / elapsed.median)
            .with("ns", elapsed.median * 1e9)
            .with("spread", elapsed.spread)
            .with("cpu_ns", busy.median * 1e9);
        if self.batch != COUNTED_BATCH {
            return Ok(figure);
        }
        let few = if options.quick { 2 } else { MANY / 4 };
        let variant = if matches!(self.to, To::Store(_)) { OURS } else { BARE };
        let counted = callgrind::count(options, GROUP, variant, Times { few, many: few * 4 })?;
        let each = |instructions: f64| instructions / number(COUNTED_BATCH as u64);
        let figure = figure.with_some("instructions", counted.map(|counted| each(counted.this_thread)));
        let To::Store(store) = &self.to else { return Ok(figure) };
        let events: Vec<Vec<u8>> = (self.done..self.done + COUNTED_BATCH as u64).map(events::event).collect();
        self.done += COUNTED_BATCH as u64;
        let (appended, allocations) = allocations::of(|| append(store, &events, COUNTED_BATCH));
        appended?;
        Ok(figure.with("allocations", number(allocations.this_thread) / number(COUNTED_BATCH as u64)))
    }
}

/// Appends events that are all taken.
pub(super) fn append(store: &Store, events: &[Vec<u8>], batch: usize) -> Result<(), Box<dyn Error>> {
    for events in events.chunks(batch) {
        for answer in store.append(events)? {
            answer?;
        }
    }
    Ok(())
}

fn timed(work: &mut dyn FnMut() -> Result<(), Box<dyn Error>>) -> Result<Round, Box<dyn Error>> {
    let (begin, begin_busy) = (Instant::now(), busy());
    work()?;
    Ok(Round { elapsed: begin.elapsed().as_secs_f64(), busy: busy() - begin_busy })
}

/// How long this thread has had a processor, in seconds.
#[expect(clippy::cast_precision_loss, reason = "nanoseconds below 2^52: half a year")]
fn busy() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
