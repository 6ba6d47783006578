//! What strangers cause: how long it keeps its room, and how what has none gets into the journal.

use super::*;
use crate::destination::{Receipt, Refusal};
use crate::event::{Outcome, RequestInfo};
use crate::pipeline::intake::Shut;

const MINUTE: Duration = Duration::from_secs(60);

fn denied(address: &str) -> Box<Event> {
    let mut event = Event::builder("request.denied").outcome(Outcome::Denied).build().unwrap();
    event.request = Some(RequestInfo { ip: Some(address.parse().unwrap()), ..RequestInfo::default() });
    Box::new(event)
}

/// How many events each one found tells of; 0 for a single one.
fn counts(events: &[Event]) -> Vec<u64> {
    let count =
        |event: &Event| event.metadata.get("aggregated").map_or(0, |all| all["count"].as_u64().unwrap());
    events.iter().map(count).collect()
}

fn small_in_memory() -> Bench {
    let config = JournalConfig { max_bytes: 8_192, segment_bytes: 2_048, ..JournalConfig::in_memory() };
    Bench::with(tempfile::tempdir().unwrap(), &config)
}

impl Bench {
    /// Offers an event that strangers caused; answers whether there was room.
    fn offer_hostile(&self) -> bool {
        let entry = Entry::new(Content::Sealed(sealed(*denied("192.0.2.1"))), Lane::Hostile, Watch::nobody());
        match self.committer.intake.offer(entry, None) {
            Ok(()) => true,
            Err((shut, _)) => {
                assert_eq!(shut, Shut::Full);
                false
            }
        }
    }

    fn fold(&self, address: &str) {
        self.shared.fold.add(denied(address), self.clock.instant()).unwrap();
    }

    /// One turn of the journal thread, if something waits for it.
    pub(super) fn turn(&mut self) {
        if let Taken::Group(entries, _) = self.committer.intake.take(Some(Duration::ZERO)) {
            self.committer.group(entries);
            self.committer.intake.release(self.committer.room());
        }
        self.committer.write_due();
    }

    /// Commits events of the application until more than three quarters of the journal are in use.
    fn fill(&mut self) {
        while self.committer.writer.usage().bytes <= 6_144 {
            assert!(self.commit_one());
        }
    }

    fn permits(&self) -> usize {
        self.committer.intake.permits()
    }
}

#[tokio::test]
async fn room_is_kept_until_every_destination_has_the_event() {
    let mut bench = Bench::new();
    let first = bench.committer.writer.next_sequence();
    let writer = bench.committer.writer.id();
    assert!((0..819).all(|_| bench.offer_hostile()) && !bench.offer_hostile());
    bench.turn();
    assert_eq!(found(&mut bench.backlog).len(), 819);
    assert!(!bench.offer_hostile(), "it waits in the journal");

    let at = |sequence| Position { writer, sequence: first + sequence };
    bench.shared.awaited.delivered(at(0), || Receipt::new(EventId::mint(), "d"));
    assert_eq!(bench.permits(), 818);
    let refused = Failure::dead_letter("d".to_owned(), Refusal::new("no"), &bench.shared.counters);
    bench.shared.awaited.failed(at(1), refused);
    assert_eq!(bench.permits(), 817, "a dead letter is done too");
    bench.shared.awaited.lost(0, writer, first + 2..=first + 11);
    assert_eq!(bench.permits(), 807, "what can't be read any more is done as well");
    bench.shared.awaited.close();
    assert_eq!(bench.permits(), 0, "nobody will acknowledge anything any more");
}

#[tokio::test]
async fn room_comes_back_when_the_journal_does_not_take_the_event() {
    let mut bench = Bench::new();
    bench.warm_up();
    assert!(bench.offer_hostile());
    fault::fail_syncs(2);
    bench.turn();
    assert_eq!((bench.shared.counters.read().commit_failed, bench.permits()), (1, 0));

    let mut full = small_in_memory();
    assert!((0..50).all(|_| full.offer_hostile()));
    full.turn();
    let refused = full.shared.counters.read().journal_full;
    assert!(refused > 0);
    assert_eq!(full.permits() as u64, 50 - refused);
}

