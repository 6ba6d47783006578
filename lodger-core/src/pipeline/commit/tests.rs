//! The journal thread's work, done on the test's own thread, where syncs can be made to fail.

mod folded;

use super::*;
use crate::destination::{Filter, Identity};
use crate::event::{Event, EventId};
use crate::journal::{Backlog, JournalConfig, fault, open};
use crate::pipeline::RecordError;
use crate::pipeline::intake::{Lane, Limits};
use crate::pipeline::progress::LaneBoard;
use crate::pipeline::testing::{FixedClock, sealed};
use crate::pipeline::ticket::{Goal, Ticket, ticket};

/// An intake that is filled before the committer runs.
struct Bench {
    _dir: tempfile::TempDir,
    committer: Committer,
    backlog: Backlog,
    shared: Shared,
    clock: Arc<FixedClock>,
    ids: Vec<EventId>,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = JournalConfig::at(dir.path().join("journal"));
        Self::with(dir, &config)
    }

    fn with(dir: tempfile::TempDir, config: &JournalConfig) -> Self {
        let identity = Identity::new("d", "");
        let mut journal = open(config, std::slice::from_ref(&identity)).unwrap();
        let filters = Arc::new(Filters::new([Filter::any()]));
        let router = Router::new([identity.clone()], Arc::clone(&filters));
        let clock = Arc::new(FixedClock::with_jitter(0.0));
        let shared = Shared {
            progress: Arc::new(Progress::new(vec![LaneBoard::new(identity, 0)])),
            awaited: Arc::new(Awaited::new()),
            controls: Arc::default(),
            filters,
            fold: Arc::default(),
            counters: Arc::default(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            durable: true,
        };
        let intake = Arc::new(Intake::new(Limits::default()));
        let backlog = journal.backlogs.pop().unwrap();
        let committer = Committer::new(journal.writer, journal.previous, router, intake, &shared);
        Self { _dir: dir, committer, backlog, shared, clock, ids: Vec::new() }
    }

    fn offer(&mut self, goal: Goal) -> Ticket {
        let (ticket, watch) = ticket(goal);
        let event = Event::builder("a.b").build().unwrap();
        self.ids.push(event.id);
        self.committer
            .intake
            .offer(Entry::new(Content::Sealed(sealed(event)), Lane::Trusted, watch), None)
            .unwrap();
        ticket
    }

    /// Commits one event, so that there is a segment: making one is synced too, and would get the injected failure.
    fn warm_up(&mut self) {
        assert!(self.commit_one());
    }

    /// Takes one event through the journal thread's turn, and answers whether it is on disk.
    fn commit_one(&mut self) -> bool {
        drop(self.offer(Goal::Queued));
        let Taken::Group(entries, _) = self.committer.intake.take(None) else { panic!("it was offered") };
        let all_committed = self.committer.group(entries);
        self.committer.intake.release(self.committer.room());
        all_committed
    }

    /// One turn of the journal thread in which nothing came.
    fn recover(&mut self) {
        self.committer.recover();
        self.committer.write_due();
    }

    /// Settles everything that is in the journal.
    fn settle_all(&mut self) {
        while let Some(record) = self.backlog.next().unwrap() {
            self.backlog.settle(&[record.key]).unwrap();
        }
    }

    /// Commits what was offered and ends; answers what the destination finds in the journal.
    fn run(self) -> (Vec<EventId>, Shared) {
        let (found, shared) = self.run_to_events();
        (found.into_iter().map(|event| event.id).collect(), shared)
    }

    fn run_to_events(mut self) -> (Vec<Event>, Shared) {
        self.committer.intake.close();
        self.committer.run();
        (found(&mut self.backlog), self.shared)
    }
}

/// What the destination finds in the journal.
fn found(backlog: &mut Backlog) -> Vec<Event> {
    let records = std::iter::from_fn(|| backlog.next().unwrap());
    records.map(|record| serde_json::from_slice(&record.payload).unwrap()).collect()
}

#[tokio::test]
async fn a_ticket_is_answered_after_the_commit() {
    let mut bench = Bench::new();
    let ticket = bench.offer(Goal::Durable);
    let offered = bench.ids.clone();
    let (found, shared) = bench.run();
    ticket.await.unwrap();
    assert_eq!(found, offered);
    assert_eq!(shared.progress.read(|board| (board.through_journal, board.lanes[0].routed)), (1, 1));
}

