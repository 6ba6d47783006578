//! A hundred thousand requests that are refused, while the destination hangs: memory stays flat, every event of the
//! application arrives, and every refused request is told, alone or together with others. In both frameworks.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use lodger_core::destination::{Answer, BoxFuture, Delivery, Destination, Identity};
use lodger_core::event::{Event, Outcome};
use lodger_core::{Lodger, MemoryDestination};
use lodger_tests::live::{Counting, live};
use tokio::sync::{Mutex, watch};

/// How many requests are refused, half of them in each framework.
const REFUSED: u64 = 100_000 / 2;

/// After so many, memory has taken all the room that it ever takes.
const WARM: u64 = 20_000 / 2;

/// One request in so many is let in: 1,000 in all.
const ONE_IN: u64 = 100;

/// What live memory may differ by, in bytes: what the accepted events of the application take up meanwhile.
const FLAT: usize = 256 << 10;

/// Each address sends so many, two of a kind: in all, more than can be kept apart.
const FROM_ONE_ADDRESS: u64 = 8;

/// A tenth of the intake's 8,192 events.
const BUDGET: u64 = 819;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Memory is counted for the whole process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Keeps events in memory, once it works.
#[derive(Debug, Clone)]
struct Hanging {
    memory: MemoryDestination,
    works: watch::Sender<bool>,
}

impl Hanging {
    fn new() -> Self {
        Self { memory: MemoryDestination::new(), works: watch::Sender::new(false) }
    }
}

impl Destination for Hanging {
    fn identity(&self) -> Identity {
        Identity::new("hanging", "")
    }

    fn max_batch(&self) -> usize {
        64
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            self.works.subscribe().wait_for(|works| *works).await.unwrap();
            self.memory.deliver(batch).await
        })
    }
}

/// What somebody sends, and what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    /// No credentials: a middleware says 401.
    Unauthenticated,
    /// An annotated handler says 403.
    Forbidden,
    /// The body is not what the handler takes: 422 or 400 before it runs.
    BadBody,
    /// The path is not what the handler takes: 400 or 404 before it runs.
    BadPath,
    /// The invoice of this number is updated.
    Update(u64),
}

impl Sent {
    fn refused(number: u64) -> Self {
        match number % 4 {
            0 => Self::Unauthenticated,
            1 => Self::Forbidden,
            2 => Self::BadBody,
            _ => Self::BadPath,
        }
    }

    fn method(self) -> &'static str {
        if self == Self::Forbidden { "DELETE" } else { "PUT" }
    }

    fn path(self) -> String {
        match self {
            Self::Update(number) => format!("/invoices/{number}"),
            Self::BadPath => "/invoices/the-last-one".to_owned(),
            _ => "/invoices/7".to_owned(),
        }
    }

    fn body(self) -> &'static str {
        if self == Self::BadBody { r#"{"amount":"much"}"# } else { r#"{"amount":2900}"# }
    }

    fn authorization(self) -> &'static str {
        if self == Self::Unauthenticated { "" } else { "ada" }
    }
}

fn address(number: u64) -> SocketAddr {
    let host = u32::try_from(number / FROM_ONE_ADDRESS).unwrap();
    (IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + host)), 50_000).into()
}

/// Sends everything through `send`, which answers with the status, and looks at memory and at what arrives.
async fn flood(lodger: Lodger, destination: Hanging, mut send: impl AsyncFnMut(Sent, SocketAddr) -> u16) {
    let mut warm = 0;
    for number in 0..REFUSED {
        if number % ONE_IN == 0 {
            let update = Sent::Update(number / ONE_IN);
            assert_eq!(send(update, address(number)).await, 200);
        }
        if number == WARM {
            warm = live();
        }
        let sent = Sent::refused(number);
        let status = send(sent, address(number)).await;
        match sent {
            Sent::Unauthenticated => assert_eq!(status, 401),
            Sent::Forbidden => assert_eq!(status, 403),
            _ => assert!([400, 404, 422].contains(&status), "{sent:?}: {status}"),
        }
    }
    let grown = live().saturating_sub(warm);
    assert!(grown < FLAT, "memory grew by {grown} bytes");

    let counts = lodger.stats().counts;
    let updates = REFUSED / ONE_IN;
    assert_eq!((counts.guarantee_missed, counts.refused_full, counts.last_resort), (0, 0, 0));
    assert_eq!(counts.offered, REFUSED + updates);
    assert_eq!((counts.accepted, counts.aggregated), (BUDGET + updates, REFUSED - BUDGET));

    destination.works.send_replace(true);
    let report = lodger.shutdown(LONG).await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(lodger.stats().counts.aggregated_lost, 0);
    assert_arrived(&destination.memory.events());
}

