//! Work that leaves the task of its request.

use std::future::Future;

use actix_web::rt::task::JoinHandle;
use lodger_core::capture;

use crate::detach::Local;
use crate::routes;

/// Spawns work that goes on after the response. It carries the request's actor and ids, and events recorded in it are
/// finished by its own results; it never holds drafts of the request. Outside of a request it is `actix_web::rt::spawn`.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    match capture::current() {
        Some(scope) => {
            routes::say(&scope);
            actix_web::rt::spawn(Local::new(scope.continued().around(future)))
        }
        None => actix_web::rt::spawn(Local::new(future)),
    }
}

/// Runs blocking work on a thread of its own, with the request's actor and ids, as [`spawn`]. Outside of a request it is
/// `actix_web::rt::task::spawn_blocking`.
pub fn spawn_blocking<F, R>(work: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let scope = capture::current().inspect(routes::say);
    match scope.map(|scope| scope.continued()) {
        Some(scope) => actix_web::rt::task::spawn_blocking(move || scope.enter(work)),
        None => actix_web::rt::task::spawn_blocking(work),
    }
}
