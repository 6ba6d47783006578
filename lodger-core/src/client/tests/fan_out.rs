//! Several destinations: each gets what its filter takes, and what happens to one is not seen at another.

use std::collections::HashSet;
use std::sync::mpsc;

use tokio::sync::Semaphore;

use super::*;
use crate::capture::{Captured, Class, Guarantee, Terms};
use crate::client::{DeliveryState, DestinationStats, RecordError};
use crate::destination::{Answer, BoxFuture, Delivery, Destination, Filter, Identity, Refusal, Route};
use crate::event::{Actor, Outcome};
use crate::pipeline::testing::{Act, Scripted, Seen};

fn ids(seen: &[Seen]) -> HashSet<EventId> {
    seen.iter().map(|seen| seen.id).collect()
}

fn lane(lodger: &Lodger, at: usize) -> DestinationStats {
    lodger.stats().destinations[at].clone()
}

/// A destination that takes an event for each permit.
fn gated(name: &str) -> (Scripted, Arc<Semaphore>) {
    let permits = Arc::new(Semaphore::new(0));
    let theirs = Arc::clone(&permits);
    (Scripted::batched(name, 16, 1, move |_| Act::TakeWith(Arc::clone(&theirs))), permits)
}

/// Blocks its thread for ever.
#[derive(Debug)]
struct Blocking(std::sync::Mutex<mpsc::Receiver<()>>);

impl Destination for Blocking {
    fn identity(&self) -> Identity {
        Identity::new("blocking", "")
    }

    fn deliver<'a>(&'a self, _: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        assert!(self.0.lock().unwrap().recv().is_err());
        Box::pin(std::future::ready(Vec::new()))
    }
}

#[test]
fn each_destination_gets_exactly_what_its_filter_takes() {
    let [all, invoices, trouble, acme, vip] = ["all", "invoices", "trouble", "acme", "vip"]
        .map(|name| Scripted::batched(name, 8, 1, |_| Act::Take));
    let lodger =
        builder()
            .destination(all.clone())
            .destination(Route::to(invoices.clone()).only(Filter::any().action_prefix("invoice.")))
            .destination(Route::to(trouble.clone()).only(
                Filter::any().outcome(Outcome::Denied).outcome(Outcome::Failure).action_prefix("invoice."),
            ))
            .destination(Route::to(acme.clone()).only(Filter::any().tenant("acme")))
            .destination(Route::to(vip.clone()).only(Filter::any().tag("vip")))
            .in_memory_journal()
            .build()
            .unwrap();
    let mut expected: [HashSet<EventId>; 5] = Default::default();
    for number in 0..64_u32 {
        let [is_invoice, is_denied, is_acme, is_vip] = [1, 2, 4, 8].map(|bit| number & bit != 0);
        let event = Event::builder(if is_invoice { "invoice.update" } else { "payment.update" })
            .outcome(if is_denied { Outcome::Denied } else { Outcome::Success })
            .actor(Actor::user("ada").tenant(if is_acme { "acme" } else { "umbrella" }))
            .tag(if is_vip { "vip" } else { "all" })
            .build()
            .unwrap();
        let takes = [true, is_invoice, is_invoice && is_denied, is_acme, is_vip];
        for (expected, _) in expected.iter_mut().zip(takes).filter(|(_, takes)| *takes) {
            expected.insert(event.id);
        }
        lodger.enqueue(event).unwrap();
    }
    block_on(lodger.flush(LONG)).unwrap();
    for (at, destination) in [all, invoices, trouble, acme, vip].iter().enumerate() {
        let settled = destination.settled();
        assert_eq!(
            (settled.len(), ids(&settled)),
            (expected[at].len(), expected[at].clone()),
            "{destination:?}"
        );
        let DestinationStats { routed, delivered, .. } = lane(&lodger, at);
        assert_eq!((routed, delivered), (settled.len() as u64, settled.len() as u64), "{destination:?}");
    }
    assert_eq!(lodger.stats().counts.unrouted, 0);
}

