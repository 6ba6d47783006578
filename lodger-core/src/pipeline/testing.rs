//! Clocks and destinations that do as they are told.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::awaited::Awaited;
use super::clock::Clock;
use super::content::seal;
use super::filters::Filters;
use super::intake::{Intake, Limits};
use super::progress::{Board, LaneBoard, Progress};
use super::sealed::Sealed;
use super::{Pipeline, Shared};
use crate::destination::{Answer, BoxFuture, Delivery, Destination, Filter, Identity, Receipt, Refusal};
use crate::event::{Event, EventId, Timestamp};
use crate::journal::RecoveryReport;

/// A clock that stands still unless it is moved, and dice that always show the same.
#[derive(Debug)]
pub(crate) struct FixedClock {
    jitter: f64,
    instant: Mutex<std::time::Instant>,
}

impl FixedClock {
    /// Jitter is always this part of its maximum.
    pub(crate) fn with_jitter(jitter: f64) -> Self {
        Self { jitter, instant: Mutex::new(std::time::Instant::now()) }
    }

    /// Moves the monotonic clock. The wall clock stays, as one that somebody set back would.
    pub(crate) fn advance(&self, by: Duration) {
        *self.instant.lock().unwrap() += by;
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_778_846_400_000_000).unwrap()
    }

    fn instant(&self) -> std::time::Instant {
        *self.instant.lock().unwrap()
    }

    fn jitter(&self, max: Duration) -> Duration {
        max.mul_f64(self.jitter)
    }
}

/// What a scripted destination does with one event.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Answers at once.
    Say(Answer),
    /// Settles it.
    Take,
    /// Takes this long for the whole batch, then settles it.
    TakeAfter(Duration),
    /// Settles it once there is a permit, and uses that up.
    TakeWith(Arc<Semaphore>),
    /// Never answers.
    Hang,
    /// Panics.
    Panic,
}

impl Act {
    pub(crate) fn retry(status: u16) -> Self {
        Self::Say(Answer::Retry { refusal: Refusal::http(status, "try later"), after: None })
    }

    pub(crate) fn refuse(status: u16) -> Self {
        Self::Say(Answer::Refused(Refusal::http(status, "no")))
    }
}

/// An event as the scripted destination saw it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    /// When, since the destination was made.
    pub(crate) at: Duration,
    pub(crate) id: EventId,
    pub(crate) action: String,
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) tries: u32,
}

type Script = Box<dyn Fn(&Seen) -> Act + Send + Sync>;

/// A destination that does as it is told. A clone is the same destination.
#[derive(Clone)]
pub(crate) struct Scripted {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    batch: usize,
    in_flight: usize,
    started: Instant,
    script: Mutex<Script>,
    seen: Mutex<Vec<Seen>>,
    settled: Mutex<Vec<Seen>>,
}

impl Scripted {
    pub(crate) fn new(name: &str, script: impl Fn(&Seen) -> Act + Send + Sync + 'static) -> Self {
        Self::batched(name, 1, 1, script)
    }

    pub(crate) fn batched(
        name: &str,
        batch: usize,
        in_flight: usize,
        script: impl Fn(&Seen) -> Act + Send + Sync + 'static,
    ) -> Self {
        let inner = Inner {
            name: name.to_owned(),
            batch,
            in_flight,
            started: Instant::now(),
            script: Mutex::new(Box::new(script)),
            seen: Mutex::default(),
            settled: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Follows another script from now on.
    pub(crate) fn follow(&self, script: impl Fn(&Seen) -> Act + Send + Sync + 'static) {
        *self.inner.script.lock().unwrap() = Box::new(script);
    }

    /// Everything it was shown, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.inner.seen.lock().unwrap().clone()
    }

    /// Everything it took, in order.
    pub(crate) fn settled(&self) -> Vec<Seen> {
        self.inner.settled.lock().unwrap().clone()
    }

    async fn act(&self, delivery: &Delivery) -> Answer {
        let seen = Seen {
            at: self.inner.started.elapsed(),
            id: delivery.id(),
            action: delivery.event().action.to_string(),
            bytes: Arc::clone(&delivery.bytes),
            tries: delivery.tries,
        };
        self.inner.seen.lock().unwrap().push(seen.clone());
        let act = (self.inner.script.lock().unwrap())(&seen);
        match act {
            Act::Say(answer) => return answer,
            Act::Take => {}
            Act::TakeAfter(time) => tokio::time::sleep(time).await,
            Act::TakeWith(permits) => permits.acquire().await.unwrap().forget(),
            Act::Hang => std::future::pending().await,
            Act::Panic => panic!("as the script says"),
        }
        let receipt = Receipt::new(seen.id, &self.inner.name);
        self.inner.settled.lock().unwrap().push(seen);
        Answer::Settled(receipt)
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").field("name", &self.inner.name).finish_non_exhaustive()
    }
}

impl Destination for Scripted {
    fn identity(&self) -> Identity {
        Identity::new(&self.inner.name, "")
    }

    fn max_batch(&self) -> usize {
        self.inner.batch
    }

    fn max_in_flight(&self) -> usize {
        self.inner.in_flight
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            let mut answers = Vec::new();
            for delivery in batch {
                answers.push(self.act(delivery).await);
            }
            answers
        })
    }
}

/// An event as it waits in the intake, for the one destination.
pub(crate) fn sealed(event: Event) -> Sealed {
    seal(Box::new(event), &Filters::new([Filter::any()])).unwrap()
}

/// A pipeline whose journal thread takes nothing: what is offered stays in the intake.
pub(crate) fn stuck(limits: Limits) -> Pipeline {
    let board = vec![LaneBoard::new(Identity::new("stuck", ""), 0)];
    let shared = Shared {
        filters: Arc::new(Filters::new([Filter::any()])),
        progress: Arc::new(Progress::new(board)),
        awaited: Arc::new(Awaited::new()),
        fold: Arc::default(),
        counters: Arc::default(),
        controls: Arc::default(),
        clock: Arc::new(FixedClock::with_jitter(1.0)),
        durable: true,
    };
    // So that its end waits for nobody.
    shared.progress.post(|board| board.journal_ended = true);
    Pipeline {
        intake: Arc::new(Intake::new(limits)),
        shared: Arc::new(shared),
        dead_letters: Vec::new(),
        recovery: RecoveryReport::default(),
    }
}

impl Pipeline {
    /// How many events that strangers caused are under way.
    pub(crate) fn permits(&self) -> usize {
        self.intake.permits()
    }

    /// What is left to see of a pipeline when its handle is gone.
    pub(crate) fn remains(&self) -> Remains {
        Remains(Arc::clone(&self.shared))
    }
}

/// See [`Pipeline::remains`].
pub(crate) struct Remains(Arc<Shared>);

impl Remains {
    /// Blocks until all threads have ended.
    pub(crate) fn wait_for_end(&self) {
        let ended = |board: &Board| board.journal_ended && board.lanes.iter().all(|lane| lane.ended);
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        assert!(self.0.progress.wait(deadline, ended), "the threads are still there");
    }
}
