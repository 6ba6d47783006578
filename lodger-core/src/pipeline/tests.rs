//! The door of the pipeline, and what happens to those who wait there.

mod captured;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::intake::Taken;
use super::testing::{Act, FixedClock, Scripted, sealed, stuck};
use super::ticket::{Failure, Goal, ticket};
use super::{Clock, Config, Lane, Limits, Pipeline, RecordError, SystemClock};
use crate::event::{Event, Timestamp};
use crate::journal::{JournalConfig, JournalError};

fn event() -> Box<Event> {
    Box::new(Event::builder("invoice.update").build().unwrap())
}

#[tokio::test]
async fn refusals_are_counted_by_reason_and_give_the_event_back() {
    let pipeline = stuck(Limits { events: 20, bytes: 1 << 20 });
    for _ in 0..2 {
        drop(pipeline.offer(event(), Lane::Hostile, Goal::Queued).unwrap());
    }
    for _ in 0..18 {
        drop(pipeline.offer(event(), Lane::Trusted, Goal::Queued).unwrap());
    }
    let refused = event();
    let id = refused.id;
    let error = pipeline.offer(refused, Lane::Trusted, Goal::Durable).unwrap_err();
    assert!(matches!(error, RecordError::Full { .. }) && error.is_retryable());
    assert_eq!(error.into_event().unwrap().id, id);

    let counts = pipeline.counters().read();
    assert_eq!((counts.offered, counts.accepted, counts.refused_full), (21, 20, 1));
}

#[tokio::test]
async fn a_flood_that_strangers_cause_is_counted_apart_and_leaves_room() {
    let pipeline = stuck(Limits { events: 20, bytes: 1 << 20 });
    for _ in 0..100 {
        drop(pipeline.offer(event(), Lane::Hostile, Goal::Queued).unwrap());
    }
    let counts = pipeline.counters().read();
    assert_eq!((counts.offered, counts.accepted, counts.aggregated, counts.refused_full), (100, 2, 98, 0));
    assert!(pipeline.offer(event(), Lane::Trusted, Goal::Queued).is_ok());
}

#[test]
fn the_journal_thread_hears_of_the_first_event_that_is_folded() {
    let pipeline = stuck(Limits { events: 20, bytes: 1 << 20 });
    let offer = || drop(pipeline.offer(event(), Lane::Hostile, Goal::Queued).unwrap());
    offer();
    offer();
    let Taken::Group(group, _) = pipeline.intake.take(None) else { panic!("two were offered") };
    for _ in 0..3 {
        offer();
    }
    assert!(matches!(pipeline.intake.take(None), Taken::Nothing), "it would wait for an event for ever");
    assert!(matches!(pipeline.intake.take(Some(Duration::ZERO)), Taken::Nothing));
    drop(group);
}

#[test]
fn what_strangers_cause_is_folded_also_when_the_others_take_all_the_room() {
    let pipeline = stuck(Limits { events: 20, bytes: 1 << 20 });
    for _ in 0..20 {
        drop(pipeline.offer(event(), Lane::Trusted, Goal::Queued).unwrap());
    }
    drop(pipeline.offer(event(), Lane::Hostile, Goal::Queued).unwrap());
    let counts = pipeline.counters().read();
    assert_eq!((counts.offered, counts.accepted, counts.aggregated, counts.refused_full), (21, 20, 1, 0));
}

#[test]
fn a_flood_that_has_stopped_is_told_though_no_event_comes() {
    let (clock, permits) = (Arc::new(FixedClock::with_jitter(1.0)), Arc::new(Semaphore::new(0)));
    let destination = {
        let permits = Arc::clone(&permits);
        Scripted::batched("d", 64, 1, move |_| Act::TakeWith(Arc::clone(&permits)))
    };
    let pipeline = Pipeline::start(Config {
        journal: JournalConfig::in_memory(),
        routes: vec![destination.clone().into()],
        // One event alone has room.
        limits: Limits { events: 9, bytes: 1 << 20 },
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
    })
    .unwrap();
    for _ in 0..3 {
        drop(pipeline.offer(event(), Lane::Hostile, Goal::Queued).unwrap());
    }
    permits.add_permits(100);
    clock.advance(Duration::from_micros(59_999_000));
    // From here on the journal thread waits for a thousandth of a second at a time, on a clock that stands still.
    drop(pipeline.offer(event(), Lane::Trusted, Goal::Queued).unwrap());
    while destination.settled().len() < 2 {
        std::thread::yield_now();
    }
    assert_eq!(pipeline.counters().read().aggregated, 2);
    clock.advance(Duration::from_millis(1));
    while destination.settled().len() < 3 {
        std::thread::yield_now();
    }
    let last: Event = serde_json::from_slice(&destination.settled()[2].bytes).unwrap();
    assert_eq!(last.metadata["aggregated"]["count"], 2);
}

