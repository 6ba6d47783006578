//! The handle.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::builder::LodgerBuilder;
use super::error::BuildError;
use super::fitness::DestinationMisfit;
use super::prepare::Preparation;
use super::stats::{self, ShutdownReport, Stats};
use crate::capture::{self, Count, Scope, Sink};
#[cfg(feature = "testing")]
use crate::destination::Identity;
use crate::destination::Receipt;
use crate::event::{Event, EventId, ToActor};
use crate::journal::RecoveryReport;
use crate::pipeline::{FlushError, Goal, Lane, Pipeline, RecordError, Ticket};
use crate::redact::HashKey;

/// Records audit events and delivers them: the one object of this crate that an application keeps.
///
/// A clone is the same client. It needs no particular async runtime and none at all: threads of its own deliver and bound
/// waits, and dropping the application's runtime stops no delivery. They are named `lodger-…` and take none of the
/// application's signals.
///
/// It belongs to the process that built it. In a forked child every event is refused, nothing is delivered, and dropping
/// the handle touches nothing: build another one there.
///
/// Call [`shutdown`](Self::shutdown) before the process ends. Without it the last drop still stops the intake and
/// commits what was accepted, waiting at most 2 s, and not at all on a runtime's thread; a journal on disk delivers
/// the rest after the next start.
#[derive(Clone)]
pub struct Lodger {
    pub(super) inner: Arc<Inner>,
}

/// What all clones share. Capture knows it as its sink.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) pipeline: Pipeline,
    pub(super) preparation: Arc<Preparation>,
    /// What no destination would take of the events of annotated functions.
    pub(super) misfits: Vec<DestinationMisfit>,
    /// In a test the journal in memory stands for one on disk.
    #[cfg(feature = "testing")]
    pub(super) stands_for_disk: bool,
}

/// How long a job waits at its end for its events to be on disk.
const JOB_WAIT: Duration = Duration::from_secs(2);

impl Lodger {
    /// Starts to build a client.
    pub fn builder() -> LodgerBuilder {
        LodgerBuilder::new()
    }

    /// A client as the environment describes it: `LODGER_DESTINATION` (or `LODGER_API_KEY`), and everything that
    /// [`LodgerBuilder`] reads by default.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names every problem at once, each with what to do.
    pub fn from_env() -> Result<Self, BuildError> {
        Self::builder().destination_from_env().build()
    }

    #[cfg(test)]
    pub(super) fn pipeline(&self) -> &Pipeline {
        &self.inner.pipeline
    }

