//! Destinations that answer for fewer or more events than they were given.

use super::*;
use crate::destination::{BoxFuture, Delivery, Receipt};

/// Takes batches of three and settles, but answers so often, whatever it was given.
#[derive(Debug, Clone)]
struct Miscounting {
    answers: usize,
    asked: Arc<std::sync::Mutex<Vec<Vec<EventId>>>>,
}

impl Miscounting {
    fn new(answers: usize) -> Self {
        Self { answers, asked: Arc::default() }
    }

    /// How many events each batch had.
    fn batches(&self) -> Vec<usize> {
        self.asked.lock().unwrap().iter().map(Vec::len).collect()
    }
}

impl Destination for Miscounting {
    fn identity(&self) -> Identity {
        Identity::new("miscounting", "")
    }

    fn max_batch(&self) -> usize {
        3
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        self.asked.lock().unwrap().push(batch.iter().map(Delivery::id).collect());
        let settled = |_| Answer::Settled(Receipt::new(batch[0].id(), "miscounting"));
        Box::pin(std::future::ready((0..self.answers).map(settled).collect()))
    }
}

#[tokio::test(start_paused = true)]
async fn events_without_an_answer_are_sent_again() {
    let destination = Miscounting::new(1);
    let mut rig = Rig::with(&destination, DeadLetters::in_memory(), true);
    rig.add_many(3);
    pass(0.1).await;
    assert_eq!(rig.counts(), [2, 0, 1, 0]);
    assert_eq!(rig.lane().last_error.as_deref(), Some("no answer for this event"));
    pass(10.0).await;
    assert_eq!(rig.counts(), [0, 0, 3, 0]);
    assert_eq!(destination.batches(), [3, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn answers_for_events_that_were_not_sent_are_ignored() {
    let destination = Miscounting::new(5);
    let mut rig = Rig::with(&destination, DeadLetters::in_memory(), true);
    rig.add_many(7);
    pass(10.0).await;
    assert_eq!(rig.counts(), [0, 0, 7, 0]);
    assert_eq!(destination.batches(), [3, 3, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_answers_nothing_at_all_is_backed_off_from_and_loses_nothing() {
    let destination = Miscounting::new(0);
    let mut rig = Rig::with(&destination, DeadLetters::in_memory(), true);
    rig.add_many(7);
    pass(86_400.0).await;
    assert_eq!((rig.counts(), rig.lane().state), ([7, 0, 0, 0], DeliveryState::BackingOff));
    assert!(destination.batches().len() < 1_500, "{}", destination.batches().len());
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_returns_gets_two_requests_for_each_that_it_answered() {
    let destination = Scripted::batched("d", 1, 64, |seen| match seen.at.as_secs() {
        0..10 => Act::retry(503),
        _ => Act::TakeAfter(Duration::from_secs(1)),
    });
    let mut rig = Rig::new(&destination);
    rig.add_many(300);
    pass(600.0).await;
    assert_eq!(rig.counts(), [0, 0, 300, 0]);
    let returned: Vec<u64> =
        destination.seen().iter().map(|seen| seen.at.as_secs()).filter(|second| *second >= 10).collect();
    let rounds = (0..9).map(|round| returned.iter().filter(|second| **second == returned[0] + round).count());
    assert_eq!(rounds.collect::<Vec<_>>(), [1, 2, 4, 8, 16, 32, 64, 64, 64]);
}

fn unfit() -> Act {
    Act::Say(Answer::Unfit(Refusal::new("not sent: 70 characters")))
}

#[tokio::test(start_paused = true)]
async fn however_many_events_do_not_fit_each_is_a_dead_letter_and_the_destination_runs() {
    let destination = Scripted::new("d", |seen| if seen.action == "unfit" { unfit() } else { Act::Take });
    let mut rig = Rig::new(&destination);
    let bad: Vec<EventId> = (0..100).map(|_| rig.add("unfit")).collect();
    rig.add("a.b");
    let awaited = rig.add_awaited("unfit");
    pass(1.0).await;
    assert_eq!((rig.counts(), rig.lane().state), ([0, 0, 1, 101], DeliveryState::Running));
    assert_eq!(rig.lane().last_error, None);
    assert_eq!(rig.dead()[..100], bad);
    let letter = &rig.dead_letters.list().unwrap()[0];
    assert_eq!((letter.tries, letter.may_be_there, &*letter.reason), (0, false, "not sent: 70 characters"));
    assert!(awaited.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_no_probe_of_a_paused_destination() {
    let closed = || Act::Say(Answer::Pause(Refusal::http(401, "unknown key")));
    let destination = Scripted::new("d", move |seen| match seen.action.as_str() {
        "unfit" => unfit(),
        _ if seen.at.as_secs() < 130 => closed(),
        _ => Act::Take,
    });
    let mut rig = Rig::new(&destination);
    rig.add("a.b");
    pass(1.0).await;
    for _ in 0..3 {
        rig.add("unfit");
    }
    rig.add("a.b");
    pass(1.0).await;
    assert_eq!((rig.counts(), rig.lane().state), ([5, 0, 0, 0], DeliveryState::Paused));
    pass(120.0).await;
    assert_eq!((rig.counts(), rig.lane().state), ([2, 0, 0, 3], DeliveryState::Paused));
    pass(60.0).await;
    assert_eq!((rig.counts(), rig.lane().state), ([0, 0, 2, 3], DeliveryState::Running));
    let others: Vec<Seen> =
        destination.seen().into_iter().filter(|seen| seen.action.as_str() != "unfit").collect();
    assert_at(&others, &[0.0, 60.0, 120.0, 180.0, 180.0]);
}