#[test]
fn what_no_filter_takes_is_done_with_and_counted() {
    let destination = Scripted::new("d", |_| Act::Take);
    let lodger = builder()
        .destination(Route::to(destination.clone()).only(Filter::any().action_prefix("a.")))
        .in_memory_journal()
        .build()
        .unwrap();
    block_on(lodger.record(event("b.c"))).unwrap();
    assert_eq!(block_on(lodger.event(event("b.c"))).unwrap(), []);
    lodger.enqueue(event("b.c")).unwrap();
    block_on(lodger.sink().durable()).expect("nothing is missing on disk");
    record_many(&lodger, 2);
    block_on(lodger.flush(LONG)).unwrap();

    let counts = lodger.stats().counts;
    assert_eq!((counts.accepted, counts.unrouted, counts.last_resort), (5, 3, 0));
    let sequence =
        |seen: &Seen| serde_json::from_slice::<Event>(&seen.bytes).unwrap().position.unwrap().sequence;
    let sequences: Vec<u64> = destination.settled().iter().map(sequence).collect();
    assert_eq!(sequences, [1, 2], "what is recorded nowhere uses up no number");
}

#[test]
fn an_event_is_acknowledged_when_those_have_it_that_it_is_for() {
    let fast = Scripted::new("fast", |_| Act::Take);
    let lodger = builder()
        .destination(
            Route::to(Scripted::new("hung", |_| Act::Hang)).only(Filter::any().action_prefix("other.")),
        )
        .destination(fast)
        .in_memory_journal()
        .build()
        .unwrap();
    let receipts = block_on(lodger.event(event("a.b"))).unwrap();
    assert_eq!(receipts.iter().map(|receipt| receipt.destination.as_str()).collect::<Vec<_>>(), ["fast"]);
}

#[test]
fn destinations_that_hang_block_fail_refuse_or_panic_are_not_noticed_by_the_other() {
    let (_blocks_until_the_end, forever) = mpsc::channel();
    let healthy = Scripted::batched("healthy", 8, 2, |_| Act::Take);
    let lodger = builder()
        .destination(Scripted::new("hangs", |_| Act::Hang))
        .destination(Blocking(std::sync::Mutex::new(forever)))
        .destination(Scripted::new("down", |_| Act::retry(503)))
        .destination(Scripted::new("refuses", |_| Act::refuse(422)))
        .destination(Scripted::new("panics", |_| Act::Panic))
        .destination(Scripted::new("unpaid", |_| Act::Say(Answer::Pause(Refusal::http(402, "unpaid")))))
        .destination(healthy.clone())
        .in_memory_journal()
        .build()
        .unwrap();
    let recorded: HashSet<EventId> = record_many(&lodger, 500).into_iter().collect();
    while lane(&lodger, 6).delivered < 500 {
        thread::yield_now();
    }
    assert_eq!(ids(&healthy.settled()), recorded);
    assert_eq!(healthy.seen().len(), 500, "each once");
    for at in 0..6 {
        let DestinationStats { routed, delivered, .. } = lane(&lodger, at);
        assert_eq!((routed, delivered), (500, 0), "nothing was taken from the others: {at}");
    }
    assert_eq!(lodger.stats().counts.last_resort, 0);
}

/// A stalled destination and a healthy one, with room for a few events each.
fn stalled_and_healthy(bytes: u64) -> (Lodger, Scripted, Arc<Semaphore>, Scripted) {
    let (stalled, permits) = gated("stalled");
    let healthy = Scripted::batched("healthy", 8, 2, |_| Act::Take);
    let lodger = builder()
        .destination(stalled.clone())
        .destination(healthy.clone())
        .in_memory_journal()
        .max_journal_bytes(bytes)
        .build()
        .unwrap();
    (lodger, stalled, permits, healthy)
}

/// Records one event after the other, each when the healthy destination has the one before it.
fn record_slowly(lodger: &Lodger, number: u64) -> Vec<EventId> {
    (0..number)
        .map(|_| {
            let before = lane(lodger, 1).delivered;
            let id = block_on(lodger.record(event("a.b"))).unwrap();
            while lane(lodger, 1).delivered == before {
                thread::yield_now();
            }
            id
        })
        .collect()
}