#[test]
fn what_strangers_cause_after_the_end_is_given_back() {
    let pipeline = stuck(Limits { events: 20, bytes: 1 << 20 });
    for _ in 0..3 {
        drop(pipeline.offer(event(), Lane::Hostile, Goal::Queued).unwrap());
    }
    pipeline.shared.fold.close();
    let error = pipeline.offer(event(), Lane::Hostile, Goal::Queued).unwrap_err();
    assert!(matches!(error, RecordError::Closed { .. }));
    let counts = pipeline.counters().read();
    assert_eq!((counts.offered, counts.accepted, counts.aggregated, counts.refused_closed), (4, 2, 1, 1));
}

#[test]
fn a_failure_that_nobody_reads_any_more_is_written_to_stderr() {
    let counters = Arc::new(super::Counters::default());
    let full = || Arc::new(JournalError::Full { used: 1, max: 1 });
    let written = |counters: &super::Counters| counters.read().last_resort;

    let (waiting, watch) = ticket(Goal::Durable);
    drop(waiting);
    watch.failed(Failure::journal(sealed(*event()), full(), &counters));
    assert_eq!(written(&counters), 1, "gone before");

    let (waiting, watch) = ticket(Goal::Durable);
    watch.failed(Failure::commit(sealed(*event()), full(), &counters));
    assert_eq!(written(&counters), 1, "still waiting");
    drop(waiting);
    assert_eq!(written(&counters), 2, "gone between the answer and its reading");
}

#[tokio::test]
async fn a_failure_that_is_read_is_not_written() {
    let counters = Arc::new(super::Counters::default());
    let (waiting, watch) = ticket(Goal::Durable);
    watch.failed(Failure::journal(
        sealed(*event()),
        Arc::new(JournalError::Full { used: 1, max: 1 }),
        &counters,
    ));
    assert_eq!(waiting.await.unwrap_err().kind(), "journal_full");
    assert_eq!(counters.read().last_resort, 0);
}

#[tokio::test]
async fn who_waits_for_a_pipeline_that_ends_is_told() {
    let (waiting, watch) = ticket(Goal::Delivered);
    drop(watch);
    assert!(matches!(waiting.await, Err(RecordError::Unfinished)));
}

#[cfg(feature = "journal")]
#[test]
fn a_forked_child_is_refused_everything_and_touches_no_lock() {
    let pipeline = stuck(Limits { events: 20, bytes: 1 << 20 });
    drop(pipeline.offer(event(), Lane::Trusted, Goal::Queued).unwrap());
    let place = pipeline.reserve(None).unwrap();
    let (intake, shared) = (Arc::clone(&pipeline.intake), Arc::clone(&pipeline.shared));
    // As a fork leaves it: whoever held the locks is not there any more.
    intake.while_locked(|| {
        shared.progress.read(|_| {
            crate::journal::fault::fork();
            for goal in [Goal::Queued, Goal::Durable, Goal::Delivered] {
                for lane in [Lane::Trusted, Lane::Hostile] {
                    let refused = pipeline.offer(event(), lane, goal).unwrap_err();
                    assert_eq!((refused.kind(), refused.is_retryable()), ("forked", false));
                    let text = std::error::Error::source(&refused).unwrap().to_string();
                    assert!(text.contains("after the fork"), "{text}");
                    assert!(refused.into_event().is_some());
                }
            }
            assert!(pipeline.reserve(None).is_none());
            assert_eq!(shared.counters.read().refused_forked, 6);
            assert_eq!(pipeline.view().read(|board| board.lanes.len()), 0);
            assert_eq!(pipeline.in_intake(), (0, None));
            let identity = crate::destination::Identity::new("d", "");
            let unknown = pipeline.order(&identity, crate::pipeline::Command::Pause).unwrap_err();
            assert!(unknown.known.is_empty() && unknown.to_string().contains("forked child"), "{unknown}");
            pipeline.replace_api_key(&identity, "k").unwrap_err();
            let all = crate::pipeline::DeadLetterQuery::all();
            for refused in [
                pipeline.list_dead_letters(&all).map(|_| 0).unwrap_err(),
                pipeline.purge_dead_letters(&all).unwrap_err(),
            ] {
                assert!(refused.to_string().contains("after the fork"), "{refused}");
            }
            pipeline.retry_dead_letters(&all).unwrap_err();
            assert!(!format!("{:?}", pipeline.identities()).contains('d'));
            drop(place);
            drop(pipeline.all_durable());
            drop(pipeline);
        });
    });
}

