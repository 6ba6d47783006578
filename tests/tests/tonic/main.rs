//! The layer around a tonic server, with a real client over a real socket.
//!
//! A gRPC answer is HTTP 200. An error that is known before any message stands in the response head; of everything
//! later the function's own result tells.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod service;

use std::sync::Arc;
use std::time::Duration;

use lodger_axum::{Admit, AuditLayer, ConnectInfo, Guarantee, Lodger, MemoryDestination};
use lodger_core::event::Event;
use lodger_tests::full::full_client;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tonic::body::Body;
use tonic::codegen::InterceptedService;
use tonic::codegen::http;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::server::{TcpConnectInfo, TcpIncoming};
use tonic::transport::{Channel, Server};
use tonic::{Code, Request, Status};
use tower::util::MapRequestLayer;

use self::service::{Books, InvoicesServer, Text, authenticate};

/// A running server.
struct Running {
    client: tonic::client::Grpc<Channel>,
    lodger: Lodger,
    memory: MemoryDestination,
    begun: Arc<Notify>,
}

/// tonic keeps the peer's address in a type of its own.
fn with_peer(mut request: http::Request<Body>) -> http::Request<Body> {
    let peer = request.extensions().get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr);
    if let Some(peer) = peer {
        request.extensions_mut().insert(ConnectInfo(peer));
    }
    request
}

async fn serve(settings: impl FnOnce(AuditLayer) -> AuditLayer) -> Running {
    let memory = MemoryDestination::new();
    let lodger = Lodger::builder().destination(memory.clone()).in_memory_journal().build().unwrap();
    let layer = settings(AuditLayer::new(lodger.clone()).guarantee(Guarantee::Queued));
    let (client, begun) = start(layer).await;
    Running { client, lodger, memory, begun }
}

async fn start<M>(layer: AuditLayer<M>) -> (tonic::client::Grpc<Channel>, Arc<Notify>)
where
    M: Admit<Body> + Clone + Send + 'static,
{
    let begun = Arc::new(Notify::new());
    let books = Arc::new(Books { begun: Arc::clone(&begun) });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder()
        .layer(MapRequestLayer::new(with_peer))
        .layer(layer)
        .add_service(InterceptedService::new(InvoicesServer(books), authenticate))
        .serve_with_incoming(TcpIncoming::from(listener));
    tokio::spawn(server);
    let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    (tonic::client::Grpc::new(channel), begun)
}

impl Running {
    async fn call_as(
        &mut self,
        user: Option<&'static str>,
        method: &str,
        text: &str,
    ) -> Result<String, Status> {
        let mut request = Request::new(text.to_owned());
        if let Some(user) = user {
            request.metadata_mut().insert("authorization", user.parse().unwrap());
        }
        let path: PathAndQuery = format!("/billing.Invoices/{method}").parse().unwrap();
        self.client.ready().await.unwrap();
        Ok(self.client.unary(request, path, Text).await?.into_inner())
    }

    /// As ada.
    async fn call(&mut self, method: &str, text: &str) -> Result<String, Status> {
        self.call_as(Some("ada"), method, text).await
    }

    /// The only event that there is.
    async fn event(self) -> Value {
        self.lodger.shutdown(Duration::from_secs(10)).await;
        let events = self.memory.events();
        assert_eq!(events.len(), 1, "{events:?}");
        told(&events[0])
    }

    async fn no_event(self) {
        self.lodger.shutdown(Duration::from_secs(10)).await;
        assert_eq!(self.memory.events(), []);
        assert_eq!(self.lodger.stats().counts.unaudited, 0);
    }
}

/// The members of an event that are the same in every run.
fn told(event: &Event) -> Value {
    let event = serde_json::to_value(event).unwrap();
    let request = &event["request"];
    json!({
        "action": event["action"], "outcome": event["outcome"], "reason": event["reason"],
        "actor": event["actor"]["id"], "target": [event["target"]["kind"], event["target"]["id"]],
        "method": request["method"], "route": request["route"], "status": request["status"], "ip": request["ip"],
    })
}

#[tokio::test]
async fn a_call_that_is_ok_is_success() {
    let mut running = serve(|layer| layer).await;
    assert_eq!(running.call("Delete", "7").await.unwrap(), "deleted 7");
    assert_eq!(
        running.event().await,
        json!({
            "action": "invoice.delete", "outcome": "success", "reason": null,
            "actor": "ada", "target": ["invoice", "7"],
            "method": "POST", "route": null, "status": 200, "ip": "127.0.0.1",
        })
    );
}

