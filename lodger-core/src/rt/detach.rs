//! `detach`: the body runs to its end in a task of its own, whatever becomes of who called it.

use std::future::{Future, pending};
use std::panic::resume_unwind;
use std::pin::Pin;

use tokio::runtime::Handle;
use tokio::task::{self, JoinError, JoinHandle};
use tracing::Instrument as _;

/// Runs a body, with the call that it belongs to, in a task of its own, in the current span. Outside of a runtime,
/// where there are no tasks, it runs in place.
///
/// # Cancel safety
///
/// Dropping the future leaves the task alone.
pub fn detach<F>(body: F) -> impl Future<Output = F::Output> + Send
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let has_tasks = Handle::try_current().is_ok();
    ended(if has_tasks { Ok(tokio::spawn(body.in_current_span())) } else { Err(Box::pin(body)) })
}

/// Whether the code runs in a tokio task, and not in what a runtime blocks on.
#[must_use]
pub fn in_task() -> bool {
    task::try_id().is_some()
}

/// Waits for the task of a detached body, or runs the body where there is none. (In a box, or this future would be as
/// large as the body once more.) A panic of the task goes on here. If the runtime goes away under the task, nobody
/// knows how the body would have ended, and this never ends either.
///
/// # Panics
///
/// When the body does.
pub async fn ended<F: Future>(task: Result<JoinHandle<F::Output>, Pin<Box<F>>>) -> F::Output {
    let ended = match task {
        Ok(task) => task.await,
        Err(body) => return body.await,
    };
    match ended.map_err(JoinError::try_into_panic) {
        Ok(output) => output,
        Err(Ok(panic)) => resume_unwind(panic),
        Err(Err(_cancelled)) => pending().await,
    }
}
