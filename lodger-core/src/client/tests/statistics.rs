//! What an operator reads, at any moment.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::capture::{Captured, Class, Guarantee, Terms};
use crate::client::{DestinationStats, Stats};
use crate::destination::{Filter, Route};
use crate::event::{Outcome, Timestamp};
use crate::pipeline::testing::{Act, Scripted};

/// What holds while events flow.
fn assert_adds_up(stats: &Stats) {
    let counts = &stats.counts;
    let known =
        counts.accepted + counts.aggregated + counts.refused_full + counts.refused_closed + counts.invalid;
    assert!(known <= counts.offered, "more than was offered: {counts:?}");
    for one in &stats.destinations {
        let DestinationStats { routed, pending, in_flight, delivered, dead, unreadable, .. } = *one;
        assert_eq!(routed, pending + in_flight + delivered + dead + unreadable, "{one:?}");
        assert!(one.backlog_bytes <= one.share_bytes, "{one:?}");
        assert!(
            pending + in_flight == 0 || one.oldest_undelivered.is_some(),
            "nobody knows how old: {one:?}"
        );
    }
}

#[test]
fn the_numbers_add_up_at_any_moment_under_load() {
    let tries = AtomicUsize::new(0);
    let rough = Scripted::batched("rough", 4, 4, move |_| match tries.fetch_add(1, Ordering::Relaxed) % 40 {
        0 => Act::retry(503),
        1 => Act::refuse(422),
        _ => Act::Take,
    });
    let lodger = builder()
        .destination(rough)
        .destination(
            Route::to(Scripted::batched("smooth", 16, 1, |_| Act::Take))
                .only(Filter::any().action_prefix("a.")),
        )
        .destination(
            Route::to(Scripted::new("stalled", |_| Act::Hang)).only(Filter::any().action_prefix("b.")),
        )
        .in_memory_journal()
        .max_journal_bytes(3 << 20)
        .build()
        .unwrap();
    let done = AtomicBool::new(false);
    let samples = thread::scope(|scope| {
        let sampling = scope.spawn(|| {
            let mut samples = 0;
            while !done.load(Ordering::Relaxed) {
                assert_adds_up(&lodger.stats());
                samples += 1;
            }
            samples
        });
        let recorders: Vec<_> = ["a.b", "b.c", "c.d"]
            .map(|action| {
                let lodger = &lodger;
                scope.spawn(move || {
                    for number in 0..1_000 {
                        if number % 2 == 0 {
                            _ = block_on(lodger.record(event(action)));
                        } else {
                            let terms =
                                Terms { class: Class::Hostile, guarantee: Guarantee::Queued, place: None };
                            let denied = Event::builder(action).outcome(Outcome::Denied).build().unwrap();
                            assert!(lodger.sink().accept(Captured::of(denied), terms).is_none());
                        }
                    }
                })
            })
            .into();
        recorders.into_iter().for_each(|recorder| recorder.join().unwrap());
        block_on(lodger.sink().durable()).unwrap_or_default();
        done.store(true, Ordering::Relaxed);
        sampling.join().unwrap()
    });
    assert!(samples > 10, "{samples} is no sample");
    let stats = lodger.stats();
    let counts = stats.counts;
    assert_eq!(counts.offered, 3_000);
    assert_eq!(
        counts.accepted + counts.aggregated + counts.refused_full + counts.invalid,
        3_000,
        "{counts:?}"
    );
    assert_adds_up(&stats);
}

#[test]
fn what_was_delivered_takes_up_no_room_though_nothing_more_is_recorded() {
    let lodger = builder()
        .destination(Scripted::batched("d", 16, 1, |_| Act::Take))
        .in_memory_journal()
        .build()
        .unwrap();
    record_many(&lodger, 100);
    block_on(lodger.flush(LONG)).unwrap();
    let stats = lodger.stats();
    assert_eq!((stats.journal_bytes, stats.destinations[0].backlog_bytes), (0, 0));
    assert_eq!((stats.oldest_undelivered, stats.destinations[0].share_bytes), (None, 1 << 30));
}

#[cfg(feature = "journal")]
#[test]
fn the_age_of_a_large_backlog_is_known_right_after_a_start_and_while_it_is_on_hold() {
    const HOUR: Duration = Duration::from_secs(3_600);
    let dir = tempfile::tempdir().unwrap();
    let open = || {
        let hangs = Scripted::new("d", |_| Act::Hang);
        builder().destination(hangs).journal_dir(dir.path()).build().unwrap()
    };
    let lodger = open();
    let hour_ago = Timestamp::from_micros(Timestamp::now().as_micros() - 3_600_000_000).unwrap();
    let old = Event::builder("a.b").occurred_at(hour_ago).build().unwrap();
    block_on(lodger.record(old)).unwrap();
    enqueue_many(&lodger, 3_000);
    block_on(lodger.sink().durable()).unwrap();
    let remains = lodger.pipeline().remains();
    drop(lodger);
    remains.wait_for_end();

    let lodger = open();
    let one = || lodger.stats().destinations[0].clone();
    let (first, bytes) = (one(), one().backlog_bytes);
    assert_eq!(first.pending + first.in_flight, 3_001);
    assert!(first.oldest_undelivered.unwrap() >= HOUR && bytes > 1_000_000, "{first:?}");
    lodger.pause(&first.destination).unwrap();
    while one().state == first.state {
        thread::yield_now();
    }
    assert!(lodger.stats().oldest_undelivered.unwrap() >= HOUR);
}