#[test]
fn a_destination_whose_share_is_used_up_misses_events_loudly_and_the_other_misses_none() {
    let (lodger, stalled, permits, healthy) = stalled_and_healthy(32 << 10);
    let recorded = record_slowly(&lodger, 200);
    // A worker may be faster than the journal's thread, which posts what a group was after it is committed.
    block_on(lodger.sink().durable()).unwrap();
    let stats = lodger.stats();
    let [first, second] = &stats.destinations[..] else { panic!("there are two") };
    assert!(first.refused > 100, "{first:?}");
    assert_eq!(first.routed + first.refused, 200);
    assert!(first.backlog_bytes <= first.share_bytes && first.share_bytes == 16 << 10, "{first:?}");
    assert_eq!((second.routed, second.delivered, second.refused), (200, 200, 0));
    assert_eq!(second.backlog_bytes, 0);
    assert_eq!((stats.counts.last_resort, stats.counts.journal_full), (first.refused, 0));
    assert!(lodger.sink().reserve(None).is_ok(), "the journal has room");

    permits.add_permits(1_000);
    block_on(lodger.flush(LONG)).unwrap();
    let early: Vec<EventId> = stalled.settled().iter().map(|seen| seen.id).collect();
    assert_eq!(early, recorded[..first.routed as usize], "what was recorded for it arrives");
    let late = block_on(lodger.record(event("a.b"))).unwrap();
    block_on(lodger.flush(LONG)).unwrap();
    assert_eq!(stalled.settled().last().map(|seen| seen.id), Some(late), "and it gets events again");
    assert_eq!(healthy.settled().len(), 201);
}

#[test]
fn who_waits_for_all_destinations_is_told_which_one_had_no_room() {
    let (lodger, _stalled, _permits, healthy) = stalled_and_healthy(16 << 10);
    while lane(&lodger, 0).refused == 0 {
        record_slowly(&lodger, 1);
    }
    let before = healthy.settled().len();
    let error = block_on(lodger.event(event("a.b"))).unwrap_err();
    assert!(matches!(&error, RecordError::ShareFull { destination } if destination == "stalled"), "{error}");
    assert!(!error.is_retryable(), "the healthy one would get it twice");
    block_on(lodger.sink().durable()).unwrap();
    while healthy.settled().len() == before {
        thread::yield_now();
    }
}

#[test]
fn a_place_is_room_at_a_destination_that_gets_every_event_not_at_one_with_a_filter() {
    let (stalled, permits) = gated("stalled");
    let healthy = Scripted::batched("healthy", 8, 2, |_| Act::Take);
    let lodger = builder()
        .destination(stalled)
        .destination(Route::to(healthy).only(Filter::any().action_prefix("a.")))
        .in_memory_journal()
        .max_journal_bytes(256 << 10)
        .build()
        .unwrap();
    assert!(lodger.sink().reserve(None).is_ok());
    while lane(&lodger, 0).refused == 0 {
        record_slowly(&lodger, 1);
    }
    assert!(
        lodger.sink().reserve(None).is_err(),
        "an event that only the stalled one takes would be refused"
    );
    permits.add_permits(10_000);
    block_on(lodger.flush(LONG)).unwrap();
    // Each that is refused lets the journal's thread look again.
    while lodger.sink().reserve(None).is_err() {
        thread::yield_now();
    }
}

