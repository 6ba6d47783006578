use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Semaphore;

use super::*;
use crate::capture::{Captured, Class, Guarantee, Missed, Terms};
use crate::client::prepare::Preparation;
use crate::client::{DeliveryState, RecordError};
use crate::destination::{Answer, Receipt, Refusal};
use crate::event::{EventId, Origin};
use crate::pipeline::Limits;
use crate::pipeline::testing::{Act, Scripted, Seen, stuck};
use crate::redact::{HashKey, Rules};

fn ids(seen: &[Seen]) -> HashSet<EventId> {
    seen.iter().map(|seen| seen.id).collect()
}

fn client(destination: &Scripted) -> Lodger {
    builder().destination(destination.clone()).in_memory_journal().build().unwrap()
}

#[test]
fn a_stalled_destination_stalls_no_other() {
    let (stalled, healthy) =
        (Scripted::new("stalled", |_| Act::Hang), Scripted::batched("healthy", 8, 2, |_| Act::Take));
    let lodger = builder()
        .destination(stalled.clone())
        .destination(healthy.clone())
        .in_memory_journal()
        .build()
        .unwrap();
    let recorded: HashSet<EventId> = record_many(&lodger, 200).into_iter().collect();
    let healthy_done = |lodger: &Lodger| lodger.stats().destinations[1].delivered == 200;
    while !healthy_done(&lodger) {
        thread::yield_now();
    }
    assert_eq!(ids(&healthy.settled()), recorded);
    let stats = lodger.stats();
    let stalled = &stats.destinations[0];
    assert_eq!((stalled.routed, stalled.pending, stalled.in_flight, stalled.delivered), (200, 199, 1, 0));
    assert!(stats.oldest_undelivered.is_some());
}

#[test]
fn an_event_is_acknowledged_when_every_destination_has_it() {
    let permits = Arc::new(Semaphore::new(0));
    let slow = {
        let permits = Arc::clone(&permits);
        Scripted::new("slow", move |_| Act::TakeWith(Arc::clone(&permits)))
    };
    let fast = Scripted::new("fast", |_| Act::Take);
    let lodger = builder().destination(slow).destination(fast).in_memory_journal().build().unwrap();
    let mut waiting = pin!(lodger.event(event("a.b")));
    let mut poll = || waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(poll().is_pending());
    while lodger.stats().destinations[1].delivered == 0 {
        thread::yield_now();
    }
    assert!(poll().is_pending(), "one of two is not all");
    permits.add_permits(1);
    let receipts = block_on(waiting).unwrap();
    let mut names: Vec<&str> = receipts.iter().map(|receipt| receipt.destination.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["fast", "slow"]);
}

#[test]
fn who_waits_has_a_receipt_from_a_destination_that_gives_none() {
    let lodger = client(&Scripted::new("silent", |_| Act::Say(Answer::Taken)));
    let sent = event("a.b");
    let expected = Receipt::new(sent.id, lodger.stats().destinations[0].destination.kind.as_str());
    assert_eq!(block_on(lodger.event(sent)).unwrap(), [expected]);
}

#[test]
fn the_numbers_of_each_destination_add_up() {
    let destination = Scripted::batched("d", 1, 64, |seen| match seen.action.as_str() {
        "bad" => Act::refuse(422),
        "slow" => Act::Hang,
        "failing" => Act::Say(Answer::Retry {
            refusal: Refusal::http(500, "no"),
            after: Some(Duration::from_secs(3_600)),
        }),
        _ => Act::Take,
    });
    let lodger = client(&destination);
    for action in ["good", "good", "bad", "slow", "good", "slow", "failing"] {
        lodger.enqueue(event(action)).unwrap();
    }
    block_on(lodger.event(event("good"))).unwrap();
    let numbers = || {
        let stats = lodger.stats();
        let one = &stats.destinations[0];
        [one.routed, one.pending, one.in_flight, one.delivered, one.dead]
    };
    while numbers() != [8, 1, 2, 4, 1] {
        thread::yield_now();
    }
    assert_eq!(lodger.dead_letters().unwrap()[0].to_event().unwrap().action, "bad");
}

