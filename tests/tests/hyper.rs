//! The layer around a service on plain hyper, over HTTP/1 and HTTP/2, with a real client over a real socket.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode, client, server};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use lodger_axum::{
    Actor, AuditLayer, ConnectInfo, Guarantee, Lodger, MemoryDestination, audited, current, set_actor,
};
use lodger_core::event::Event;
use lodger_tests::full::full_client;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tower::{Service, ServiceExt, service_fn};
use tower_layer::Layer;

#[derive(Debug, Clone, Copy)]
enum Version {
    Http1,
    Http2,
}

const BOTH: [Version; 2] = [Version::Http1, Version::Http2];

/// Serves each connection with the service, which is told the peer's address as the crate's page says.
async fn serve<S, B>(version: Version, service: S) -> SocketAddr
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, peer) = listener.accept().await.unwrap();
            let service = service.clone().map_request(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(ConnectInfo(peer));
                request
            });
            let (io, service) = (TokioIo::new(stream), TowerToHyperService::new(service));
            // A connection that its client resets is no failure of the server.
            match version {
                Version::Http1 => {
                    drop(tokio::spawn(server::conn::http1::Builder::new().serve_connection(io, service)));
                }
                Version::Http2 => {
                    let server = server::conn::http2::Builder::new(TokioExecutor::new());
                    drop(tokio::spawn(server.serve_connection(io, service)));
                }
            }
        }
    });
    address
}

/// Sends one request over a connection of its own. Dropped, it drops the connection.
async fn send(version: Version, address: SocketAddr, method: Method, path: &str) -> Response<Bytes> {
    let request = Request::builder()
        .method(method)
        .uri(format!("http://{address}{path}"))
        .header("x-request-id", "req-1")
        .body(Full::<Bytes>::from("hello"))
        .unwrap();
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let mut connection = JoinSet::new();
    let response = match version {
        Version::Http1 => {
            let (mut sender, running) = client::conn::http1::handshake(io).await.unwrap();
            connection.spawn(running);
            sender.send_request(request).await
        }
        Version::Http2 => {
            let (mut sender, running) =
                client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
            connection.spawn(running);
            sender.send_request(request).await
        }
    };
    let (head, body) = response.unwrap().into_parts();
    Response::from_parts(head, body.collect().await.unwrap().to_bytes())
}

#[audited("invoice.create", target(invoice = id))]
async fn create(id: &str) -> Result<String, StatusCode> {
    current().unwrap().metadata("amount", 2900);
    Ok(format!("created {id}"))
}

#[audited("invoice.archive", target(invoice = 7))]
async fn archive(begun: &Notify) {
    begun.notify_one();
    std::future::pending::<()>().await;
}

/// The application: a function that looks at the path itself.
async fn app(request: Request<Incoming>, begun: Arc<Notify>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::default());
    set_actor(&Actor::user("ada"));
    match request.uri().path() {
        "/invoices" => *response.body_mut() = create("7").await.unwrap_or_default().into(),
        "/archive" => archive(&begun).await,
        "/members/locked" => *response.status_mut() = StatusCode::FORBIDDEN,
        "/members/7" => {}
        _ => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    Ok(response)
}

struct Running {
    version: Version,
    address: SocketAddr,
    lodger: Lodger,
    memory: MemoryDestination,
    begun: Arc<Notify>,
}

async fn run(version: Version, settings: impl FnOnce(AuditLayer) -> AuditLayer) -> Running {
    let memory = MemoryDestination::new();
    let lodger = Lodger::builder().destination(memory.clone()).in_memory_journal().build().unwrap();
    let begun = Arc::new(Notify::new());
    let layer = settings(AuditLayer::new(lodger.clone()).guarantee(Guarantee::Queued))
        .rule("DELETE /members/{id}", "organization.member.removed");
    let woken = Arc::clone(&begun);
    let service = layer.layer(service_fn(move |request| app(request, Arc::clone(&woken))));
    Running { version, address: serve(version, service).await, lodger, memory, begun }
}

impl Running {
    async fn send(&self, method: Method, path: &str) -> Response<Bytes> {
        send(self.version, self.address, method, path).await
    }

    async fn events(self) -> Vec<Value> {
        self.lodger.shutdown(Duration::from_secs(10)).await;
        self.memory.events().iter().map(told).collect()
    }
}

/// The members of an event that are the same in every run.
fn told(event: &Event) -> Value {
    let event = serde_json::to_value(event).unwrap();
    let request = &event["request"];
    json!({
        "action": event["action"], "outcome": event["outcome"], "reason": event["reason"],
        "actor": event["actor"]["id"], "target": [event["target"]["kind"], event["target"]["id"]],
        "metadata": event["metadata"], "id": request["id"], "method": request["method"],
        "route": request["route"], "status": request["status"], "ip": request["ip"],
    })
}

