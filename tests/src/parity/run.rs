//! Plays a case against one framework.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::capture::Guarantee;
use lodger_core::destination::MemoryDestination;
use serde_json::Value;
use tokio::sync::oneshot;

use super::destination::GatedDestination;
use super::driver::{Connection, Response};
use super::expect::Comparison;
use super::{Case, Gates, Reply, Request, Step, World, app_actix, app_axum};

/// Bounds every wait, so that a case that hangs fails and says where. No case is right because of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which of the two halves of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framework {
    /// `app_axum`.
    Axum,
    /// `app_actix`.
    Actix,
}

/// Plays the case against the framework, and panics with every difference.
///
/// # Panics
///
/// When a response or an event is not as the case says, or the service hangs.
pub fn run(framework: Framework, case: &Case) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let differences = runtime.block_on(play(framework, case));
    runtime.shutdown_timeout(PATIENCE);
    assert!(differences.is_empty(), "{framework:?}:\n  {}\n", differences.join("\n  "));
}

async fn play(framework: Framework, case: &Case) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let memory = MemoryDestination::new();
    let elsewhere = MemoryDestination::new();
    let other = Lodger::builder().destination(elsewhere.clone()).in_memory_journal().build().unwrap();
    let world = World { setup: case.setup, gates: Arc::new(Gates::default()), other: other.clone() };
    let lodger = build(&world, &memory, directory.path());
    if case.setup.installed {
        lodger.install();
    }
    let service = Service::start(framework, &lodger, &world).await;

    let script = case.script(framework);
    let mut stage = Stage {
        framework,
        lodger: &lodger,
        memory: &memory,
        world: &world,
        address: service.address,
        connection: None,
    };
    let mut comparison = Comparison::default();
    for step in &script.steps {
        within(step, stage.step(step, &mut comparison)).await;
    }
    // An event too few shows here, in the message of the wait; one too many after everything has come to rest.
    let enough = tokio::time::timeout(PATIENCE, memory.wait_for(script.events.len())).await.is_ok();
    drop(stage);
    service.stop().await;
    lodger.shutdown(PATIENCE).await;
    other.shutdown(PATIENCE).await;
    let events = in_order(&memory);
    comparison.events("events", &script.events, &events);
    comparison.events("elsewhere", &script.elsewhere, &in_order(&elsewhere));
    if !enough {
        comparison.differences.push("the missing events did not come in time".to_owned());
    }
    let everything = Value::from(events.clone()).to_string();
    for secret in case.secrets.iter().filter(|secret| everything.contains(**secret)) {
        comparison.differences.push(format!("an event contains {secret:?}"));
    }
    if !comparison.differences.is_empty() {
        comparison.differences.push(format!("the events: {:#}", Value::from(events)));
    }
    comparison.differences
}

fn in_order(memory: &MemoryDestination) -> Vec<Value> {
    let mut events: Vec<Value> =
        memory.events().iter().map(|event| serde_json::to_value(event).unwrap()).collect();
    events.sort_by_key(|event| event["sequence"].as_u64());
    events
}

fn build(world: &World, memory: &MemoryDestination, directory: &std::path::Path) -> Lodger {
    let builder = Lodger::builder().service("parity").hash_key([7; 32]);
    let builder = if world.setup.guarantee == Guarantee::Durable {
        builder.journal_dir(directory.join("journal"))
    } else {
        builder.in_memory_journal()
    };
    let builder = if world.setup.gated_delivery {
        builder.destination(GatedDestination { memory: memory.clone(), gates: world.gates.clone() })
    } else {
        builder.destination(memory.clone())
    };
    builder.build().unwrap()
}

/// The running service. It ends when it is told to, or with the sender.
pub(super) struct Service {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<()>,
}

impl Service {
    async fn start(framework: Framework, lodger: &Lodger, world: &World) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (lodger, world) = (lodger.clone(), world.clone());
        let ended = match framework {
            Framework::Axum => tokio::spawn(app_axum::serve(listener, lodger, world, stopped)),
            Framework::Actix => {
                tokio::task::spawn_blocking(move || app_actix::serve(listener, lodger, world, stopped))
            }
        };
        Self { address, stop, ended }
    }

    async fn stop(self) {
        // The service may have ended by itself; how it ended shows in the join.
        drop(self.stop);
        within("the service's end", self.ended).await.unwrap();
    }
}

/// What the steps of a script work with.
struct Stage<'a> {
    framework: Framework,
    lodger: &'a Lodger,
    memory: &'a MemoryDestination,
    world: &'a World,
    address: SocketAddr,
    connection: Option<Connection>,
}

impl Stage<'_> {
    async fn step(&mut self, step: &Step, comparison: &mut Comparison) {
        match step {
            Step::Send(request) => self.send(request).await,
            Step::Again(request) => self.connection().send(request).await,
            Step::Aside(request, reply) => {
                let mut beside = self.beside().await;
                beside.send(request).await;
                let response = beside.hear().await;
                compare(reply, &response.expect("the connection ended without a response"), comparison);
            }
            Step::Hear(reply) => {
                let response = self.connection().hear().await;
                compare(reply, &response.expect("the connection ended without a response"), comparison);
            }
            Step::Silent => assert!(self.connection().is_silent(), "a response came too early"),
            Step::Closed => {
                let response = self.connection().hear().await;
                assert!(response.is_none(), "expected no response, got {response:?}");
            }
            Step::Push(bytes) => self.connection().http1().push(bytes).await,
            Step::Read(text) => self.connection().http1().read_until(text).await,
            Step::HangUp => self.connection = None,
            Step::HalfClose => self.connection().http1().half_close().await,
            Step::Reset => self.connection().http2().reset(),
            Step::Reached(gate) => self.world.gates.reached(gate).await,
            Step::Open(gate) => self.world.gates.open(gate),
            Step::Left(gate) => self.world.gates.left(gate).await,
            Step::Delivered(events) => drop(self.memory.wait_for(*events).await),
            Step::Work(job) => match self.framework {
                Framework::Axum => app_axum::work(self.lodger, job).await,
                Framework::Actix => app_actix::work(self.lodger, job).await,
            },
        }
    }

    /// On a new connection; with HTTP/2 on the one that there is, as its clients do.
    async fn send(&mut self, request: &Request) {
        let http2 = self.world.setup.http2;
        if !http2 || self.connection.is_none() {
            self.connection = Some(Connection::open(self.address, http2).await);
        }
        self.connection().send(request).await;
    }

    /// Another connection; with HTTP/2 another stream of the one that there is.
    async fn beside(&self) -> Connection {
        match &self.connection {
            Some(Connection::Http2(connection)) => Connection::Http2(connection.beside()),
            _ => Connection::open(self.address, false).await,
        }
    }

    fn connection(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("nothing was sent")
    }
}

fn compare(expected: &Reply, response: &Response, comparison: &mut Comparison) {
    let text = |text: &str| Value::String(text.to_owned());
    comparison.value("status", Some(&expected.status.into()), Some(&response.status.into()));
    for (name, value) in &expected.headers {
        let actual = response.header(name).map(text);
        comparison.value(&format!("header {name}"), value.map(text).as_ref(), actual.as_ref());
    }
    if let Some(text) = expected.text.filter(|text| !response.body.contains(text)) {
        comparison.differences.push(format!("the body lacks {text:?}: {:?}", response.body));
    }
}

async fn within<T>(what: impl std::fmt::Debug, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(output) => output,
        Err(_) => panic!("hangs at {what:?}"),
    }
}
