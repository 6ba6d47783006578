//! `detach`: a body that runs to its end, whatever becomes of who called it.
#![cfg(feature = "macros")]
#![allow(missing_docs, clippy::unwrap_used)]

use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use lodger_core::capture::{self, Audit};
use lodger_core::event::{Actor, Event, Outcome};
use lodger_core::{Lodger, MemoryDestination, audited};
use tokio::sync::oneshot;

fn client() -> (Lodger, MemoryDestination) {
    let memory = MemoryDestination::new();
    (Lodger::builder().destination(memory.clone()).in_memory_journal().build().unwrap(), memory)
}

async fn only(memory: &MemoryDestination) -> Event {
    let mut events = memory.wait_for(1).await;
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

/// Polls once, and drops.
fn begin_and_leave<F: Future>(future: F) {
    assert!(pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

type Go = oneshot::Receiver<()>;

#[audited("order.place", target(order = id), detach)]
async fn place(id: u32, go: Go) -> Result<u32, io::Error> {
    go.await.map_err(io::Error::other)?;
    Audit::current().unwrap().tag("shipped");
    Ok(id)
}

#[audited("order.place", target(order = id), fields(id), detach)]
fn place_boxed(id: u32, go: Go) -> Pin<Box<dyn Future<Output = Result<u32, io::Error>> + Send>> {
    Box::pin(async move {
        go.await.map_err(io::Error::other)?;
        Audit::current().unwrap().tag("shipped");
        Ok(id)
    })
}

struct Orders {
    shop: String,
}

impl Orders {
    #[audited("order.place", target(order = id), tenant = self.shop, detach)]
    async fn place(self: Arc<Self>, id: u32, go: Go) -> Result<u32, io::Error> {
        go.await.map_err(io::Error::other)?;
        Audit::current().unwrap().tag("shipped");
        Ok(id)
    }
}

/// The task has not run once when its caller is gone: on one thread nothing runs before this test waits.
#[tokio::test]
async fn a_body_goes_on_when_its_caller_is_dropped_before_the_task_first_ran() {
    let orders = Arc::new(Orders { shop: "acme".to_owned() });
    for how in 0..3 {
        let (lodger, memory) = client();
        let (open, go) = oneshot::channel();
        let worker = Actor::service("worker");
        match how {
            0 => begin_and_leave(lodger.run_as(worker, place(7, go))),
            1 => begin_and_leave(lodger.run_as(worker, place_boxed(7, go))),
            _ => begin_and_leave(lodger.run_as(worker, Arc::clone(&orders).place(7, go))),
        }
        open.send(()).unwrap();
        let event = only(&memory).await;
        assert_eq!((event.outcome, event.reason), (Outcome::Success, None), "{how}");
        assert_eq!((event.actor, event.target.id.as_str()), (Actor::service("worker"), "7"), "{how}");
        assert_eq!(event.tags, ["shipped"], "{how}");
        assert_eq!(event.tenant.as_deref(), (how == 2).then_some("acme"));
        assert_eq!(lodger.stats().counts.too_late, 0);
    }
}

#[tokio::test]
async fn a_caller_that_waits_gets_what_the_body_returned() {
    let (lodger, memory) = client();
    let (open, go) = oneshot::channel();
    open.send(()).unwrap();
    assert_eq!(lodger.run_as(Actor::service("worker"), place(7, go)).await.unwrap(), 7);
    let (_, go) = oneshot::channel();
    lodger.run_as(Actor::service("worker"), place_boxed(8, go)).await.unwrap_err();
    assert_eq!(only(&memory).await.outcome, Outcome::Success);
    assert_eq!(lodger.stats().counts.filtered, 1, "a failure is not recorded by default");
}

#[test]
fn without_a_runtime_the_body_runs_in_place() {
    let (lodger, memory) = client();
    let scope = capture::Scope::job(lodger.sink(), Some(Actor::service("worker")));
    let (open, go) = oneshot::channel();
    let mut job = pin!(scope.around(place(7, go)));
    let mut context = Context::from_waker(Waker::noop());
    assert!(job.as_mut().poll(&mut context).is_pending());
    assert_eq!(scope.open_drafts(), 1);
    open.send(()).unwrap();
    assert!(job.as_mut().poll(&mut context).is_ready());
    assert_eq!(scope.open_drafts(), 0);
    let waiting = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(waiting.block_on(only(&memory)).tags, ["shipped"]);
}

/// Nobody knows how the body would have ended.
#[test]
fn a_runtime_that_goes_away_under_the_body_leaves_it_unknown() {
    let (lodger, memory) = client();
    let (_open, go) = oneshot::channel();
    let mut job = Box::pin(lodger.run_as(Actor::service("worker"), place(7, go)));
    let mut context = Context::from_waker(Waker::noop());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { assert!(job.as_mut().poll(&mut context).is_pending()) });
    drop(runtime);
    let waiting = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let event = waiting.block_on(only(&memory));
    assert_eq!((event.outcome, event.reason.as_deref()), (Outcome::Unknown, Some("cancelled")));
    assert!(job.as_mut().poll(&mut context).is_pending(), "it has no end either");
}

#[tokio::test]
async fn a_shutdown_waits_for_a_detached_body() {
    let (lodger, memory) = client();
    let (open, go) = oneshot::channel();
    begin_and_leave(lodger.run_as(Actor::service("worker"), place(7, go)));
    let mut closing = pin!(lodger.shutdown(Duration::from_secs(30)));
    assert!(closing.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(memory.events().is_empty());
    open.send(()).unwrap();
    assert!(closing.await.is_clean());
    assert_eq!(memory.events().len(), 1);
}

#[audited("order.place", detach)]
async fn panicking(go: Go) -> Result<(), io::Error> {
    go.await.map_err(io::Error::other)?;
    panic!("as the test wants it");
}

#[tokio::test]
async fn a_panic_of_the_body_comes_back_to_its_caller_and_is_recorded_once() {
    let (lodger, memory) = client();
    let (open, go) = oneshot::channel();
    open.send(()).unwrap();
    let mut job = Box::pin(lodger.run_as(Actor::service("worker"), panicking(go)));
    let panic = std::future::poll_fn(|context| {
        match std::panic::catch_unwind(AssertUnwindSafe(|| job.as_mut().poll(context))) {
            Ok(poll) => poll.map(|_| None),
            Err(panic) => std::task::Poll::Ready(Some(panic)),
        }
    })
    .await
    .unwrap();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"as the test wants it"));
    let event = only(&memory).await;
    assert_eq!((event.outcome, event.reason.as_deref()), (Outcome::Unknown, Some("panicked")));
}

#[audited("order.import")]
async fn import(go: Go) -> Result<(), io::Error> {
    place(7, go).await.map(drop)
}

#[tokio::test]
async fn a_detached_function_outlives_the_function_that_called_it() {
    let (lodger, memory) = client();
    let (open, go) = oneshot::channel();
    begin_and_leave(lodger.run_as(Actor::service("worker"), import(go)));
    open.send(()).unwrap();
    let ended: Vec<_> = memory
        .wait_for(2)
        .await
        .into_iter()
        .map(|event| (event.action.into_owned(), event.outcome, event.actor.id))
        .collect();
    assert_eq!(
        ended,
        [
            ("order.import".to_owned(), Outcome::Unknown, "worker".to_owned()),
            ("order.place".to_owned(), Outcome::Success, "worker".to_owned()),
        ]
    );
}
