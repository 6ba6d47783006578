//! Events that strangers cause, through a whole client: their room, and what is told of those that have none.

use tokio::sync::Semaphore;

use super::*;
use crate::capture::{Captured, Class, Guarantee, Terms};
use crate::event::Outcome;
use crate::pipeline::testing::{Act, Scripted, Seen};

/// A tenth of the intake's 8,192 events.
const BUDGET: u64 = 819;

/// So many denied requests.
fn flood(lodger: &Lodger, number: u64) {
    for _ in 0..number {
        let terms = Terms { class: Class::Hostile, guarantee: Guarantee::Queued, place: None };
        let event = Event::builder("request.denied").outcome(Outcome::Denied).build().unwrap();
        assert!(lodger.sink().accept(Captured::of(event), terms).is_none());
    }
}

/// Of how many events the events of this action that arrived tell, single and together.
fn told(seen: &[Seen], action: &str) -> (u64, u64) {
    let events = seen.iter().map(|seen| serde_json::from_slice::<Event>(&seen.bytes).unwrap());
    events.filter(|event| event.action == action).fold((0, 0), |(single, together), event| {
        match event.metadata.get("aggregated") {
            None => (single + 1, together),
            Some(all) => (single, together + all["count"].as_u64().unwrap()),
        }
    })
}

fn client(destination: &Scripted) -> Lodger {
    builder().destination(destination.clone()).in_memory_journal().build().unwrap()
}

#[test]
fn a_flood_behind_a_stalled_destination_takes_its_share_and_no_more() {
    let permits = Arc::new(Semaphore::new(0));
    let destination = {
        let permits = Arc::clone(&permits);
        Scripted::batched("d", 64, 1, move |_| Act::TakeWith(Arc::clone(&permits)))
    };
    let lodger = client(&destination);
    flood(&lodger, 10_000);
    let recorded = record_many(&lodger, 100);
    let stats = lodger.stats();
    assert_eq!((stats.counts.offered, stats.counts.accepted), (10_100, BUDGET + 100));
    assert_eq!((stats.counts.aggregated, stats.counts.last_resort), (10_000 - BUDGET, 0));
    assert_eq!(stats.destinations[0].routed, BUDGET + 100, "nobody waits behind more");

    permits.add_permits(100_000);
    block_on(lodger.flush(LONG)).unwrap();
    flood(&lodger, 1);
    assert_eq!(lodger.stats().counts.accepted, BUDGET + 101, "its room has come back");

    assert!(block_on(lodger.shutdown(LONG)).is_clean());
    let settled = destination.settled();
    assert_eq!(told(&settled, "request.denied"), (BUDGET + 1, 10_000 - BUDGET));
    assert!(recorded.iter().all(|id| settled.iter().any(|seen| seen.id == *id)));
    assert_eq!(settled.len() as u64, BUDGET + 102, "one event tells of all the others");
}

#[test]
fn dead_letters_take_up_no_room() {
    let lodger = client(&Scripted::batched("d", 64, 1, |_| Act::refuse(422)));
    // As many as a destination may refuse before it is paused for refusing too much.
    flood(&lodger, 5);
    block_on(lodger.flush(LONG)).unwrap();
    assert_eq!(lodger.stats().destinations[0].dead, 5);
    assert_eq!(lodger.pipeline().permits(), 0);
}

#[test]
fn a_slow_destination_keeps_the_room_that_a_fast_one_is_done_with() {
    let (fast, stalled) =
        (Scripted::batched("fast", 64, 1, |_| Act::Take), Scripted::new("stalled", |_| Act::Hang));
    let lodger =
        builder().destination(fast.clone()).destination(stalled).in_memory_journal().build().unwrap();
    flood(&lodger, 2 * BUDGET);
    while lodger.stats().destinations[0].delivered < BUDGET {
        thread::yield_now();
    }
    flood(&lodger, 1);
    let counts = lodger.stats().counts;
    assert_eq!((counts.accepted, counts.aggregated), (BUDGET, BUDGET + 1));
}

#[cfg(feature = "journal")]
#[test]
fn what_an_earlier_process_left_takes_up_no_room_and_its_buckets_arrive() {
    let dir = tempfile::tempdir().unwrap();
    let open = |destination: &Scripted| {
        builder().destination(destination.clone()).journal_dir(dir.path()).build().unwrap()
    };
    let down = || Scripted::batched("d", 64, 1, |_| Act::Hang);
    for _ in 0..2 {
        let lodger = open(&down());
        flood(&lodger, BUDGET + 10);
        let counts = lodger.stats().counts;
        assert_eq!((counts.accepted, counts.aggregated), (BUDGET, 10));
        let remains = lodger.pipeline().remains();
        drop(lodger);
        remains.wait_for_end();
    }
    let up = Scripted::batched("d", 64, 1, |_| Act::Take);
    let lodger = open(&up);
    block_on(lodger.flush(LONG)).unwrap();
    assert_eq!(told(&up.settled(), "request.denied"), (2 * BUDGET, 20));
}
