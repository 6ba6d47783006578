//! What a test captures.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::expected::Expected;
use super::outside::Outside;
use super::patience::{PATIENCE, within};
use super::{report, strict};
use crate::capture::{Sink, install_on_thread};
use crate::client::{Lodger, LodgerBuilder};
use crate::destination::{Destination, MemoryDestination};
use crate::event::Event;

/// The key under which a test's sessions and secrets are hashed: no secret, so that a hash can stand in a test.
const HASH_KEY: [u8; 32] = *b"the testing kit's key, no secret";

/// Captures the audit events of one test.
///
/// The events of an application whose layer gets [`Captured::lodger`], and those of annotated functions that this
/// thread calls outside every request and job. The client is the real one, with its redaction, limits and trimming;
/// only its journal lies in memory. Nothing is read from the environment, nothing is written, and dropping the value
/// undoes it. Tests that run side by side don't see each other's events.
///
/// ```
/// use lodger_core::{assert_audited, audited, testing};
///
/// #[audited("invoice.send", target(invoice = id), fields(copies))]
/// async fn send(id: u64, copies: u8) -> Result<(), std::io::Error> { Ok(()) }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), std::io::Error> {
/// let audit = testing::capture();
/// send(7, 2).await?;
/// assert_audited!(audit, "invoice.send", target = ("invoice", 7), outcome = success, fields(copies = 2));
/// # Ok(())
/// # }
/// ```
///
/// # Panics
///
/// When the client's threads can't be started.
#[must_use = "its events are captured as long as it is kept"]
#[track_caller]
pub fn capture() -> Captured {
    capture_with(LodgerBuilder::apart().host("test").hash_key(HASH_KEY))
}

/// Like [`capture()`], with a client of your own making: your redaction, your service's name, further destinations.
/// Its journal lies in memory whatever the builder says.
///
/// ```
/// use lodger_core::redact::Rules;
/// use lodger_core::{Lodger, testing};
///
/// let audit = testing::capture_with(Lodger::builder().service("billing").redact(Rules::default()));
/// ```
///
/// # Panics
///
/// When the client can't be built; the text names every problem.
#[must_use = "its events are captured as long as it is kept"]
#[track_caller]
pub fn capture_with(builder: LodgerBuilder) -> Captured {
    let memory = MemoryDestination::named("test capture");
    let lodger = match builder.destination(memory.clone()).for_tests().build() {
        Ok(lodger) => lodger,
        Err(error) => panic!("{error}"),
    };
    let outside = Arc::new(Outside::of(lodger.sink()));
    install_on_thread(&(Arc::clone(&outside) as Arc<dyn Sink>));
    Captured { lodger, memory, outside, strict: false, told: AtomicBool::new(false) }
}

/// The audit events of one test; see [`capture()`].
pub struct Captured {
    lodger: Lodger,
    memory: MemoryDestination,
    outside: Arc<Outside>,
    strict: bool,
    /// What strict has to say was said: one test fails once.
    told: AtomicBool,
}

impl Captured {
    /// The client to give to the application's layer, which may ask for any guarantee.
    #[must_use]
    pub fn lodger(&self) -> Lodger {
        self.lodger.clone()
    }

    /// Also fails the test for events that say less than they should: the actor or the target is unresolved, or this
    /// thread recorded the event outside every request and job. The text names each function and the fix. It comes at
    /// the next assertion, and when the value is dropped.
    ///
    /// What other threads record outside every request and job is not captured, and strict doesn't see it: nothing
    /// tells whose test it was, and the tests of one process would fail for each other's. It stands on stderr and in
    /// `lodger().stats().orphans`, which the whole process shares.
    #[must_use = "it is this value that is strict"]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// All events so far, in the order in which they were recorded.
    ///
    /// Waits, without sleeping, until everything that was recorded has come through the client. That blocks this
    /// thread for a moment, which the client's own threads don't mind. Work that is still running is not waited for:
    /// see [`wait_for`](Self::wait_for).
    ///
    /// # Panics
    ///
    /// When the events have not come through within 10 seconds.
    #[track_caller]
    pub fn events(&self) -> Vec<Event> {
        match self.arrived() {
            Some(events) => events,
            None => panic!(
                "the audit events have not come through the client within {} s; its statistics: {:#?}",
                PATIENCE.as_secs(),
                self.lodger.stats()
            ),
        }
    }