#[test]
fn what_is_only_for_a_full_share_is_refused_and_the_others_go_on() {
    let (stalled, permits) = gated("stalled");
    let healthy = Scripted::batched("healthy", 8, 2, |_| Act::Take);
    let only = |action: &str| Filter::any().action_prefix(action);
    let lodger = builder()
        .destination(Route::to(stalled).only(only("s.")))
        .destination(Route::to(healthy.clone()).only(only("h.")))
        .in_memory_journal()
        .max_journal_bytes(16 << 10)
        .build()
        .unwrap();
    let refused = loop {
        match block_on(lodger.record(event("s.b"))) {
            Ok(_) => {}
            Err(refused) => break refused,
        }
    };
    assert_eq!((refused.kind(), refused.is_retryable()), ("journal_full", true));
    for _ in 0..100 {
        block_on(lodger.event(event("h.b"))).unwrap();
        assert!(lodger.sink().reserve(None).is_err(), "its event could be for the full one");
        assert_eq!(block_on(lodger.record(event("s.b"))).unwrap_err().kind(), "journal_full");
    }
    let refusals = 101;
    // Whoever offers is told before the board is.
    while lane(&lodger, 0).refused < refusals {
        thread::yield_now();
    }
    let stats = lodger.stats();
    assert_eq!((stats.counts.journal_full, stats.destinations[0].refused), (refusals, refusals));
    assert_eq!((stats.destinations[1].refused, healthy.settled().len()), (0, 100));
    permits.add_permits(1_000);
    block_on(lodger.flush(LONG)).unwrap();
    block_on(lodger.record(event("s.b"))).unwrap();
}

#[test]
fn a_flood_of_strangers_goes_on_to_a_healthy_destination_beside_a_stalled_one() {
    let (lodger, _stalled, _permits, healthy) = stalled_and_healthy(32 << 10);
    while lane(&lodger, 0).refused == 0 {
        record_slowly(&lodger, 1);
    }
    let before = lodger.stats().counts;
    let settled = healthy.settled().len();
    for _ in 0..1_000 {
        let terms = Terms { class: Class::Hostile, guarantee: Guarantee::Queued, place: None };
        let event = Event::builder("request.denied").outcome(Outcome::Denied).build().unwrap();
        assert!(lodger.sink().accept(Captured::of(event), terms).is_none());
    }
    let counts = lodger.stats().counts;
    assert_eq!(counts.aggregated - before.aggregated, 1_000, "told together, not each on stderr");
    assert!(counts.last_resort - before.last_resort <= 1);
    block_on(lodger.shutdown(Duration::ZERO));
    let told =
        healthy.seen().split_off(settled).iter().filter(|seen| seen.action == "request.denied").count();
    assert!(told <= 1);
}

#[test]
fn malformed_routes_are_problems_that_name_the_destination() {
    let problems = builder()
        .destination(Route::to(Scripted::new("a", |_| Act::Take)).only(Filter::any().tag("")))
        .destination(
            Route::to(Scripted::new("b", |_| Act::Take)).only(Filter::any().action_prefix("invoice.*")),
        )
        .in_memory_journal()
        .build()
        .unwrap_err();
    let problems: Vec<String> = problems.problems().iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "the route to a: its filter has an empty tag: give it a text, or leave the condition out to take every event",
            r#"the route to b: its filter's action_prefix "invoice.*" is no pattern: write "invoice.""#,
        ]
    );
}

#[test]
fn a_seventeenth_destination_is_a_problem() {
    let many = (0..17).fold(builder(), |builder, number| {
        builder.destination(Scripted::new(&format!("d{number}"), |_| Act::Take))
    });
    let error = many.in_memory_journal().build().unwrap_err().to_string();
    assert!(error.contains("17 destinations are too many: a journal has places for 16"), "{error}");
}

#[test]
fn the_state_of_one_destination_says_nothing_of_the_other() {
    let (lodger, ..) = stalled_and_healthy(1 << 20);
    let stalled = lane(&lodger, 0).destination;
    lodger.pause(&stalled).unwrap();
    record_slowly(&lodger, 10);
    while lane(&lodger, 0).state != DeliveryState::OnHold {
        thread::yield_now();
    }
    let (first, second) = (lane(&lodger, 0), lane(&lodger, 1));
    assert_eq!((first.pending + first.in_flight, second.state), (10, DeliveryState::Running));
    assert!(first.oldest_undelivered.is_some());
    assert_eq!(second.oldest_undelivered, None);
}
