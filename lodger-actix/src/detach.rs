//! What `detach` means here: a task on the same thread, so nothing has to be `Send`.

use std::future::Future;
use std::thread;

use actix_web::rt::{System, spawn};
use lodger_core::rt::{ended, in_runtime};
use tracing::Instrument as _;

/// Runs a body, with the call that it belongs to, in a task of its own on this thread, in the current span. Outside of
/// actix's runtime, where there are no such tasks, it runs in place.
///
/// # Cancel safety
///
/// Dropping the future leaves the task alone.
pub fn detach<F>(body: F) -> impl Future<Output = F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    ended(if has_tasks() { Ok(spawn(body.in_current_span())) } else { Err(Box::pin(body)) })
}

/// Whether `spawn` has a runtime to spawn on: it can't be asked, and panics without one. There are two kinds of threads
/// on which actix runs handlers: those of a system, and under `#[tokio::main]` the workers of its server, which are
/// known by their name alone.
fn has_tasks() -> bool {
    // A thread remembers its last system for ever; only one that runs takes work.
    let system_runs = || System::try_current().is_some_and(|system| system.arbiter().spawn_fn(|| ()));
    let is_worker = || thread::current().name().is_some_and(|name| name.starts_with("actix-server worker"));
    in_runtime() && (is_worker() || system_runs())
}
