//! Work that a request leaves behind.

use std::future::Future;

use actix_web::rt::task::JoinHandle;
use lodger_core::capture;

/// Spawns work that goes on after the response. It carries the request's actor and ids, and events recorded in it are
/// finished by its own results; it never holds drafts of the request. Outside of a request it is `actix_web::rt::spawn`.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    match capture::current() {
        Some(scope) => actix_web::rt::spawn(scope.continued().around(future)),
        None => actix_web::rt::spawn(future),
    }
}