#[cfg(feature = "journal")]
#[tokio::test]
async fn a_forked_child_waits_for_nothing() {
    let pipeline = stuck(Limits { events: 20, bytes: 1 << 20 });
    pipeline.shared.progress.post(|board| board.journal_ended = false);
    crate::journal::fault::fork();
    assert!(matches!(pipeline.all_durable().await, Err(RecordError::Unfinished)));
    assert!(pipeline.flush(Duration::MAX).await.is_err());
    assert!(!pipeline.shutdown(Duration::MAX, || panic!("nothing is closed")).await);
    // The drop would wait two seconds for a journal thread that a child doesn't have.
    drop(pipeline);
}

#[test]
fn a_waker_that_panics_ends_no_thread_of_ours() {
    struct Bad;
    impl std::task::Wake for Bad {
        fn wake(self: Arc<Self>) {
            panic!("as this test wants it");
        }
    }
    let destination = Scripted::new("d", |_| Act::Take);
    let config = Config {
        journal: JournalConfig::in_memory(),
        routes: vec![destination.clone().into()],
        limits: Limits::default(),
        clock: Arc::new(FixedClock::with_jitter(1.0)),
    };
    let pipeline = Pipeline::start(config).unwrap();
    let bad = std::task::Waker::from(Arc::new(Bad));
    for goal in [Goal::Durable, Goal::Delivered] {
        let mut waiting = Box::pin(pipeline.offer(event(), Lane::Trusted, goal).unwrap());
        _ = waiting.as_mut().poll(&mut std::task::Context::from_waker(&bad));
        drop(pipeline.offer(event(), Lane::Trusted, Goal::Queued).unwrap());
        let settled = destination.settled().len();
        while destination.settled().len() < settled.max(1) {
            std::thread::yield_now();
        }
    }
    while destination.settled().len() < 4 {
        std::thread::yield_now();
    }
    assert!(pipeline.read(|board| !board.journal_ended && !board.lanes[0].ended));
}

/// A wall clock that is a year ahead and a year behind by turns.
#[derive(Debug, Default)]
struct Jumping {
    clock: SystemClock,
    looks: AtomicI64,
}

/// In microseconds.
const YEAR: i64 = 365 * 24 * 60 * 60 * 1_000_000;

impl Clock for Jumping {
    fn now(&self) -> Timestamp {
        let ahead = self.looks.fetch_add(1, Ordering::Relaxed) % 2 == 0;
        Timestamp::from_micros(self.clock.now().as_micros() + if ahead { YEAR } else { -YEAR }).unwrap()
    }

    fn instant(&self) -> std::time::Instant {
        self.clock.instant()
    }

    fn jitter(&self, _: Duration) -> Duration {
        Duration::ZERO
    }
}

#[test]
fn a_clock_that_jumps_by_a_year_changes_no_order_and_stalls_nothing() {
    let clock = Arc::new(Jumping::default());
    let destination = Scripted::batched("d", 4, 1, |seen| match (seen.action.as_str(), seen.tries) {
        ("refused", _) => Act::refuse(422),
        ("failing", 0) => Act::retry(503),
        _ => Act::Take,
    });
    let pipeline = Pipeline::start(Config {
        journal: JournalConfig::in_memory(),
        routes: vec![destination.clone().into()],
        limits: Limits::default(),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
    })
    .unwrap();
    let mut offered = Vec::new();
    for number in 0..300 {
        let action = if number == 150 {
            "refused"
        } else if number % 10 == 0 {
            "failing"
        } else {
            "fine"
        };
        let event = Box::new(Event::builder(action).occurred_at(clock.now()).build().unwrap());
        offered.push(event.id);
        drop(pipeline.offer(event, Lane::Trusted, Goal::Queued).unwrap());
    }
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    let done = |board: &super::progress::Board| {
        let lane = &board.lanes[0];
        lane.delivered + lane.dead == 300
    };
    assert!(pipeline.shared.progress.wait(deadline, done), "it stalls");
    for seen in destination.seen() {
        let event: Event = serde_json::from_slice(&seen.bytes).unwrap();
        let sequence = event.position.unwrap().sequence;
        assert_eq!(
            offered[sequence as usize - 1],
            seen.id,
            "numbered in the order in which they were offered"
        );
    }
    assert_eq!(destination.settled().len(), 299);
}