    pub(super) fn new(pipeline: Pipeline, preparation: Preparation, misfits: Vec<DestinationMisfit>) -> Self {
        let inner = Inner {
            pipeline,
            preparation: Arc::new(preparation),
            misfits,
            #[cfg(feature = "testing")]
            stands_for_disk: false,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The same, whose journal in memory stands for one on disk.
    #[cfg(feature = "testing")]
    pub(super) fn standing_for_disk(
        pipeline: Pipeline,
        preparation: Preparation,
        misfits: Vec<DestinationMisfit>,
    ) -> Self {
        let preparation = Arc::new(preparation);
        Self { inner: Arc::new(Inner { pipeline, preparation, misfits, stands_for_disk: true }) }
    }

    /// Blocks this thread, at most this long, until the destination has everything accepted so far. The client's
    /// threads are its own, so that also works on the only thread of a runtime. Answers whether it has.
    #[cfg(feature = "testing")]
    pub(crate) fn wait_for_destination(&self, destination: &Identity, within: Duration) -> bool {
        self.inner.pipeline.wait_for_destination(destination, within)
    }

    /// Records an event.
    ///
    /// # Durability
    ///
    /// `Ok` only after the event has been fsynced to the journal (in memory: after it is queued for delivery).
    ///
    /// # Cancel safety
    ///
    /// The event is queued exactly once, when the future is polled for the first time. Dropping the future afterwards
    /// neither loses nor doubles it.
    ///
    /// # Errors
    ///
    /// When it breaks a limit, there is no room, the disk fails, or the client was shut down.
    pub async fn record(&self, event: Event) -> Result<EventId, RecordError> {
        let id = event.id;
        self.offer(event, Goal::Durable)?.await?;
        Ok(id)
    }

    /// Queues an event without waiting for anything. Never blocks and needs no runtime.
    ///
    /// # Durability
    ///
    /// None yet: a crash in the next milliseconds loses the event. Should the journal not take it, it is written to
    /// stderr and counted.
    ///
    /// # Errors
    ///
    /// When it breaks a limit, there is no room, or the client was shut down.
    pub fn enqueue(&self, event: Event) -> Result<EventId, RecordError> {
        let id = event.id;
        // The ticket of this goal is there already.
        drop(self.offer(event, Goal::Queued)?);
        Ok(id)
    }

    /// Records an event and waits until every destination has acknowledged it; answers with their receipts.
    ///
    /// Takes as long as the slowest destination, and for ever while one is down: put a time limit of your own around
    /// it. The event is delivered in any case.
    ///
    /// # Cancel safety
    ///
    /// As [`record`](Self::record).
    ///
    /// # Errors
    ///
    /// As [`record`](Self::record); and when a destination refuses the event for good, or the client ends first.
    pub async fn event(&self, event: Event) -> Result<Vec<Receipt>, RecordError> {
        self.offer(event, Goal::Delivered)?.await
    }

    /// Where capture hands its events.
    #[must_use]
    pub fn sink(&self) -> Arc<dyn Sink> {
        Arc::clone(&self.inner) as Arc<dyn Sink>
    }

    /// For callers who can be told about a broken limit.
    fn offer(&self, event: Event, goal: Goal) -> Result<Ticket, RecordError> {
        let Inner { pipeline, preparation, .. } = &*self.inner;
        let mut event = Box::new(event);
        if let Err(invalid) = preparation.check(&mut event) {
            pipeline.counters().offered.up();
            pipeline.counters().invalid.up();
            return Err(invalid.into());
        }
        pipeline.offer(event, Lane::Trusted, goal)
    }

    /// Makes this the client of code that runs outside every request and job: an annotated function that a timer
    /// calls, a library. While none is installed, their events are printed to stderr and counted.
    ///
    /// The application keeps the handle: this does not keep the client alive, and with the last handle the installed
    /// client is gone.
    pub fn install(&self) {
        capture::install(&self.sink());
    }

    /// Runs a job without a request as this actor: a worker, a schedule, a migration. The events of annotated
    /// functions in it are finished by the functions' own results. At its end it waits until they are on disk, at most
    /// 2 s.
    ///
    /// It answers what the job answers, also when its events were refused, by a full journal for example: they are on
    /// stderr then, and counted. After [`shutdown`](Self::shutdown) all are refused (`refused_closed`), so stop taking
    /// jobs before it. Where the next step depends on the event, [`record`](Self::record) it: that has an error.
    ///
    /// ```
    /// use lodger_core::destination::MemoryDestination;
    /// use lodger_core::event::Actor;
    /// use lodger_core::{Lodger, audited};
    ///
    /// #[audited("invoice.remind", target(invoice = id), idempotency_key = format!("reminder-{id:06}"))]
    /// async fn remind(id: u64) -> Result<(), std::io::Error> { Ok(()) }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let memory = MemoryDestination::new();
    /// let lodger = Lodger::builder().destination(memory.clone()).in_memory_journal().build()?;
    /// lodger.run_as(Actor::service("billing-worker"), remind(7)).await?;
    ///
    /// let events = memory.wait_for(1).await;
    /// assert_eq!((events[0].actor.id.as_str(), events[0].target.id.as_str()), ("billing-worker", "7"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the job; functions that it interrupts leave an event with the outcome unknown.
    pub async fn run_as<F: Future>(&self, actor: impl ToActor, job: F) -> F::Output {
        let scope = Scope::job(self.sink(), Some(actor.to_actor()));
        let output = scope.around(job).await;
        let on_disk = capture::all_within(JOB_WAIT, vec![self.inner.durable()]);
        if self.is_durable() && on_disk.await.is_err() {
            self.inner.count(Count::GuaranteeMissed);
        }
        output
    }

    /// Waits until everything accepted so far has been delivered or has become a dead letter.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future only stops the waiting.
    ///
    /// # Errors
    ///
    /// When that was not the case within this time. Nothing is lost: what remains is still on its way.
    pub async fn flush(&self, within: Duration) -> Result<(), FlushError> {
        self.inner.pipeline.flush(within).await
    }

    /// Waits for requests, jobs and spawned work that are under way, refuses new events, commits what was accepted,
    /// delivers, and reports what remains; all of it together takes at most this long. What remains stays in a journal
    /// on disk and is delivered after the next start; an in-memory journal writes it to stderr.
    ///
    /// What is under way can still record; once the time is over, its events are refused and written to stderr. So call
    /// this when the server takes no more requests, and not from inside a request or job, which would wait for itself.
    ///
    /// Any clone may call it, and more than once: each call waits and reports. A nearer deadline replaces a farther
    /// one. It takes at most half a second longer than `within`, which a destination has to stop in.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the shutdown goes on when the future is dropped.
    pub async fn shutdown(&self, within: Duration) -> ShutdownReport {
        let inner = Arc::downgrade(&self.inner);
        let closing = move || {
            if let Some(inner) = inner.upgrade() {
                capture::uninstall(&(inner as Arc<dyn Sink>));
            }
        };
        let committed = self.inner.pipeline.shutdown(within, closing).await;
        #[cfg(feature = "metrics")]
        super::metrics::publish(&self.stats());
        stats::shutdown_report(&self.inner.pipeline, committed)
    }

    /// How the client is doing. In a forked child there are only the counts: nothing waits there, and no destination gets
    /// anything.
    #[must_use]
    pub fn stats(&self) -> Stats {
        stats::stats(&self.inner.pipeline.view())
    }

    /// Whether accepted events survive a crash of the process: not with an in-memory journal.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        self.inner.pipeline.is_durable()
    }

    /// What was found when the journal was opened: adopted, left alone, damaged.
    #[must_use]
    pub fn recovery(&self) -> &RecoveryReport {
        self.inner.pipeline.recovery()
    }

    /// The key under which sessions and secrets are hashed.
    #[must_use]
    pub fn hash_key(&self) -> &HashKey {
        &self.inner.preparation.hash_key
    }
}

impl fmt::Debug for Lodger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let destinations = self.inner.pipeline.identities();
        f.debug_struct("Lodger").field("destinations", &destinations).finish_non_exhaustive()
    }
}