#[test]
fn a_record_that_is_dropped_at_its_first_await_is_delivered_once() {
    let destination = Scripted::new("d", |_| Act::Take);
    let lodger = client(&destination);
    let unpolled = event("never.polled");
    drop(lodger.record(unpolled));
    let mut dropped = HashSet::new();
    for _ in 0..100 {
        let recorded = event("a.b");
        dropped.insert(recorded.id);
        drop(poll_once(lodger.record(recorded)));
        let delivered = event("a.b");
        dropped.insert(delivered.id);
        drop(poll_once(lodger.event(delivered)));
    }
    block_on(lodger.flush(LONG)).unwrap();
    let settled = destination.settled();
    assert_eq!((settled.len(), ids(&settled)), (200, dropped));
}

#[test]
fn concurrent_records_are_numbered_without_gaps() {
    let destination = Scripted::batched("d", 16, 4, |_| Act::Take);
    let lodger = client(&destination);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| record_many(&lodger, 250));
        }
    });
    block_on(lodger.flush(LONG)).unwrap();
    let mut sequences: Vec<u64> = destination
        .settled()
        .iter()
        .map(|seen| serde_json::from_slice::<Event>(&seen.bytes).unwrap().position.unwrap().sequence)
        .collect();
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=1_000).collect::<Vec<u64>>());
}

