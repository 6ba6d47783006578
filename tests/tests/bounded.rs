//! A response waits for its guarantee no longer than it may, whatever runtime the application has: tokio's without its timer,
//! and none at all.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop right there, with a backtrace")]

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::post;
use lodger_axum::{AuditLayer, Guarantee, Lodger};
use lodger_tests::full::stalled_client;
use tower::ServiceExt;

/// Long enough to be a wait, short enough for a test.
const LIMIT: Duration = Duration::from_millis(20);

/// A change whose event is never delivered, answered when the time is up.
async fn change(lodger: &Lodger) {
    let audit = AuditLayer::new(lodger.clone())
        .rule("POST /", "invoice.update")
        .guarantee(Guarantee::Delivered)
        .delivered_wait(LIMIT);
    let app: Router = Router::new().route("/", post(|| async { "done" })).layer(audit);
    let response = app.oneshot(Request::post("/").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
}

fn check(lodger: &Lodger) {
    assert_eq!(lodger.stats().counts.guarantee_missed, 1);
}

/// An executor of a dozen lines.
fn block_on<F: Future>(future: F) -> F::Output {
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

#[test]
fn in_a_tokio_runtime_without_a_timer() {
    let dir = tempfile::tempdir().unwrap();
    let lodger = stalled_client(dir.path());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(change(&lodger));
    check(&lodger);
}

#[test]
fn on_another_executor() {
    let dir = tempfile::tempdir().unwrap();
    let lodger = stalled_client(dir.path());
    block_on(change(&lodger));
    check(&lodger);
}

#[test]
fn a_job_in_a_tokio_runtime_without_a_timer() {
    let dir = tempfile::tempdir().unwrap();
    let lodger = stalled_client(dir.path());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let done = runtime.block_on(lodger.run_as(lodger_axum::Actor::service("worker"), async { 7 }));
    assert_eq!((done, lodger.stats().counts.guarantee_missed), (7, 0));
}
