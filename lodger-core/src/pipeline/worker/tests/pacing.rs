//! Pacing: nothing is sent before there is room in the window, whatever it is.

use super::*;
use crate::destination::{BoxFuture, Delivery, Pacing};

const MINUTE: Duration = Duration::from_secs(60);

fn paced(destination: &Scripted, pacing: Pacing) -> Rig {
    Rig::on(Route::to(destination.clone()).paced(pacing), DeadLetters::in_memory(), true)
}

#[tokio::test(start_paused = true)]
async fn events_are_counted_over_a_rolling_window() {
    let destination = Scripted::batched("d", 4, 1, |_| Act::Take);
    let mut rig = paced(&destination, Pacing::per(MINUTE).events(10));
    let added = rig.add_many(25);
    pass(59.0).await;
    assert_eq!(rig.counts(), [15, 0, 10, 0]);
    pass(100.0).await;
    assert_at(&destination.seen(), &[[0.0; 10].as_slice(), &[60.0; 10], &[120.0; 5]].concat());
    assert_eq!(ids(&destination.settled()), added);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_one_request() {
    let destination = Scripted::batched("d", 10, 5, |_| Act::Take);
    let mut rig = paced(&destination, Pacing::per(MINUTE).requests(2));
    rig.add_many(25);
    pass(100.0).await;
    assert_at(&destination.seen(), &[[0.0; 20].as_slice(), &[60.0; 5]].concat());
}

/// A destination that has a pace of its own.
#[derive(Debug, Clone)]
struct Slow(Scripted);

impl Destination for Slow {
    fn identity(&self) -> Identity {
        self.0.identity()
    }

    fn pacing(&self) -> Option<Pacing> {
        Some(Pacing::per(10 * MINUTE).requests(3))
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        self.0.deliver(batch)
    }
}

#[tokio::test(start_paused = true)]
async fn of_the_destinations_pace_and_the_routes_both_hold() {
    let destination = Scripted::new("d", |_| Act::Take);
    let route = Route::to(Slow(destination.clone())).paced(Pacing::per(MINUTE).events(2));
    let mut rig = Rig::on(route, DeadLetters::in_memory(), true);
    rig.add_many(5);
    pass(1_000.0).await;
    assert_at(&destination.seen(), &[0.0, 0.0, 60.0, 600.0, 600.0]);
}

#[tokio::test(start_paused = true)]
async fn probes_and_retries_wait_for_room_too() {
    for refused in [Answer::Pause(Refusal::http(401, "no")), Answer::Ambiguous(Refusal::new("reset"))] {
        let answer = refused.clone();
        let destination = Scripted::new("d", move |seen| match seen.at.as_secs() {
            0..250 => Act::Say(answer.clone()),
            _ => Act::Take,
        });
        let mut rig = paced(&destination, Pacing::per(Duration::from_secs(100)).requests(1));
        rig.add("a.b");
        pass(1_000.0).await;
        assert_at(&destination.seen(), &[0.0, 100.0, 200.0, 300.0]);
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_for_room_holds_up_neither_settling_nor_dead_letters_nor_the_end() {
    let destination = Scripted::batched("d", 2, 1, |seen| match seen.action.as_str() {
        "bad" => Act::refuse(422),
        _ => Act::Take,
    });
    let mut rig = paced(&destination, Pacing::per(60 * MINUTE).requests(1));
    let bad = rig.add("bad");
    rig.add_many(9);
    pass(0.1).await;
    assert_eq!(rig.counts(), [8, 0, 1, 1]);
    assert_eq!(rig.dead(), [bad]);
    rig.stop_in(Duration::from_secs(5));
    (&mut rig.worker).await.unwrap();
    assert_eq!(rig.counts(), [8, 0, 1, 1]);
}
