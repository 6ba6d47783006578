//! A program that says everything it knows: it logs at the finest level, also what its dependencies have to say, prints
//! the client's `Debug` form, its statistics and its dead letters, and panics with the client in the message. Whoever
//! runs it looks for what must not be in there.
//!
//! It is set up as a user's program would be, from the environment: `LODGER_DESTINATION`, `LODGER_API_KEY`, …
//! - `talkative client` records a few events and ends when all are delivered or the destination has complained.
//! - `talkative hostile` likewise, with events that want to break lines.
//! - `talkative memory` likewise, with a journal in memory, and leaves without delivering.
//! - `talkative axum|actix` serves on a free port, which it says in its first line, until standard input ends.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program of our own: it says everything, and stops where it can't go on"
)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::event::{Actor, Event, EventBuilder, Target};

/// Bounds the wait for a destination that neither answers nor complains; no result depends on it.
const PATIENCE: Duration = Duration::from_secs(20);

fn main() {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    log::set_logger(&ToStderr).unwrap();
    log::set_max_level(log::LevelFilter::Trace);

    let role = std::env::args().nth(1).unwrap_or_default();
    let destinations = Lodger::builder().destination_from_env();
    let builder = if role == "memory" { destinations.in_memory_journal() } else { destinations };
    let lodger = match builder.impatient().build() {
        Ok(lodger) => lodger,
        Err(error) => {
            eprintln!("refused: {error}\n{error:?}");
            std::process::exit(3);
        }
    };
    match &*role {
        "client" => client(&lodger, [plain(), plain(), plain()]),
        "hostile" | "memory" => client(&lodger, hostile()),
        "axum" => on_axum::serve(announced(), lodger.clone()),
        "actix" => on_actix::serve(announced(), lodger.clone()),
        other => panic!("{other:?} is no role"),
    }
    if role == "axum" || role == "actix" {
        deliver(&lodger, PATIENCE);
    }
    eprintln!("{lodger:?} {:?} {:?}", lodger.stats(), lodger.dead_letters());
    println!("{}", serde_json::to_string(&lodger.stats()).unwrap());
    if role == "memory" {
        deliver(&lodger, Duration::ZERO);
        return;
    }
    panic!("this is the end of {lodger:?}");
}

/// What logs through `log`, as reqwest and rustls do.
struct ToStderr;

impl log::Log for ToStderr {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        eprintln!("log {} {}: {}", record.level(), record.target(), record.args());
    }

    fn flush(&self) {}
}

fn plain() -> EventBuilder {
    Event::builder("invoice.update").actor(Actor::user("ada")).target(Target::new("invoice", 7))
}

/// Line breaks of every sort, controls of a terminal, marks that turn text around.
const HOSTILE: &str =
    "a\n\r\u{b}\u{c}b\u{1b}[31m\u{85}\u{2028}\u{2029}c\u{202e}\u{2066}\u{200f}\u{feff}\u{e0041}d";

fn hostile() -> [EventBuilder; 3] {
    // The limits let no control character into names; the others are text to them.
    let name: String = HOSTILE.chars().filter(|c| !c.is_control()).collect();
    [0, 1, 2].map(|_| {
        Event::builder(format!("in{name}.update"))
            .actor(Actor::user(&name).name(&name))
            .target(Target::new("invoice", &name))
            .description(HOSTILE)
            .reason(HOSTILE)
            .metadata("note", HOSTILE)
            .metadata(HOSTILE, 1)
    })
}

#[tokio::main(flavor = "current_thread")]
async fn client(lodger: &Lodger, events: [EventBuilder; 3]) {
    for event in events {
        lodger.record(event.build().unwrap()).await.unwrap();
    }
    let ended = async {
        let ends = |lane: &lodger_core::client::DestinationStats| {
            lane.last_error.is_some() || lane.delivered + lane.dead == lane.routed
        };
        while !lodger.stats().destinations.iter().all(ends) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    drop(tokio::time::timeout(PATIENCE, ended).await);
}

#[tokio::main(flavor = "current_thread")]
async fn deliver(lodger: &Lodger, within: Duration) {
    lodger.shutdown(within).await;
}

fn announced() -> TcpListener {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut out = std::io::stdout();
    writeln!(out, "{}", listener.local_addr().unwrap()).unwrap();
    out.flush().unwrap();
    listener
}

/// Returns when standard input ends.
fn told_to_stop() {
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// What a client sends when it signs up.
#[derive(serde::Deserialize)]
struct SignUp {
    password: String,
    card: String,
    note: String,
}

/// Everything that a careless handler might put into an event.
fn tell(audit: &lodger_core::capture::Audit, sign_up: &SignUp) {
    audit
        .metadata("request", serde_json::json!({"headers": [["cookie", sign_up.password]], "nested": {"apiKey": sign_up.password}}))
        .metadata("note", &sign_up.note)
        .secret("recovery", &sign_up.password)
        .describe(format!("signed up with password={} and card {}", sign_up.password, sign_up.card))
        .reason(format!("Authorization: Bearer {}", sign_up.password))
        .tag(&sign_up.note)
        .diff(&serde_json::json!({"password": "old"}), &serde_json::json!({"password": sign_up.password}));
}

mod on_axum {
    use axum::http::StatusCode;
    use axum::routing::post;
    use axum::{Json, Router};
    use lodger_axum::{Audit, AuditLayer, Lodger, audited};

    use super::SignUp;

    #[audited("account.create", target(account = "a1"), fields(password = sign_up.password, card = sign_up.card))]
    async fn create(audit: Audit, Json(sign_up): Json<SignUp>) -> Result<StatusCode, StatusCode> {
        super::tell(&audit, &sign_up);
        Ok(StatusCode::CREATED)
    }

    #[tokio::main(worker_threads = 2)]
    pub(super) async fn serve(listener: std::net::TcpListener, lodger: Lodger) {
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let layer = AuditLayer::new(lodger).session_cookie("sid");
        let app = Router::new().route("/accounts", post(create)).layer(layer);
        let stopped = async { tokio::task::spawn_blocking(super::told_to_stop).await.unwrap() };
        axum::serve(listener, app).with_graceful_shutdown(stopped).await.unwrap();
    }
}

mod on_actix {
    use actix_web::web::{Json, post, resource};
    use actix_web::{App, HttpResponse, HttpServer};
    use lodger_actix::{Audit, AuditMiddleware, Lodger, audited};

    use super::SignUp;

    #[audited("account.create", target(account = "a1"), fields(password = sign_up.password, card = sign_up.card))]
    async fn create(audit: Audit, sign_up: Json<SignUp>) -> Result<HttpResponse, actix_web::Error> {
        super::tell(&audit, &sign_up);
        Ok(HttpResponse::Created().finish())
    }

    #[actix_web::main]
    pub(super) async fn serve(listener: std::net::TcpListener, lodger: Lodger) {
        let middleware = AuditMiddleware::new(lodger).session_cookie("sid");
        let app = move || {
            App::new().service(resource("/accounts").route(post().to(create))).wrap(middleware.clone())
        };
        let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
        let handle = server.handle();
        actix_web::rt::spawn(async move {
            actix_web::rt::task::spawn_blocking(super::told_to_stop).await.unwrap();
            handle.stop(true).await;
        });
        server.await.unwrap();
    }
}