#[tokio::test]
async fn permission_denied_is_denied() {
    let mut running = serve(AuditLayer::on_always).await;
    assert_eq!(running.call("Delete", "locked").await.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(
        running.event().await,
        json!({
            "action": "invoice.delete", "outcome": "denied", "reason": "grpc-status 7",
            "actor": "ada", "target": ["invoice", "locked"],
            "method": "POST", "route": null, "status": 200, "ip": "127.0.0.1",
        })
    );
}

#[tokio::test]
async fn another_error_is_failure() {
    let mut running = serve(AuditLayer::on_always).await;
    assert_eq!(running.call("Delete", "lost").await.unwrap_err().code(), Code::NotFound);
    assert_eq!(
        running.event().await,
        json!({
            "action": "invoice.delete", "outcome": "failure", "reason": "grpc-status 5",
            "actor": "ada", "target": ["invoice", "lost"],
            "method": "POST", "route": null, "status": 200, "ip": "127.0.0.1",
        })
    );
}

#[tokio::test]
async fn what_was_denied_or_failed_is_recorded_on_demand_only() {
    let mut running = serve(|layer| layer).await;
    running.call("Delete", "locked").await.unwrap_err();
    running.call("Delete", "lost").await.unwrap_err();
    running.no_event().await;
}

#[tokio::test]
async fn an_error_after_a_function_that_is_ok_contradicts_it() {
    let mut running = serve(|layer| layer).await;
    assert_eq!(running.call("Charge", "7").await.unwrap_err().code(), Code::ResourceExhausted);
    assert_eq!(
        running.event().await,
        json!({
            "action": "card.charge", "outcome": "failure", "reason": "function ok, grpc-status 8",
            "actor": "ada", "target": ["invoice", "7"],
            "method": "POST", "route": null, "status": 200, "ip": "127.0.0.1",
        })
    );
}

#[tokio::test]
async fn an_interceptor_that_refuses_is_no_unaudited_success() {
    let mut running = serve(|layer| layer).await;
    assert_eq!(running.call_as(None, "Delete", "7").await.unwrap_err().code(), Code::Unauthenticated);
    running.no_event().await;
}

#[tokio::test]
async fn an_interceptor_that_refuses_is_recorded_on_demand() {
    let mut running = serve(AuditLayer::on_always).await;
    assert_eq!(running.call_as(None, "Delete", "7").await.unwrap_err().code(), Code::Unauthenticated);
    assert_eq!(
        running.event().await,
        json!({
            "action": "request.denied", "outcome": "denied", "reason": "grpc-status 16",
            "actor": "unresolved", "target": ["unresolved", "request.denied"],
            "method": "POST", "route": null, "status": 200, "ip": "127.0.0.1",
        })
    );
}

#[tokio::test]
async fn a_method_that_nobody_implements_changes_nothing() {
    let mut running = serve(|layer| layer).await;
    assert_eq!(running.call("Explode", "7").await.unwrap_err().code(), Code::Unimplemented);
    running.no_event().await;
}

#[tokio::test]
async fn a_rule_names_a_method_by_its_path_which_stands_for_the_route() {
    let mut running = serve(|layer| layer.rule("POST /billing.Invoices/Export", "invoice.export")).await;
    assert_eq!(running.call("Export", "all").await.unwrap(), "id,amount");
    assert_eq!(
        running.event().await,
        json!({
            "action": "invoice.export", "outcome": "success", "reason": null,
            "actor": "ada", "target": ["unresolved", "POST /billing.Invoices/Export"],
            "method": "POST", "route": "/billing.Invoices/Export", "status": 200, "ip": "127.0.0.1",
        })
    );
}

#[tokio::test]
async fn an_unaudited_method_is_counted_though_every_call_is_a_post() {
    let mut running = serve(|layer| layer).await;
    running.call("Export", "all").await.unwrap();
    assert_eq!(running.lodger.stats().counts.unaudited, 1);
}

#[tokio::test]
async fn a_stream_that_fails_midway_is_what_its_function_said() {
    let mut running = serve(AuditLayer::on_always).await;
    let mut request = Request::new("7".to_owned());
    request.metadata_mut().insert("authorization", "ada".parse().unwrap());
    running.client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/billing.Invoices/Watch");
    let mut stream = running.client.server_streaming(request, path, Text).await.unwrap().into_inner();
    assert_eq!(stream.message().await.unwrap().as_deref(), Some("7"));
    assert_eq!(stream.message().await.unwrap_err().code(), Code::DataLoss);
    assert_eq!(
        running.event().await,
        json!({
            "action": "invoice.watch", "outcome": "success", "reason": null,
            "actor": "ada", "target": ["invoice", "7"],
            "method": "POST", "route": null, "status": 200, "ip": "127.0.0.1",
        })
    );
}

#[tokio::test]
async fn a_call_that_is_cancelled_is_unknown() {
    let mut running = serve(|layer| layer).await;
    let begun = Arc::clone(&running.begun);
    tokio::select! {
        answer = running.call("Archive", "7") => panic!("{answer:?}"),
        () = begun.notified() => {}
    }
    running.memory.wait_for(1).await;
    assert_eq!(
        running.event().await,
        json!({
            "action": "invoice.archive", "outcome": "unknown", "reason": "cancelled",
            "actor": "ada", "target": ["invoice", "7"],
            "method": "POST", "route": null, "status": null, "ip": "127.0.0.1",
        })
    );
}

/// A client of gRPC reads HTTP 503 as UNAVAILABLE, which may be tried again.
#[tokio::test]
async fn with_fail_closed_a_call_is_unavailable() {
    let dir = tempfile::tempdir().unwrap();
    let (mut client, _) = start(AuditLayer::new(full_client(dir.path()).await).fail_closed()).await;
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/billing.Invoices/Delete");
    let answer = client.unary::<_, String, _>(Request::new("7".to_owned()), path, Text).await;
    assert_eq!(answer.unwrap_err().code(), Code::Unavailable);
}