#[tokio::test]
async fn a_failed_commit_is_told_to_everybody_and_the_events_still_arrive_once() {
    let mut bench = Bench::new();
    bench.warm_up();
    let durable = bench.offer(Goal::Durable);
    let delivered = bench.offer(Goal::Delivered);
    drop(bench.offer(Goal::Queued));
    let (barrier, watch) = ticket(Goal::Durable);
    bench.committer.intake.barrier(watch);

    // The commit's sync fails, and that of the new segment into which everything was to go instead.
    fault::fail_syncs(2);
    let offered = bench.ids.clone();
    let (found, shared) = bench.run();
    assert_eq!(found, offered, "each once and in order");

    assert!(matches!(durable.await, Err(RecordError::NotCommitted { .. })));
    assert!(matches!(delivered.await, Err(RecordError::NotCommitted { .. })));
    assert!(barrier.await.is_err(), "not everything was on disk");
    let counts = shared.counters.read();
    assert_eq!(
        (counts.commit_failed, counts.last_resort),
        (3, 1),
        "the one that nobody waits for is on stderr"
    );
}

#[tokio::test]
async fn a_sync_that_fails_once_is_nobodys_concern() {
    let mut bench = Bench::new();
    bench.warm_up();
    let ticket = bench.offer(Goal::Durable);
    fault::fail_syncs(1);
    let offered = bench.ids.clone();
    let (found, shared) = bench.run();
    ticket.await.unwrap();
    assert_eq!(found, offered);
    assert_eq!(shared.counters.read().commit_failed, 0);
}

#[tokio::test]
async fn an_event_for_which_no_segment_can_be_made_is_given_back_and_the_next_is_taken() {
    let mut bench = Bench::new();
    let (first, second) = (bench.offer(Goal::Durable), bench.offer(Goal::Durable));
    fault::fail_syncs(1);
    let ids = bench.ids.clone();
    let (found, shared) = bench.run();
    let refused = first.await.unwrap_err();
    assert_eq!((refused.kind(), refused.into_event().unwrap().id), ("io", ids[0]));
    second.await.unwrap();
    assert_eq!(found, ids[1..], "what was refused is not delivered");
    assert_eq!(shared.counters.read().last_resort, 0);
}

#[test]
fn nothing_is_reserved_as_long_as_a_full_journal_is_full() {
    let dir = tempfile::tempdir().unwrap();
    let in_memory = JournalConfig { max_bytes: 4_096, segment_bytes: 1_024, ..JournalConfig::in_memory() };
    let on_disk =
        JournalConfig { dir: Some(dir.path().join("journal")), min_free_bytes: 0, ..in_memory.clone() };
    for config in [in_memory, on_disk] {
        let mut bench = Bench::with(tempfile::tempdir().unwrap(), &config);
        let intake = Arc::clone(&bench.committer.intake);
        assert!(intake.reserve(None).is_some());
        while bench.commit_one() {}
        for interval in 0..3 {
            assert!(intake.reserve(None).is_none(), "interval {interval} of {config:?}");
            bench.recover();
        }
        bench.settle_all();
        bench.recover();
        assert!(intake.reserve(None).is_some(), "{config:?}");
        assert!(bench.commit_one());
    }
}

#[tokio::test]
async fn a_panic_forgets_nothing_that_was_in_hand_and_promises_nothing() {
    let mut bench = Bench::new();
    bench.warm_up();
    let durable = bench.offer(Goal::Durable);
    drop(bench.offer(Goal::Queued));
    let intake = Arc::clone(&bench.committer.intake);
    let barrier = || {
        let (ticket, watch) = ticket(Goal::Durable);
        intake.barrier(watch);
        ticket
    };
    let before = barrier();
    let counters = Arc::clone(&bench.shared.counters);
    fault::panic_at_sync();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| bench.run()));
    assert!(panicked.is_err());
    assert_eq!(counters.read().last_resort, 2);
    assert!(matches!(durable.await, Err(RecordError::Unfinished)));
    assert!(before.await.is_err());
    assert!(barrier().await.is_err(), "also not to those who ask later");
}