#[test]
fn a_full_journal_refuses_loudly_and_takes_events_again_when_there_is_room() {
    let destination = Scripted::new("d", |_| Act::Hang);
    let lodger = builder()
        .destination(destination.clone())
        .in_memory_journal()
        .max_journal_bytes(8_192)
        .build()
        .unwrap();
    let refused = loop {
        match block_on(lodger.record(event("a.b"))) {
            Ok(_) => {}
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused.kind(), "journal_full");
    let again = refused.into_event().expect("whoever waits gets the event back");
    assert_eq!((again.position, again.previous), (None, None));
    assert_eq!(lodger.stats().counts.last_resort, 0);

    lodger.enqueue(event("a.b")).unwrap();
    let terms = Terms { class: Class::Trusted, guarantee: Guarantee::Durable, place: None };
    let wait = lodger.sink().accept(Captured::of(event("a.b")), terms).unwrap();
    assert_eq!(block_on(wait), Err(Missed::Refused));
    let counts = lodger.stats().counts;
    assert_eq!((counts.journal_full, counts.last_resort), (3, 2), "nobody else would know of these two");
    assert!(lodger.sink().reserve(None).is_err());
}

#[test]
fn a_destination_that_recovers_makes_room_in_a_full_journal() {
    let permits = Arc::new(Semaphore::new(0));
    let destination = {
        let permits = Arc::clone(&permits);
        Scripted::new("d", move |_| Act::TakeWith(Arc::clone(&permits)))
    };
    let lodger = builder()
        .destination(destination.clone())
        .in_memory_journal()
        .max_journal_bytes(4_096)
        .build()
        .unwrap();
    let mut accepted = HashSet::new();
    let mut refused = loop {
        match block_on(lodger.record(event("a.b"))) {
            Ok(id) => accepted.insert(id),
            Err(refused) => break refused,
        };
    };
    permits.add_permits(1_000);
    accepted.insert(loop {
        match block_on(lodger.record(refused.into_event().unwrap())) {
            Ok(id) => break id,
            Err(again) => refused = again,
        }
    });
    block_on(lodger.flush(LONG)).unwrap();
    let settled = destination.settled();
    assert_eq!((settled.len(), ids(&settled)), (accepted.len(), accepted));
}

#[test]
fn shutdown_reports_what_a_hanging_destination_leaves_and_refuses_what_comes_later() {
    let destination = Scripted::new("d", |_| Act::Hang);
    let lodger = client(&destination);
    let other = lodger.clone();
    block_on(lodger.record(event("a.b"))).unwrap();
    block_on(lodger.record(event("a.b"))).unwrap();
    let report = block_on(lodger.shutdown(Duration::from_millis(20)));
    assert!(report.committed && !report.is_clean());
    assert_eq!((report.remaining, report.dead_letters), (2, 0));
    assert_eq!(lodger.stats().counts.undelivered, 2);

    let refused = block_on(other.record(event("a.b"))).unwrap_err();
    assert!(matches!(refused, RecordError::Closed { .. }), "{refused}");
    assert!(refused.to_string().contains("shut down"), "{refused}");
    assert_eq!(other.stats().counts.refused_closed, 1);
    let again = block_on(other.shutdown(LONG));
    assert_eq!((again.committed, again.remaining), (true, 2), "any clone, and more than once");
}

#[test]
fn shutdown_takes_the_events_of_what_is_still_running() {
    let destination = Scripted::new("d", |_| Act::Take);
    let lodger = client(&destination);
    let (request, spawned) = (lodger.sink().hold(), lodger.sink().hold());
    let mut shutdown = pin!(lodger.shutdown(LONG));
    assert!(shutdown.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(request);
    block_on(lodger.record(event("a.b"))).expect("it came from something that was running");
    drop(spawned);
    let report = block_on(shutdown);
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(destination.settled().len(), 1);
}

#[test]
fn shutdown_does_not_wait_for_ever_and_says_what_came_too_late() {
    let lodger = client(&Scripted::new("d", |_| Act::Take));
    let request = lodger.sink().hold();
    let report = block_on(lodger.shutdown(Duration::from_millis(1)));
    assert_eq!((report.open, report.refused, report.is_clean()), (1, 0, false));

    let terms = Terms { class: Class::Trusted, guarantee: Guarantee::Queued, place: None };
    assert!(lodger.sink().accept(Captured::of(event("a.b")), terms).is_none());
    drop(request);
    let report = block_on(lodger.shutdown(LONG));
    assert_eq!((report.open, report.refused, report.is_clean()), (0, 1, false));
}

#[test]
fn after_a_shutdown_the_same_file_can_be_opened_again_although_a_handle_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("audit.jsonl");
    let open = || crate::destination::FileDestination::open(&file);
    let lodger = builder().destination(open().unwrap()).in_memory_journal().build().unwrap();
    assert!(open().is_err(), "it is in use");
    assert!(block_on(lodger.shutdown(LONG)).is_clean());
    open().unwrap();
    drop(lodger);
}

#[test]
fn a_nearer_deadline_ends_a_shutdown_that_waits() {
    let lodger = client(&Scripted::new("d", |_| Act::Take));
    let request = lodger.sink().hold();
    let mut patient = pin!(lodger.shutdown(Duration::from_secs(100_000)));
    assert!(patient.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    block_on(lodger.shutdown(Duration::ZERO));
    assert_eq!(block_on(patient).open, 1);
    drop(request);
}

#[test]
fn shutdown_delivers_first_and_does_not_wait_for_its_deadline() {
    // Takes nothing before the shutdown has begun: else all may be there before anybody could have waited for it.
    let begun = Arc::new(AtomicBool::new(false));
    let has_begun = Arc::clone(&begun);
    let destination = Scripted::batched("d", 4, 1, move |_| {
        while !has_begun.load(Ordering::Acquire) {
            thread::yield_now();
        }
        Act::Take
    });
    let lodger = client(&destination);
    let enqueued: HashSet<EventId> = enqueue_many(&lodger, 500).into_iter().collect();
    let mut shutdown = pin!(lodger.shutdown(Duration::from_secs(100_000)));
    assert!(shutdown.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    begun.store(true, Ordering::Release);
    let report = block_on(shutdown);
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(ids(&destination.settled()), enqueued);
}

#[test]
fn a_flush_that_runs_out_of_time_says_how_much_is_left() {
    let destination = Scripted::new("d", |_| Act::Hang);
    let lodger = client(&destination);
    block_on(lodger.record(event("a.b"))).unwrap();
    let error = block_on(lodger.flush(Duration::from_millis(1))).unwrap_err();
    assert_eq!(error.remaining, 1);
}

#[test]
fn who_waits_for_delivery_when_the_client_ends_is_told() {
    let destination = Scripted::new("d", |_| Act::Hang);
    let lodger = client(&destination);
    let waiting = {
        let lodger = lodger.clone();
        thread::spawn(move || block_on(lodger.event(event("a.b"))))
    };
    while lodger.stats().destinations[0].in_flight == 0 {
        thread::yield_now();
    }
    block_on(lodger.shutdown(Duration::ZERO));
    assert!(matches!(waiting.join().unwrap(), Err(RecordError::Unfinished)));
}

#[test]
fn the_end_of_the_applications_runtime_stops_no_delivery() {
    let destination = Scripted::new("d", |_| Act::Take);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let lodger = runtime.block_on(async {
        let lodger = client(&destination);
        lodger.record(event("a.b")).await.unwrap();
        enqueue_many(&lodger, 99);
        lodger
    });
    runtime.shutdown_background();
    block_on(lodger.flush(LONG)).unwrap();
    assert_eq!(destination.settled().len(), 100);
}

#[test]
fn everything_accepted_so_far_can_be_waited_for() {
    let destination = Scripted::new("d", |_| Act::Hang);
    let lodger = client(&destination);
    enqueue_many(&lodger, 50);
    block_on(lodger.sink().durable()).unwrap();
    assert_eq!(lodger.stats().destinations[0].routed, 50);
    block_on(lodger.shutdown(Duration::ZERO));
    block_on(lodger.sink().durable()).unwrap();
}

#[test]
fn a_paused_destination_says_why() {
    let destination =
        Scripted::new("d", |_| Act::Say(Answer::Pause(Refusal::http(402, "the bill is unpaid"))));
    let lodger = client(&destination);
    block_on(lodger.record(event("a.b"))).unwrap();
    while lodger.stats().destinations[0].state != DeliveryState::Paused {
        thread::yield_now();
    }
    let stats = lodger.stats();
    assert_eq!(stats.destinations[0].last_error.as_deref(), Some("HTTP 402: the bill is unpaid"));
}

#[test]
fn a_flood_that_strangers_cause_writes_nothing_to_stderr() {
    let preparation = Preparation {
        origin: Origin::default(),
        rules: Rules::default(),
        hash_key: HashKey::from_bytes([0; 32]),
    };
    let lodger = Lodger::new(stuck(Limits { events: 100, bytes: 1 << 20 }), preparation, Vec::new());
    for _ in 0..1_000 {
        let terms = Terms { class: Class::Hostile, guarantee: Guarantee::Queued, place: None };
        assert!(lodger.sink().accept(Captured::of(event("a.b")), terms).is_none());
    }
    let counts = lodger.stats().counts;
    assert_eq!((counts.accepted, counts.aggregated, counts.last_resort), (10, 990, 0));
}

#[cfg(feature = "journal")]
#[test]
fn what_a_layer_records_in_a_forked_child_is_missed_and_on_stderr_and_the_parent_goes_on() {
    let destination = Scripted::new("d", |_| Act::Take);
    let lodger = client(&destination);
    let of_the_child = lodger.clone();
    thread::spawn(move || {
        crate::journal::fault::fork();
        let terms = Terms { class: Class::Trusted, guarantee: Guarantee::Durable, place: None };
        let wait = of_the_child.sink().accept(Captured::of(event("a.b")), terms).unwrap();
        assert_eq!(block_on(wait), Err(Missed::Refused));
        for refused in [
            block_on(of_the_child.record(event("a.b"))).unwrap_err(),
            of_the_child.enqueue(event("a.b")).unwrap_err(),
            block_on(of_the_child.event(event("a.b"))).unwrap_err(),
        ] {
            assert!(
                matches!(&refused, RecordError::Journal { source, .. } if source.kind() == "forked"),
                "{refused}"
            );
        }
        let counts = of_the_child.stats().counts;
        assert_eq!((counts.refused_forked, counts.last_resort), (4, 1));
    })
    .join()
    .unwrap();
    block_on(lodger.event(event("a.b"))).unwrap();
    assert_eq!(destination.settled().len(), 1);
}
