//! Work that a request leaves behind.

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