#[tokio::test]
async fn what_is_refused_behind_a_failed_commit_is_not_said_to_arrive_perhaps() {
    let mut bench = Bench::new();
    bench.warm_up();
    drop(bench.offer(Goal::Queued));
    // The commit, its repetition, and the next group's first thing.
    fault::fail_syncs(3);
    let Taken::Group(entries, _) = bench.committer.intake.take(None) else { panic!("it was offered") };
    assert!(!bench.committer.group(entries));
    let refused = bench.offer(Goal::Durable);
    let Taken::Group(entries, _) = bench.committer.intake.take(None) else { panic!("it was offered") };
    assert!(!bench.committer.group(entries));
    assert_eq!(refused.await.unwrap_err().kind(), "commit_pending");
    let counts = bench.shared.counters.read();
    assert_eq!((counts.commit_failed, counts.journal_failed), (1, 1));
}

#[tokio::test]
async fn an_event_that_can_never_fit_is_counted_apart_and_closes_nothing() {
    let config = JournalConfig { max_bytes: 100, segment_bytes: 25, ..JournalConfig::in_memory() };
    let mut bench = Bench::with(tempfile::tempdir().unwrap(), &config);
    assert!(!bench.commit_one());
    let counts = bench.shared.counters.read();
    assert_eq!((counts.too_large, counts.journal_full), (1, 0));
    assert!(bench.committer.intake.reserve(None).is_some());
}

/// An event that fills 64 KiB, with what the journal thread adds to it on top.
fn largest() -> Event {
    let mut event = Event::builder("a.b").metadata("filler", "x".repeat(60_000)).build().unwrap();
    let left = MAX_EVENT_BYTES - event.to_canonical_json().unwrap().len();
    event.metadata.insert("filler".to_owned(), "x".repeat(60_000 + left).into());
    assert_eq!(event.to_canonical_json().unwrap().len(), MAX_EVENT_BYTES);
    event
}

#[tokio::test]
async fn whoever_holds_a_place_is_committed_though_the_journal_fills_up_with_the_events_of_others() {
    let on_disk = |dir: &tempfile::TempDir| JournalConfig {
        max_bytes: 1 << 20,
        segment_bytes: 1 << 18,
        min_free_bytes: 0,
        ..JournalConfig::at(dir.path().join("journal"))
    };
    let in_memory =
        |_: &tempfile::TempDir| JournalConfig { max_bytes: 1 << 20, ..JournalConfig::in_memory() };
    // Three of the largest to a segment of 256 KiB, four segments; 1 MiB by 65,856 bytes.
    for (config, places) in [(&on_disk as &dyn Fn(&_) -> _, 12), (&in_memory, 15)] {
        let dir = tempfile::tempdir().unwrap();
        let config = config(&dir);
        let mut bench = Bench::with(dir, &config);
        let intake = Arc::clone(&bench.committer.intake);
        intake.release(bench.committer.room());
        let peer = |number: u8| Some([192, 0, 2, number].into());
        let mut held: Vec<_> = (0..8).filter_map(|number| intake.reserve(peer(number))).collect();
        assert_eq!((held.len(), bench.committer.room()), (8, places));

        // Small ones of those who hold none: taken at the door and on disk, or refused at the door.
        let mut taken = 0;
        loop {
            let (ticket, watch) = ticket(Goal::Durable);
            let event = Event::builder("a.b").build().unwrap();
            if intake.offer(Entry::new(Content::Sealed(sealed(event)), Lane::Trusted, watch), None).is_err() {
                break;
            }
            taken += 1;
            bench.turn();
            ticket.await.unwrap();
        }
        assert!(taken > 100, "{taken}");
        assert!(intake.reserve(peer(9)).is_none());

        while let Some(place) = held.pop() {
            let (ticket, watch) = ticket(Goal::Durable);
            intake
                .offer(Entry::new(Content::Sealed(sealed(largest())), Lane::Trusted, watch), Some(place))
                .unwrap();
            bench.turn();
            ticket.await.unwrap();
        }
        bench.settle_all();
        bench.turn();
        assert!(intake.reserve(peer(9)).is_some(), "and all of it is free again, though no event came");
    }
}