#[test]
fn a_bucket_is_written_when_its_minute_is_over() {
    let mut bench = Bench::new();
    assert_eq!(bench.committer.patience(), None);
    bench.fold("192.0.2.1");
    bench.fold("192.0.2.1");
    assert_eq!(bench.committer.patience(), Some(MINUTE));
    bench.clock.advance(MINUTE - Duration::from_secs(1));
    bench.turn();
    assert_eq!(bench.committer.patience(), Some(Duration::from_secs(1)));
    assert!(found(&mut bench.backlog).is_empty());

    bench.clock.advance(Duration::from_secs(1));
    bench.turn();
    let events = found(&mut bench.backlog);
    assert_eq!(counts(&events), [2]);
    assert_eq!(events[0].position.unwrap().sequence, 1);
    assert_eq!((bench.committer.patience(), bench.permits()), (None, 0), "it has passed the budget by");
    let board = bench.shared.progress.read(|board| (board.through_journal, board.lanes[0].routed));
    assert_eq!(board, (0, 1), "nobody offered it");
}

#[test]
fn while_the_journal_is_nearly_full_strangers_get_no_room_and_buckets_go_on_counting() {
    let mut bench = small_in_memory();
    bench.fold("192.0.2.1");
    bench.fill();
    bench.clock.advance(MINUTE);
    bench.turn();
    assert_eq!(bench.committer.patience(), Some(RETRY_EVERY), "room may come without an event");
    assert!(!bench.offer_hostile());
    assert!(bench.commit_one(), "the application still has room");
    bench.fold("192.0.2.1");
    bench.settle_all();
    bench.turn();
    assert_eq!(counts(&found(&mut bench.backlog)), [2]);
    assert!(bench.offer_hostile());
}

#[test]
fn what_the_journal_refuses_is_put_back() {
    let mut bench = small_in_memory();
    // Each as large as it gets: together more than there is room for.
    for number in 0..40 {
        let mut event = denied(&format!("192.0.2.{number}"));
        event.reason = Some("x".repeat(512));
        bench.shared.fold.add(event, bench.clock.instant()).unwrap();
    }
    bench.clock.advance(MINUTE);
    bench.turn();
    let written = found(&mut bench.backlog).len() as u64;
    assert!((1..40).contains(&written));
    let left = bench.shared.fold.close();
    assert_eq!(left.len() as u64 + written, 40);
    let counts = bench.shared.counters.read();
    assert_eq!((counts.last_resort, counts.aggregated_lost, counts.journal_full), (0, 0, 0));
}

#[test]
fn every_bucket_is_written_at_the_end_without_waiting_for_its_minute() {
    let bench = Bench::new();
    for address in ["192.0.2.1", "192.0.2.1", "192.0.2.2"] {
        bench.fold(address);
    }
    let (events, shared) = bench.run_to_events();
    let mut told = counts(&events);
    told.sort_unstable();
    assert_eq!(told, [1, 2]);
    let counts = shared.counters.read();
    assert_eq!((counts.last_resort, counts.aggregated_lost), (0, 0));
    let again = shared.fold.add(denied("192.0.2.1"), Instant::now());
    assert!(again.is_err(), "nobody would write it");
}

#[test]
fn what_can_not_be_written_at_the_end_is_one_line() {
    let mut bench = small_in_memory();
    while bench.commit_one() {}
    let lines = bench.shared.counters.read().last_resort;
    for address in ["192.0.2.1", "192.0.2.1", "192.0.2.2"] {
        bench.fold(address);
    }
    let (events, shared) = bench.run_to_events();
    assert!(counts(&events).iter().all(|count| *count == 0));
    let counts = shared.counters.read();
    assert_eq!((counts.last_resort - lines, counts.aggregated_lost), (1, 3));
}

#[test]
fn a_failed_commit_of_buckets_is_one_line_and_they_still_arrive() {
    let mut bench = Bench::new();
    bench.warm_up();
    bench.fold("192.0.2.1");
    bench.fold("192.0.2.2");
    bench.clock.advance(MINUTE);
    fault::fail_syncs(2);
    bench.turn();
    let read = bench.shared.counters.read();
    assert_eq!((read.commit_failed, read.last_resort), (2, 1));
    let (events, shared) = bench.run_to_events();
    assert_eq!(counts(&events), [0, 1, 1]);
    assert_eq!(shared.counters.read().aggregated_lost, 0);
}

#[test]
fn buckets_whose_commit_fails_until_the_end_are_counted_as_lost() {
    let mut bench = Bench::new();
    bench.warm_up();
    for address in ["192.0.2.1", "192.0.2.1", "192.0.2.2"] {
        bench.fold(address);
    }
    bench.clock.advance(MINUTE);
    fault::fail_syncs(u32::MAX);
    bench.turn();
    assert_eq!(bench.shared.counters.read().aggregated_lost, 0, "they may still arrive");
    let (_, shared) = bench.run_to_events();
    fault::fail_syncs(0);
    let counts = shared.counters.read();
    assert_eq!((counts.last_resort, counts.aggregated_lost), (1, 3));
}

