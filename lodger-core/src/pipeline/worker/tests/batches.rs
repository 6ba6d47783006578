//! How large batches become, and how many events are under way in them.

use std::sync::{Arc, Mutex};

use super::*;
use crate::destination::{BoxFuture, Delivery, Receipt};
use crate::pipeline::control::Command;

/// Takes what it is given without reading it, or nothing at all while it hangs.
#[derive(Debug, Clone)]
struct Bytes {
    batch: usize,
    batch_bytes: usize,
    in_flight: usize,
    hangs: bool,
    /// How many bytes each event of each batch had.
    taken: Arc<Mutex<Vec<Vec<usize>>>>,
}

impl Bytes {
    fn new(batch: usize, batch_bytes: usize, in_flight: usize) -> Self {
        Self { batch, batch_bytes, in_flight, hangs: false, taken: Arc::default() }
    }

    fn taken(&self) -> Vec<Vec<usize>> {
        self.taken.lock().unwrap().clone()
    }
}

impl Destination for Bytes {
    fn identity(&self) -> Identity {
        Identity::new("bytes", "")
    }

    fn max_batch(&self) -> usize {
        self.batch
    }

    fn max_batch_bytes(&self) -> usize {
        self.batch_bytes
    }

    fn max_in_flight(&self) -> usize {
        self.in_flight
    }

    fn reads_events(&self) -> bool {
        false
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        self.taken.lock().unwrap().push(batch.iter().map(|one| one.bytes.len()).collect());
        let answers = batch.iter().map(|one| Answer::Settled(Receipt::new(one.id(), "bytes"))).collect();
        Box::pin(async move { if self.hangs { std::future::pending().await } else { answers } })
    }
}

fn rig(destination: &Bytes) -> Rig {
    Rig::with(destination, DeadLetters::in_memory(), true)
}

/// Commits an event of so many bytes that no version of this crate has written.
fn add_of(rig: &mut Rig, bytes: usize) {
    let id = EventId::mint();
    let json = format!(r#"{{"action":7,"id":"{id}","z":""}}"#);
    rig.commit(json.replace(r#""z":"""#, &format!(r#""z":"{}""#, "x".repeat(bytes - json.len()))).as_bytes());
}

#[tokio::test(start_paused = true)]
async fn a_batch_holds_no_more_bytes_than_the_destination_takes() {
    let destination = Bytes::new(10, 1_000, 1);
    let mut rig = rig(&destination);
    for bytes in [400, 400, 200, 100, 901, 2_000, 100, 100] {
        add_of(&mut rig, bytes);
    }
    pass(1.0).await;
    let expected = [vec![400, 400, 200], vec![100], vec![901], vec![2_000], vec![100, 100]];
    assert_eq!(destination.taken(), expected, "a larger one comes alone");
    assert_eq!(rig.counts(), [0, 0, 8, 0]);
}

#[tokio::test(start_paused = true)]
async fn who_only_sends_bytes_is_given_events_that_this_version_can_not_read() {
    let destination = Bytes::new(10, usize::MAX, 1);
    let mut rig = rig(&destination);
    add_of(&mut rig, 100);
    rig.commit(br#"{"from":"the future"}"#);
    pass(1.0).await;
    assert_eq!(destination.taken(), [[100, 21]]);
    assert_eq!(rig.counts(), [0, 0, 2, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_that_this_version_can_not_read_is_sent_again_to_who_only_sends_bytes() {
    let destination = Bytes::new(10, usize::MAX, 1);
    let mut rig = rig(&destination);
    add_of(&mut rig, 100);
    rig.order(Command::Detach);
    rig.see();
    pass(1.0).await;
    assert_eq!(rig.counts(), [0, 0, 0, 1], "it is one");
    let letters = rig.dead_letters.list().unwrap();

    let mut other = self::rig(&destination);
    other.dead_letters.keep(letters).unwrap();
    other.add("a.b");
    other.retry_all();
    pass(1.0).await;
    assert!(destination.taken().contains(&vec![100]), "{:?}", destination.taken());
    assert_eq!(other.dead(), []);
}

#[tokio::test(start_paused = true)]
async fn as_many_events_are_in_flight_as_the_batches_hold_that_may_be() {
    for (batch, in_flight, expected) in
        [(1, 1_000, 64), (10, 1, 10), (10, 4, 40), (500, 4, 2_000), (500, 64, 4_096)]
    {
        let destination = Bytes { hangs: true, ..Bytes::new(batch, usize::MAX, in_flight) };
        let mut rig = rig(&destination);
        rig.add_many(5_000);
        pass(1.0).await;
        assert_eq!(rig.lane().in_flight, expected, "{batch} and {in_flight}");
    }
}