    fn arrived(&self) -> Option<Vec<Event>> {
        let here = self.lodger.wait_for_destination(&self.memory.identity(), PATIENCE);
        here.then(|| self.memory.events())
    }

    /// Waits until work that is still running, such as a spawned task, has recorded an event of this action; answers
    /// with the first one.
    ///
    /// # Panics
    ///
    /// When there is none within 10 seconds; the text shows what was captured instead.
    ///
    /// # Cancel safety
    ///
    /// Nothing is taken out; waiting again gives the same event.
    pub async fn wait_for(&self, action: &str) -> Event {
        self.wait_for_within(PATIENCE, action).await
    }

    pub(super) async fn wait_for_within(&self, limit: Duration, action: &str) -> Event {
        let first = async {
            let mut seen = 0;
            loop {
                let events = self.memory.wait_for(seen).await;
                seen = events.len() + 1;
                if let Some(event) = events.into_iter().find(|event| event.action == action) {
                    return event;
                }
            }
        };
        match within(limit, first).await {
            Some(event) => event,
            None => panic!("{}", report::none_came(limit, &Expected::action(action), &self.events(), self)),
        }
    }

    /// Waits until at least this many events have been recorded, by work that is still running; answers with all.
    ///
    /// # Panics
    ///
    /// When there are fewer after 10 seconds; the text shows them.
    ///
    /// # Cancel safety
    ///
    /// Nothing is taken out; waiting again gives the same events.
    pub async fn wait_for_count(&self, count: usize) -> Vec<Event> {
        self.wait_for_count_within(PATIENCE, count).await
    }

    pub(super) async fn wait_for_count_within(&self, limit: Duration, count: usize) -> Vec<Event> {
        match within(limit, self.memory.wait_for(count)).await {
            Some(events) => events,
            None => panic!("{}", report::too_few_came(limit, count, &self.events(), self)),
        }
    }

    /// Fails the test unless an event was captured that fits; answers with the first that does.
    /// [`assert_audited!`](crate::assert_audited) is the short way to write it.
    ///
    /// # Panics
    ///
    /// When none does, or not as many as expected.
    #[track_caller]
    pub fn assert_audited(&self, expected: Expected) -> Event {
        let events = self.events();
        self.check_strictly(&events);
        match report::audited(&expected, &events, self) {
            Ok(event) => event,
            Err(text) => panic!("{text}"),
        }
    }

    /// Fails the test if an event was captured that fits.
    /// [`assert_not_audited!`](crate::assert_not_audited) is the short way to write it.
    ///
    /// # Panics
    ///
    /// When one does.
    #[track_caller]
    pub fn assert_not_audited(&self, unexpected: Expected) {
        let events = self.events();
        self.check_strictly(&events);
        if let Err(text) = report::not_audited(&unexpected, &events, self) {
            panic!("{text}");
        }
    }

    /// Whether the event was recorded outside every request and job.
    pub(super) fn is_outside(&self, event: &Event) -> bool {
        self.outside.has(event)
    }

    #[track_caller]
    fn check_strictly(&self, events: &[Event]) {
        if self.strict
            && let Err(text) = strict::check(events, |event| self.is_outside(event))
            && !self.told.swap(true, Ordering::Relaxed)
        {
            panic!("{text}");
        }
    }
}

impl Drop for Captured {
    fn drop(&mut self) {
        // A test that fails already has something better to say, and a panic now would abort the others too.
        if self.strict && !std::thread::panicking() {
            let events = self.events();
            self.check_strictly(&events);
        }
    }
}

impl fmt::Debug for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Captured").field("events", &self.memory.events().len()).finish_non_exhaustive()
    }
}