fn assert_arrived(events: &[Event]) {
    let updated: BTreeSet<u64> = events
        .iter()
        .filter(|event| event.outcome == Outcome::Success)
        .map(|event| {
            assert_eq!((event.action.as_ref(), event.target.kind.as_str()), ("invoice.update", "invoice"));
            event.target.id.parse().unwrap()
        })
        .collect();
    assert_eq!(updated, (0..REFUSED / ONE_IN).collect());

    let (mut single, mut together) = (0, 0);
    for event in events.iter().filter(|event| event.outcome != Outcome::Success) {
        match event.metadata.get("aggregated") {
            None => single += 1,
            Some(all) => together += all["count"].as_u64().unwrap(),
        }
    }
    assert_eq!((single, together), (BUDGET, REFUSED - BUDGET));
}

fn client() -> (Lodger, Hanging, tempfile::TempDir) {
    let (dir, destination) = (tempfile::tempdir().unwrap(), Hanging::new());
    let lodger = Lodger::builder().destination(destination.clone()).journal_dir(dir.path()).build().unwrap();
    (lodger, destination, dir)
}

#[derive(Debug, serde::Deserialize)]
struct Update {
    amount: u64,
}

mod on_axum {
    use axum::Router;
    use axum::body::Body;
    use axum::extract::{ConnectInfo, Json, Path, Request};
    use axum::http::StatusCode;
    use axum::middleware::{Next, from_fn};
    use axum::response::{IntoResponse, Response};
    use axum::routing::put;
    use lodger_axum::{AuditLayer, audited};
    use tower::{Service, ServiceExt};

    use super::*;

    #[audited("invoice.update")]
    async fn update(Path(_id): Path<u64>, Json(body): Json<Update>) -> String {
        body.amount.to_string()
    }

    #[audited("invoice.remove")]
    async fn remove() -> Result<(), StatusCode> {
        Err(StatusCode::FORBIDDEN)
    }

    async fn authentication(request: Request, next: Next) -> Response {
        if request.headers()["authorization"].is_empty() {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        next.run(request).await
    }

    #[tokio::test]
    async fn a_flood_of_refused_requests_is_told_in_bounded_memory() {
        let _alone = ONE_AT_A_TIME.lock().await;
        let (lodger, destination, _dir) = client();
        let audit = AuditLayer::new(lodger.clone()).on_always().durable_wait(LONG);
        let mut app = Router::new()
            .route("/invoices/{id}", put(update).delete(remove))
            .layer(from_fn(authentication))
            .layer(audit)
            .into_service();
        flood(lodger, destination, async |sent: Sent, from| {
            let request = Request::builder()
                .method(sent.method())
                .uri(sent.path())
                .header("authorization", sent.authorization())
                .header("content-type", "application/json")
                .extension(ConnectInfo(from))
                .body(Body::from(sent.body()))
                .unwrap();
            let app = ServiceExt::<Request>::ready(&mut app).await.unwrap();
            app.call(request).await.unwrap().status().as_u16()
        })
        .await;
    }
}

mod on_actix {
    use actix_web::body::{EitherBody, MessageBody};
    use actix_web::dev::{ServiceRequest, ServiceResponse};
    use actix_web::http::Method;
    use actix_web::http::header::HeaderValue;
    use actix_web::middleware::{Next, from_fn};
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::web::{self, Json, Path};
    use actix_web::{App, Error, HttpResponse};
    use lodger_actix::{AuditMiddleware, audited};

    use super::*;

    #[audited("invoice.update")]
    async fn update(_id: Path<u64>, body: Json<Update>) -> String {
        body.amount.to_string()
    }

    #[audited("invoice.remove")]
    async fn remove() -> actix_web::Result<HttpResponse> {
        Err(actix_web::error::ErrorForbidden("no"))
    }

    async fn authentication(
        request: ServiceRequest,
        next: Next<impl MessageBody>,
    ) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
        if request.headers().get("authorization").is_none_or(HeaderValue::is_empty) {
            let refused = HttpResponse::Unauthorized().finish();
            return Ok(request.into_response(refused).map_into_right_body());
        }
        Ok(next.call(request).await?.map_into_left_body())
    }

    #[actix_web::test]
    async fn a_flood_of_refused_requests_is_told_in_bounded_memory() {
        let _alone = ONE_AT_A_TIME.lock().await;
        let (lodger, destination, _dir) = client();
        let audit = AuditMiddleware::new(lodger.clone()).on_always().durable_wait(LONG);
        let invoice =
            web::resource("/invoices/{id}").route(web::put().to(update)).route(web::delete().to(remove));
        let app = App::new().service(invoice).wrap(from_fn(authentication)).wrap(audit);
        let app = init_service(app).await;
        flood(lodger, destination, async |sent: Sent, from| {
            let request = TestRequest::with_uri(&sent.path())
                .method(Method::from_bytes(sent.method().as_bytes()).unwrap())
                .insert_header(("authorization", sent.authorization()))
                .insert_header(("content-type", "application/json"))
                .set_payload(sent.body())
                .peer_addr(from)
                .to_request();
            call_service(&app, request).await.status().as_u16()
        })
        .await;
    }
}
