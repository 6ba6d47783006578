//! A destination that misbehaves on demand.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::patience::{PATIENCE, within};
use crate::destination::{
    Answer, BoxFuture, Delivery, Destination, Identity, Receipt, Refusal, status_answer,
};
use crate::event::{Event, EventId};

const KIND: &str = "misbehaving";

/// What a [`MisbehavingDestination`] does with a delivery.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// Answers with this HTTP status and keeps nothing. What the client makes of it is what it makes of any
    /// destination's (`docs/guarantees.md`, the table of answers); with 2xx the event is kept.
    Status(u16),
    /// Answers 429 with `Retry-After`, and keeps nothing.
    RetryAfter(Duration),
    /// Keeps the event, and the answer is lost on its way back: the client has to send it again.
    LoseAnswer,
    /// Keeps the event and answers, but only after this time.
    Delay(Duration),
    /// Neither keeps it nor answers, until [`behave`](MisbehavingDestination::behave) is called; then it does both.
    Hang,
}

/// A delivery that came to a [`MisbehavingDestination`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Arrival {
    /// The event.
    pub event: Arc<Event>,
    /// Its canonical bytes: the same in every try.
    pub bytes: Arc<[u8]>,
    /// How often it was tried before.
    pub tries: u32,
}

impl Arrival {
    /// The key under which a destination recognises a repeat: the same in every try.
    #[must_use]
    pub fn idempotency_key(&self) -> &str {
        &self.event.idempotency_key
    }
}

/// A destination that misbehaves on demand: to see what an application does while audit events can't be delivered.
/// A clone is the same destination.
///
/// Beside it [`capture_with`](super::capture_with) still captures what was recorded, and its client tries again a
/// hundred times sooner than in production; a destination that made it pause, with 401 for instance, is tried again
/// after a minute all the same.
///
/// ```
/// use lodger_core::event::Actor;
/// use lodger_core::testing::{Misbehaviour, MisbehavingDestination, capture_with};
/// use lodger_core::{Lodger, audited};
///
/// #[audited("invoice.remind", target(invoice = id))]
/// async fn remind(id: u64) {}
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let service = MisbehavingDestination::new();
/// service.next(Misbehaviour::Status(503)).next(Misbehaviour::LoseAnswer);
/// let audit = capture_with(Lodger::builder().destination(service.clone()));
///
/// audit.lodger().run_as(Actor::service("billing-worker"), remind(7)).await;
/// let arrivals = service.wait_for_arrivals(3).await;
/// assert!(arrivals.iter().all(|arrival| arrival.bytes == arrivals[0].bytes));
/// assert_eq!(service.kept().len(), 1);
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct MisbehavingDestination {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    arrived: watch::Sender<usize>,
    /// Counts the calls of `behave`, each of which releases what hangs.
    released: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    next: VecDeque<Misbehaviour>,
    from_now_on: Option<Misbehaviour>,
    arrivals: Vec<Arrival>,
    kept: Vec<Event>,
    ids: HashSet<EventId>,
}

impl MisbehavingDestination {
    /// One that behaves until it is told otherwise.
    #[must_use]
    pub fn new() -> Self {
        let shared = Shared {
            state: Mutex::default(),
            arrived: watch::Sender::new(0),
            released: watch::Sender::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Misbehaves at the next delivery that nothing is planned for yet.
    #[allow(clippy::should_implement_trait, reason = "it is no iterator, and nobody takes it for one")]
    pub fn next(&self, misbehaviour: Misbehaviour) -> &Self {
        self.state().next.push_back(misbehaviour);
        self
    }

    /// Misbehaves at every delivery behind those that are planned, until [`behave`](Self::behave) is called.
    pub fn from_now_on(&self, misbehaviour: Misbehaviour) -> &Self {
        self.state().from_now_on = Some(misbehaviour);
        self
    }

    /// Behaves from now on: forgets what was planned, and takes what hangs.
    pub fn behave(&self) {
        {
            let mut state = self.state();
            state.next.clear();
            state.from_now_on = None;
        }
        self.shared.released.send_modify(|released| *released += 1);
    }

    /// Every delivery so far, repeats and refused ones included, in the order of arrival.
    #[must_use]
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.state().arrivals.clone()
    }

    /// The events that it kept, each once.
    #[must_use]
    pub fn kept(&self) -> Vec<Event> {
        self.state().kept.clone()
    }

    /// Waits until at least this many deliveries have arrived, and returns all of them.
    ///
    /// # Panics
    ///
    /// When there are fewer after 10 seconds.
    ///
    /// # Cancel safety
    ///
    /// Nothing is taken out; waiting again gives the same deliveries.
    pub async fn wait_for_arrivals(&self, count: usize) -> Vec<Arrival> {
        let mut arrived = self.shared.arrived.subscribe();
        // The sender lives as long as `self`, so only the time can end the wait.
        let came = within(PATIENCE, arrived.wait_for(|&arrived| arrived >= count)).await.is_some();
        let arrivals = self.arrivals();
        assert!(
            came,
            "expected {count} deliveries, {} arrived within {} s",
            arrivals.len(),
            PATIENCE.as_secs()
        );
        arrivals
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, delivery: &Delivery) -> Answer {
        let mut released = self.shared.released.subscribe();
        let misbehaviour = self.arrive(delivery);
        match misbehaviour {
            None => {}
            Some(Misbehaviour::Status(status)) => {
                if let Some(refused) = status_answer(status, "as the test wants it", None) {
                    return refused;
                }
            }
            Some(Misbehaviour::RetryAfter(after)) => {
                let refusal = Refusal::http(429, "as the test wants it");
                return Answer::Retry { refusal, after: Some(after) };
            }
            Some(Misbehaviour::LoseAnswer) => {
                self.keep(delivery.event());
                return Answer::Ambiguous(Refusal::new("the answer was lost, as the test wants it"));
            }
            Some(Misbehaviour::Delay(time)) => tokio::time::sleep(time).await,
            // The sender lives as long as `self`.
            Some(Misbehaviour::Hang) => _ = released.changed().await,
        }
        let receipt = Receipt::new(delivery.id(), KIND);
        Answer::Settled(if self.keep(delivery.event()) { receipt } else { receipt.as_repeat() })
    }

    /// Notes a delivery and says what to do with it.
    fn arrive(&self, delivery: &Delivery) -> Option<Misbehaviour> {
        let (event, bytes) = (Arc::clone(delivery.event()), Arc::clone(&delivery.bytes));
        let mut state = self.state();
        state.arrivals.push(Arrival { event, bytes, tries: delivery.tries });
        let misbehaviour = state.next.pop_front().or_else(|| state.from_now_on.clone());
        let count = state.arrivals.len();
        drop(state);
        self.shared.arrived.send_replace(count);
        misbehaviour
    }

    /// Answers whether the event is new.
    fn keep(&self, event: &Event) -> bool {
        let mut state = self.state();
        let new = state.ids.insert(event.id);
        if new {
            state.kept.push(event.clone());
        }
        new
    }
}

impl Default for MisbehavingDestination {
    fn default() -> Self {
        Self::new()
    }
}

impl Destination for MisbehavingDestination {
    fn identity(&self) -> Identity {
        Identity::new(KIND, "")
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            let mut answers = Vec::with_capacity(batch.len());
            for delivery in batch {
                answers.push(self.answer(delivery).await);
            }
            answers
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Actor, Target};
    use crate::testing::{Captured, capture_with};
    use crate::{Lodger, client::DeliveryState};

