//! Bounded waiting that needs no runtime's clock.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

/// How long a test waits for an event before it fails. A healthy one comes within milliseconds; a machine that is
/// busy with a hundred other tests needs a second or two.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for `work`, at most this long. The clock is a thread's: under tokio's paused clock (`start_paused`) a timeout
/// of tokio's would be over as soon as every task waits.
pub(super) async fn within<F: Future>(limit: Duration, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    if let Some(done) = poll_fn(|cx| {
        Poll::Ready(match work.as_mut().poll(cx) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        })
    })
    .await
    {
        return Some(done);
    }
    let (tell, mut over) = oneshot::channel::<()>();
    let (_done, ended) = mpsc::channel::<()>();
    thread::spawn(move || {
        // Ends early when the wait is over; either way the sender is dropped, which is what is listened for.
        _ = ended.recv_timeout(limit);
        drop(tell);
    });
    poll_fn(|cx| {
        if let Poll::Ready(done) = work.as_mut().poll(cx) {
            return Poll::Ready(Some(done));
        }
        pin!(&mut over).poll(cx).map(|_| None)
    })
    .await
}
