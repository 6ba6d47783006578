//! The client with its threads, its journal and scripted destinations. Nothing sleeps: what takes a moment is waited
//! for, with time limits that only a broken client reaches.

mod building;
mod control;
mod dead_letters;
mod delivery;
mod fan_out;
mod fitness;
mod hostile;
mod restart;
mod statistics;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use super::settings::Settings;
use super::{Lodger, LodgerBuilder};
use crate::event::{Event, EventId};

/// Longer than anything here takes.
pub(super) const LONG: Duration = Duration::from_secs(30);

pub(super) fn builder() -> LodgerBuilder {
    LodgerBuilder::with(Settings::table(&[("HOSTNAME", "web-1")]))
}

pub(super) fn event(action: &'static str) -> Event {
    Event::builder(action).build().unwrap()
}

fn record_many(lodger: &Lodger, number: usize) -> Vec<EventId> {
    (0..number).map(|_| block_on(lodger.record(event("a.b"))).unwrap()).collect()
}

fn enqueue_many(lodger: &Lodger, number: usize) -> Vec<EventId> {
    (0..number).map(|_| lodger.enqueue(event("a.b")).unwrap()).collect()
}

/// An executor of a dozen lines: whatever runs on it needs no runtime.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Polls once and drops the future.
fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}
