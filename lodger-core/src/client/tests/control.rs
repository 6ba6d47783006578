//! Operators at work, and destinations that block their own thread.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use super::*;
use crate::client::{DeliveryState, UnknownDestination};
use crate::destination::{Answer, BoxFuture, Delivery, Destination, Identity, MemoryDestination, Receipt};

/// A destination that blocks its thread until it is let go, once for each event.
#[derive(Debug)]
struct Blocking {
    started: Mutex<Sender<()>>,
    go: Mutex<Receiver<()>>,
}

impl Blocking {
    fn new() -> (Self, Receiver<()>, Sender<()>) {
        let ((started, hears), (lets_go, go)) = (channel(), channel());
        (Self { started: Mutex::new(started), go: Mutex::new(go) }, hears, lets_go)
    }
}

impl Destination for Blocking {
    fn identity(&self) -> Identity {
        Identity::new("blocking", "")
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            self.started.lock().unwrap().send(()).ok();
            self.go.lock().unwrap().recv().ok();
            batch.iter().map(|one| Answer::Settled(Receipt::new(one.id(), "blocking"))).collect()
        })
    }
}

fn state(lodger: &Lodger, lane: usize) -> DeliveryState {
    lodger.stats().destinations[lane].state
}

fn until(done: impl Fn() -> bool) {
    let give_up = Instant::now() + LONG;
    while !done() {
        assert!(Instant::now() < give_up, "it never comes to that");
        thread::yield_now();
    }
}

#[test]
fn a_destination_that_blocks_its_thread_stalls_nobody_and_no_shutdown() {
    let (blocking, started, lets_go) = Blocking::new();
    let memory = MemoryDestination::new();
    let lodger =
        builder().destination(blocking).destination(memory.clone()).in_memory_journal().build().unwrap();
    let recorded = record_many(&lodger, 3);
    started.recv().unwrap();
    until(|| memory.events().len() == recorded.len());
    // Whoever waits for this destination would wait for ever: it is let go below only.
    let report = block_on(lodger.shutdown(Duration::from_millis(100)));
    assert!(report.committed);
    assert_eq!((report.remaining, report.destinations[1].delivered), (3, 3));
    drop(lets_go);
}

#[test]
fn a_destination_can_be_detached_while_it_blocks_its_thread_and_then_nothing_goes_there() {
    let (blocking, started, lets_go) = Blocking::new();
    let memory = MemoryDestination::new();
    let lodger =
        builder().destination(blocking).destination(memory.clone()).in_memory_journal().build().unwrap();
    record_many(&lodger, 3);
    started.recv().unwrap();
    let blocked = Identity::new("blocking", "");
    lodger.detach(&blocked).unwrap();
    drop(lets_go);
    until(|| state(&lodger, 0) == DeliveryState::Detached);
    let again = lodger.detach(&blocked).unwrap_err();
    assert_eq!(again.known, [Identity::new("memory", "")]);
    record_many(&lodger, 2);
    block_on(lodger.flush(LONG)).unwrap();
    let stats = lodger.stats();
    assert_eq!(memory.events().len(), 5);
    let gone = &stats.destinations[0];
    assert_eq!(gone.pending + gone.in_flight, 0);
    assert_eq!(gone.routed, gone.delivered + gone.dead, "whatever was routed there is accounted for");
    assert_eq!(started.try_iter().count(), 0, "it was asked for the first event only");
}

#[test]
fn a_flush_counts_what_is_on_hold_as_undelivered() {
    let (held, other) = (MemoryDestination::named("held"), MemoryDestination::named("other"));
    let lodger =
        builder().destination(held.clone()).destination(other.clone()).in_memory_journal().build().unwrap();
    let place = Identity::new("memory", "held");
    lodger.pause(&place).unwrap();
    until(|| state(&lodger, 0) == DeliveryState::OnHold);
    record_many(&lodger, 2);
    until(|| other.events().len() == 2);
    until(|| lodger.stats().destinations[1].delivered == 2);
    assert_eq!(block_on(lodger.flush(Duration::ZERO)).unwrap_err().remaining, 2);
    lodger.resume(&place).unwrap();
    block_on(lodger.flush(LONG)).unwrap();
    assert_eq!((held.events().len(), state(&lodger, 0)), (2, DeliveryState::Running));
}

#[test]
fn an_unknown_destination_is_answered_with_those_there_are() {
    let lodger = builder().destination(MemoryDestination::named("m")).in_memory_journal().build().unwrap();
    let asked = Identity::new("memory", "typo");
    let known = vec![Identity::new("memory", "m")];
    let expected = UnknownDestination { asked: asked.clone(), known };
    for answer in [lodger.pause(&asked), lodger.resume(&asked), lodger.detach(&asked)] {
        assert_eq!(answer.unwrap_err(), expected);
    }
    assert_eq!(expected.to_string(), "the client delivers nothing to memory:typo; it delivers to memory:m");
}

#[test]
fn after_a_shutdown_nobody_is_told_that_an_order_will_be_followed() {
    let lodger = builder().destination(MemoryDestination::named("m")).in_memory_journal().build().unwrap();
    block_on(lodger.shutdown(LONG));
    let there = Identity::new("memory", "m");
    for answer in [lodger.pause(&there), lodger.resume(&there), lodger.detach(&there)] {
        assert_eq!(answer.unwrap_err().known, []);
    }
}

#[test]
fn an_event_that_nobody_is_left_for_is_given_back() {
    let lodger = builder().destination(MemoryDestination::named("m")).in_memory_journal().build().unwrap();
    lodger.detach(&Identity::new("memory", "m")).unwrap();
    let refused = block_on(lodger.record(event("a.b"))).unwrap_err();
    assert_eq!((refused.kind(), refused.is_retryable()), ("no_destination", false));
    assert_eq!(refused.into_event().unwrap().action, "a.b");
    assert_eq!(lodger.stats().counts.unrouted, 1);
    assert_eq!(lodger.stats().counts.last_resort, 0, "whoever has it back knows");
    lodger.enqueue(event("a.b")).unwrap();
    until(|| lodger.stats().counts.last_resort == 1);
}
