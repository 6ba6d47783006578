//! What `detach` means here: a task on the same thread, so nothing has to be `Send`.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::rt::spawn;
use lodger_core::rt::{ended, in_task};
use pin_project_lite::pin_project;
use tracing::Instrument as _;

/// Runs a body, with the call that it belongs to, in a task of its own on this thread, in the current span. Outside of
/// requests and of the tasks that Lodger spawns it runs in place, because nobody knows whether there are such tasks.
///
/// # Cancel safety
///
/// Dropping the future leaves the task alone.
pub fn detach<F>(body: F) -> impl Future<Output = F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    // A task that polls what isn't `Send` is one that stays on its thread, so it can spawn more of them. Without a task
    // a test calls its service itself, perhaps in a plain tokio runtime.
    let has_tasks = HERE.get() && in_task();
    ended(if has_tasks { Ok(spawn(Local::new(body.in_current_span()))) } else { Err(Box::pin(body)) })
}

thread_local! {
    /// Whether this thread polls something that isn't `Send`. `spawn` can't be asked whether it has anything to spawn on,
    /// and panics if not; a system says nothing either, because its thread also runs the tasks of `tokio::spawn`.
    static HERE: Cell<bool> = const { Cell::new(false) };
}

/// As long as it lives, this thread polls something that isn't `Send`.
pub(crate) struct Polling {
    before: bool,
}

impl Polling {
    pub(crate) fn begin() -> Self {
        Self { before: HERE.replace(true) }
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        HERE.set(self.before);
    }
}

pin_project! {
    /// A future that stays on its thread, and in which `detach` knows it.
    pub(crate) struct Local<F> {
        #[pin]
        inner: F,
    }
}

impl<F> Local<F> {
    pub(crate) fn new(inner: F) -> Self {
        Self { inner }
    }
}

impl<F: Future> Future for Local<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let _polling = Polling::begin();
        self.project().inner.poll(cx)
    }
}
