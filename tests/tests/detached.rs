//! Where `detach` finds tasks and where it runs in place; and that the current span goes along.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop right there")]

use std::convert::Infallible;
use std::pin::Pin;

use actix_web::rt::System;
use actix_web::test::{TestRequest, call_and_read_body, init_service};
use actix_web::{App, HttpServer, web};
use lodger_actix::{AuditMiddleware, Guarantee};
use lodger_core::{Lodger, MemoryDestination};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task;
use tracing::{Span, instrument};

/// The task that the body runs in.
#[lodger_actix::audited("order.place", detach)]
async fn actix_task() -> Result<Option<task::Id>, Infallible> {
    Ok(task::try_id())
}

#[lodger_axum::audited("order.place", detach)]
async fn axum_task() -> Result<Option<task::Id>, Infallible> {
    Ok(task::try_id())
}

fn client() -> Lodger {
    Lodger::builder().destination(MemoryDestination::new()).in_memory_journal().build().unwrap()
}

async fn with_actix() -> &'static str {
    where_it_ran(client().run_as(lodger_core::event::Actor::system("test"), actix_task()).await)
}

async fn with_axum() -> &'static str {
    where_it_ran(client().run_as(lodger_core::event::Actor::system("test"), axum_task()).await)
}

fn where_it_ran(task: Result<Option<task::Id>, Infallible>) -> &'static str {
    if task == Ok(task::try_id()) { "in place" } else { "in a task" }
}

/// Whatever runs in a request or in a task of ours, also in the task of another detached body.
#[test]
fn actix_has_tasks_in_what_lodger_spawns() {
    let spawned = |job| System::new().block_on(async { lodger_actix::spawn(job).await.unwrap() });
    assert_eq!(spawned(Box::pin(with_actix()) as LocalJob), "in a task");
    assert_eq!(spawned(Box::pin(async { nested().await.unwrap() })), "in a task");
}

type LocalJob = Pin<Box<dyn Future<Output = &'static str>>>;

#[lodger_actix::audited("order.place", detach)]
async fn nested() -> Result<&'static str, Infallible> {
    Ok(with_actix().await)
}

/// There is no system then, and the server's workers bring their own runtimes.
#[tokio::test(flavor = "multi_thread")]
async fn an_actix_server_under_tokio_has_tasks() {
    let lodger = client();
    let audit = AuditMiddleware::new(lodger).guarantee(Guarantee::Queued);
    let handler = || async { where_it_ran(actix_task().await) };
    let app = move || App::new().wrap(audit.clone()).route("/", web::get().to(handler));
    let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    let serving = tokio::spawn(server);
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("\r\n\r\nin a task"), "{answer}");
    handle.stop(true).await;
    serving.await.unwrap().unwrap();
}

#[test]
fn axum_has_tasks_in_every_runtime() {
    assert_eq!(Builder::new_current_thread().build().unwrap().block_on(with_axum()), "in a task");
    assert_eq!(Builder::new_multi_thread().build().unwrap().block_on(with_axum()), "in a task");
}

/// Tasks that stay on their thread are known only where a request or one of our own tasks is polled: a worker that was
/// spawned with `tokio::spawn` has none, although its thread has a system.
#[test]
fn outside_of_requests_actix_runs_the_body_in_place() {
    let in_tokio_task = || async { tokio::spawn(with_actix()).await.unwrap() };
    let tokio = Builder::new_current_thread().build().unwrap();
    assert_eq!(tokio.block_on(with_actix()), "in place");
    assert_eq!(tokio.block_on(in_tokio_task()), "in place");
    assert_eq!(System::new().block_on(with_actix()), "in place");
    assert_eq!(System::new().block_on(in_tokio_task()), "in place");
    assert_eq!(
        System::new().block_on(async { lodger_actix::spawn(in_tokio_task()).await.unwrap() }),
        "in place"
    );
    assert_eq!(tokio.block_on(with_actix()), "in place", "a thread remembers its last system");
}

/// Tests may call the service itself, in any runtime.
#[tokio::test]
async fn a_service_that_no_task_polls_runs_the_body_in_place() {
    let audit = AuditMiddleware::new(client()).guarantee(Guarantee::Queued);
    let handler = || async { where_it_ran(actix_task().await) };
    let service = init_service(App::new().wrap(audit).route("/", web::get().to(handler))).await;
    assert_eq!(call_and_read_body(&service, TestRequest::default().to_request()).await, "in place");
}

#[lodger_actix::audited("order.place", detach)]
async fn actix_span() -> Result<Option<&'static str>, Infallible> {
    Ok(name_of(&Span::current()))
}

#[lodger_axum::audited("order.place", detach)]
async fn axum_span() -> Result<Option<&'static str>, Infallible> {
    Ok(name_of(&Span::current()))
}

#[lodger_axum::audited("order.place", detach)]
#[instrument]
async fn inner_span() -> Result<Option<&'static str>, Infallible> {
    Ok(name_of(&Span::current()))
}

fn name_of(span: &Span) -> Option<&'static str> {
    span.metadata().map(tracing::Metadata::name)
}

#[instrument]
async fn outer() -> [Option<&'static str>; 3] {
    [actix_span().await, axum_span().await, inner_span().await].map(Result::unwrap)
}

#[test]
fn the_current_span_goes_along() {
    let job = async { client().run_as(lodger_core::event::Actor::system("test"), outer()).await };
    let spans = tracing::subscriber::with_default(tracing_subscriber::registry(), || {
        System::new().block_on(async { lodger_actix::spawn(job).await.unwrap() })
    });
    assert_eq!(spans, [Some("outer"), Some("outer"), Some("inner_span")]);
}
