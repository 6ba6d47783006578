//! Work that leaves the task of its request.

use std::future::Future;

use lodger_core::capture;
use tokio::task::JoinHandle;

/// Spawns work that goes on after the response. It carries the request's actor and ids, and events recorded in it are
/// finished by its own results; it never holds drafts of the request. Outside of a request it is `tokio::spawn`.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match capture::current() {
        Some(scope) => tokio::spawn(scope.continued().around(future)),
        None => tokio::spawn(future),
    }
}

/// Runs blocking work on a thread of its own, with the request's actor and ids, as [`spawn`]. Outside of a request it is
/// `tokio::task::spawn_blocking`.
pub fn spawn_blocking<F, R>(work: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    match capture::current().map(|scope| scope.continued()) {
        Some(scope) => tokio::task::spawn_blocking(move || scope.enter(work)),
        None => tokio::task::spawn_blocking(work),
    }
}