#[test]
fn a_panic_between_two_buckets_forgets_neither_the_refused_ones_nor_those_to_come() {
    let mut bench = Bench::new();
    for address in ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3"] {
        bench.fold(address);
    }
    bench.clock.advance(MINUTE);
    // No segment can be made for the first bucket, and it is refused; at the second the thread panics.
    fault::fail_syncs(1);
    fault::panic_at_sync();
    let turned = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| bench.turn()));
    assert!(turned.is_err());
    let left: u64 = bench.shared.fold.close().iter().map(|(_, bucket)| bucket.count()).sum();
    let counts = bench.shared.counters.read();
    assert_eq!((left, counts.last_resort), (4, 0));
}

#[test]
fn a_bucket_that_no_journal_can_hold_is_lost_loudly_and_once() {
    let config = JournalConfig { max_bytes: 100, segment_bytes: 25, ..JournalConfig::in_memory() };
    let mut bench = Bench::with(tempfile::tempdir().unwrap(), &config);
    bench.fold("192.0.2.1");
    bench.clock.advance(MINUTE);
    bench.turn();
    bench.turn();
    let counts = bench.shared.counters.read();
    assert_eq!((counts.too_large, counts.aggregated_lost, counts.last_resort), (1, 1, 1));
    assert_eq!(bench.committer.patience(), None);
}

#[test]
fn a_panic_of_the_journal_thread_tells_what_was_folded() {
    let mut bench = Bench::new();
    bench.warm_up();
    bench.fold("192.0.2.1");
    bench.fold("192.0.2.2");
    drop(bench.offer(Goal::Queued));
    let counters = Arc::clone(&bench.shared.counters);
    fault::panic_at_sync();
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| bench.run())).is_err());
    let counts = counters.read();
    assert_eq!(
        (counts.last_resort, counts.aggregated_lost),
        (2, 2),
        "one line for the event, one for the buckets"
    );
}

#[test]
fn behind_a_destination_that_is_down_a_long_flood_is_told_in_four_minutes_of_events_and_the_table() {
    let mut bench = Bench::new();
    for minute in 0..8_u8 {
        for number in 0..1_024_u16 {
            let [high, low] = number.to_be_bytes();
            bench.fold(&format!("10.{minute}.{high}.{low}"));
        }
        bench.clock.advance(MINUTE);
        bench.turn();
    }
    assert_eq!(found(&mut bench.backlog).len(), 4 * 1_024);
    assert_eq!(bench.committer.patience(), Some(RETRY_EVERY), "room comes without an event");
    let waiting: u64 = {
        let left = bench.shared.fold.take_due(bench.clock.instant(), true);
        let counted = left.iter().map(|(_, bucket)| bucket.count()).sum();
        assert!(left.len() <= 1_025);
        bench.shared.fold.put_back(left);
        counted
    };
    assert_eq!(waiting, 4 * 1_024, "each is told in one or the other");
    bench.shared.awaited.close();
    bench.turn();
    let rest = counts(&found(&mut bench.backlog));
    assert_eq!(rest.iter().sum::<u64>(), 4 * 1_024);
}

#[test]
fn whoever_asks_for_all_buckets_is_told_when_they_are_written() {
    let mut bench = Bench::new();
    bench.warm_up();
    bench.fold("192.0.2.1");
    let asked = bench.shared.fold.ask();
    let told = |bench: &Bench| bench.shared.progress.read(|board| board.folds_told);
    fault::fail_syncs(2);
    bench.turn();
    assert_eq!(told(&bench), 0, "it is not on disk");
    bench.recover();
    assert_eq!(told(&bench), asked);
    assert_eq!(counts(&found(&mut bench.backlog)), [0, 1]);
    let again = bench.shared.fold.ask();
    bench.turn();
    assert_eq!(told(&bench), again, "there was nothing to write");
}

#[test]
fn buckets_leave_the_room_that_is_held_for_others() {
    let config = JournalConfig { max_bytes: 1 << 20, ..JournalConfig::in_memory() };
    let mut bench = Bench::with(tempfile::tempdir().unwrap(), &config);
    let intake = Arc::clone(&bench.committer.intake);
    intake.release(bench.committer.room());
    let held: Vec<_> =
        (0..14).filter_map(|number| intake.reserve(Some([192, 0, 2, number].into()))).collect();
    assert_eq!((held.len(), bench.committer.room()), (14, 15));
    for number in 0..3 {
        bench.fold(&format!("192.0.2.{number}"));
    }
    bench.clock.advance(MINUTE);
    bench.turn();
    assert_eq!(counts(&found(&mut bench.backlog)), [1]);
    drop(held);
    bench.turn();
    assert_eq!(counts(&found(&mut bench.backlog)), [1, 1]);
}