#[tokio::test]
async fn an_annotated_function_leaves_its_event() {
    for version in BOTH {
        let running = run(version, |layer| layer).await;
        let response = running.send(Method::POST, "/invoices").await;
        assert_eq!((response.status(), &response.body()[..]), (StatusCode::OK, &b"created 7"[..]));
        assert_eq!(response.headers()["x-request-id"], "req-1", "{version:?}");
        let expected = json!({
            "action": "invoice.create", "outcome": "success", "reason": null,
            "actor": "ada", "target": ["invoice", "7"],
            "metadata": {"amount": 2900}, "id": "req-1", "method": "POST",
            "route": null, "status": 200, "ip": "127.0.0.1",
        });
        assert_eq!(running.events().await, [expected], "{version:?}");
    }
}

#[tokio::test]
async fn a_rule_finds_its_target_where_no_framework_knows_the_route() {
    for version in BOTH {
        let running = run(version, |layer| layer).await;
        assert_eq!(running.send(Method::DELETE, "/members/7").await.status(), StatusCode::OK);
        let expected = json!({
            "action": "organization.member.removed", "outcome": "success", "reason": null,
            "actor": "ada", "target": ["member", "7"],
            "metadata": null, "id": "req-1", "method": "DELETE",
            "route": "/members/{id}", "status": 200, "ip": "127.0.0.1",
        });
        assert_eq!(running.events().await, [expected], "{version:?}");
    }
}

#[tokio::test]
async fn what_is_denied_is_recorded_on_demand() {
    for version in BOTH {
        let running = run(version, |layer| layer).await;
        assert_eq!(running.send(Method::DELETE, "/members/locked").await.status(), StatusCode::FORBIDDEN);
        assert_eq!(running.events().await, [] as [Value; 0], "{version:?}");

        let running = run(version, AuditLayer::on_always).await;
        assert_eq!(running.send(Method::DELETE, "/members/locked").await.status(), StatusCode::FORBIDDEN);
        let expected = json!({
            "action": "organization.member.removed", "outcome": "denied", "reason": null,
            "actor": "ada", "target": ["member", "locked"],
            "metadata": null, "id": "req-1", "method": "DELETE",
            "route": "/members/{id}", "status": 403, "ip": "127.0.0.1",
        });
        assert_eq!(running.events().await, [expected], "{version:?}");
    }
}

#[tokio::test]
async fn a_path_is_never_recorded_as_a_route() {
    for version in BOTH {
        let running = run(version, AuditLayer::on_always).await;
        let response = running.send(Method::POST, "/who?token=s3cret").await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        let expected = json!({
            "action": "request.rejected", "outcome": "failure", "reason": null,
            "actor": "ada", "target": ["unresolved", "request.rejected"],
            "metadata": null, "id": "req-1", "method": "POST",
            "route": null, "status": 404, "ip": "127.0.0.1",
        });
        assert_eq!(running.events().await, [expected], "{version:?}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_makes_it_unknown() {
    for version in BOTH {
        let running = run(version, |layer| layer).await;
        let begun = Arc::clone(&running.begun);
        tokio::select! {
            answer = running.send(Method::POST, "/archive") => panic!("{answer:?}"),
            () = begun.notified() => {}
        }
        running.memory.wait_for(1).await;
        let expected = json!({
            "action": "invoice.archive", "outcome": "unknown", "reason": "cancelled",
            "actor": "ada", "target": ["invoice", "7"],
            "metadata": null, "id": "req-1", "method": "POST",
            "route": null, "status": null, "ip": "127.0.0.1",
        });
        assert_eq!(running.events().await, [expected], "{version:?}");
    }
}

#[tokio::test]
async fn with_fail_closed_a_change_is_turned_away() {
    static NEVER: OnceLock<()> = OnceLock::new();
    for version in BOTH {
        let dir = tempfile::tempdir().unwrap();
        let lodger = full_client(dir.path()).await;
        let service = service_fn(|_: Request<Incoming>| async {
            NEVER.set(()).unwrap();
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        });
        let address = serve(version, AuditLayer::new(lodger).fail_closed().layer(service)).await;
        let response = send(version, address, Method::POST, "/invoices").await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{version:?}");
        assert_eq!(response.headers()["retry-after"], "1");
        assert_eq!(response.headers()["x-request-id"], "req-1");
        assert!(NEVER.get().is_none());
    }
}

/// The body of a proxied response can't be made from nothing.
#[tokio::test]
async fn a_body_that_has_no_default_goes_through() {
    for version in BOTH {
        let memory = MemoryDestination::new();
        let lodger = Lodger::builder().destination(memory.clone()).in_memory_journal().build().unwrap();
        let echo = service_fn(|request: Request<Incoming>| async {
            create("7").await.unwrap();
            Ok::<_, Infallible>(Response::new(request.into_body()))
        });
        let layer = AuditLayer::new(lodger).guarantee(Guarantee::Delivered);
        let address = serve(version, layer.layer(echo)).await;
        assert_eq!(send(version, address, Method::POST, "/").await.into_body(), "hello");
        assert_eq!(memory.events().len(), 1, "{version:?}");
    }
}