    fn record(audit: &Captured, id: u32) {
        let event = Event::builder("invoice.update").actor(Actor::user("ada"));
        audit.lodger().enqueue(event.target(Target::new("invoice", id)).build().unwrap()).unwrap();
    }

    fn with(service: &MisbehavingDestination) -> Captured {
        capture_with(Lodger::builder().destination(service.clone()))
    }

    #[tokio::test]
    async fn what_is_refused_for_now_comes_again_with_the_same_bytes_and_key() {
        let service = MisbehavingDestination::new();
        service.next(Misbehaviour::Status(503)).next(Misbehaviour::RetryAfter(Duration::ZERO));
        let audit = with(&service);
        record(&audit, 7);
        let arrivals = service.wait_for_arrivals(3).await;
        audit.lodger().flush(PATIENCE).await.unwrap();
        assert_eq!(arrivals.iter().map(|arrival| arrival.tries).collect::<Vec<_>>(), [0, 1, 2]);
        let first = &arrivals[0];
        for arrival in &arrivals {
            assert_eq!((&arrival.bytes, arrival.idempotency_key()), (&first.bytes, first.idempotency_key()));
        }
        assert_eq!(service.kept().len(), 1);
    }

    #[tokio::test]
    async fn a_lost_answer_repeats_what_is_kept() {
        let service = MisbehavingDestination::new();
        service.next(Misbehaviour::LoseAnswer).next(Misbehaviour::Hang);
        let audit = with(&service);
        record(&audit, 7);
        assert_eq!(service.wait_for_arrivals(2).await.len(), 2);
        assert_eq!(service.kept().len(), 1, "before the repeat is taken");
        service.behave();
        audit.lodger().flush(PATIENCE).await.unwrap();
        assert_eq!(service.kept().len(), 1);
    }

    #[tokio::test]
    async fn what_hangs_is_taken_when_it_behaves() {
        let service = MisbehavingDestination::new();
        service.from_now_on(Misbehaviour::Hang);
        let audit = with(&service);
        record(&audit, 7);
        record(&audit, 8);
        service.wait_for_arrivals(1).await;
        assert_eq!((service.kept().len(), audit.events().len()), (0, 2));
        service.behave();
        audit.lodger().flush(PATIENCE).await.unwrap();
        assert_eq!((service.kept().len(), service.arrivals().len()), (2, 2));
    }

    #[tokio::test]
    async fn a_status_means_what_it_means_elsewhere() {
        let service = MisbehavingDestination::new();
        service.next(Misbehaviour::Status(204)).next(Misbehaviour::Status(422));
        let audit = with(&service);
        record(&audit, 7);
        record(&audit, 8);
        audit.lodger().flush(PATIENCE).await.unwrap();
        assert_eq!(service.kept().len(), 1);
        assert_eq!(audit.lodger().dead_letters().unwrap()[0].to_json()["target"]["id"], "8");

        service.next(Misbehaviour::Status(401));
        record(&audit, 9);
        audit.lodger().flush(Duration::from_millis(1)).await.unwrap_err();
        service.wait_for_arrivals(3).await;
        // It is posted right after the answer.
        while audit.lodger().stats().destinations[0].state != DeliveryState::Paused {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_delay_delays_the_answer() {
        let service = MisbehavingDestination::new();
        service.next(Misbehaviour::Delay(Duration::from_millis(1)));
        let audit = with(&service);
        record(&audit, 7);
        audit.lodger().flush(PATIENCE).await.unwrap();
        assert_eq!(service.kept().len(), 1);
    }
}
