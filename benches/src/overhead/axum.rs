//! The axum router, with one layer or none.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::{ConnectInfo, Path, Request};
use axum::routing::{get, put};
use axum::{Extension, Json, Router};
use http::header::{HeaderName, HeaderValue};
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use lodger_axum::{AuditLayer, Guarantee, audited};
use opentelemetry_instrumentation_tower::http::server as opentelemetry_tower;
use sentry_tower::{NewSentryLayer, SentryHttpLayer};
use tokio::runtime::Runtime;
use tower::{Layer, Service, ServiceBuilder};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tracing::Level;
use tracing_subscriber::fmt::format::FmtSpan;

use super::by_hand::axum::ByHand;
use super::by_hand::{Context as HandContext, Said};
use super::ours::Ours;
use super::peers::{self, Logged, Traced};
use super::request::{BODY, CurrentUser, Headers, Invoice, PATH, ROUTE, Sent, Update, peer};
use super::subject::{Subject, Variant};

pub(super) static VARIANTS: &[Variant] = &[
    Variant::new("axum PUT: bare", || App::boxed(Sent::Change, change())),
    Variant::new("axum PUT: empty layer", || App::boxed(Sent::Change, change().layer(EmptyLayer))),
    Variant::new("axum PUT: by hand", || {
        App::boxed(Sent::Change, Router::new().route(ROUTE, put(update_by_hand)).layer(ByHand::new()))
    }),
    Variant::new("axum PUT: audited", || {
        App::audited(Sent::Change, 1, Router::new().route(ROUTE, put(update_audited)))
    })
    .with_goals(|figure| {
        figure.at_most("over_bare", 5_000.0).at_most("allocations_over_bare", 7.0).at_most("ratio", 0.1)
    }),
    Variant::new("axum PUT: not annotated", || App::audited(Sent::Change, 0, change())),
    Variant::new("axum PUT: request ids", || {
        let header = HeaderName::from_static("x-request-id");
        let set = SetRequestIdLayer::new(header.clone(), MakeRequestUuid);
        let layers = ServiceBuilder::new().layer(set).layer(PropagateRequestIdLayer::new(header));
        App::boxed(Sent::Change, change().layer(layers))
    }),
    Variant::new("axum PUT: logging", || {
        let layer = TraceLayer::new_for_http()
            .make_span_with(DefaultMakeSpan::new().level(Level::INFO))
            .on_response(DefaultOnResponse::new().level(Level::INFO));
        Ok(Logged::boxed(App::boxed(Sent::Change, change().layer(layer))?, FmtSpan::NONE))
    }),
    Variant::new("axum PUT: sentry", || {
        peers::sentry();
        let layers = ServiceBuilder::new()
            .layer(NewSentryLayer::<Request>::new_from_top())
            .layer(SentryHttpLayer::new().enable_transaction());
        App::boxed(Sent::Change, change().layer(layers))
    }),
    Variant::new("axum PUT: OpenTelemetry", || {
        Traced::boxed(|| App::boxed(Sent::Change, change().layer(opentelemetry_tower::Layer::new())))
    }),
    Variant::new("axum GET: bare", || App::boxed(Sent::Read, read())),
    Variant::new("axum GET: empty layer", || App::boxed(Sent::Read, read().layer(EmptyLayer))),
    Variant::new("axum GET: not audited", || App::audited(Sent::Read, 0, read()))
        .with_goals(|figure| figure.at_most("over_empty_layer", 300.0)),
];

fn change() -> Router {
    Router::new().route(ROUTE, put(update))
}

fn read() -> Router {
    Router::new().route(ROUTE, get(show))
}

async fn update(
    _user: Extension<CurrentUser>,
    Path(id): Path<u64>,
    Json(body): Json<Update>,
) -> Json<Invoice> {
    Json(Invoice::updated(id, body))
}

#[audited("invoice.update", fields(amount = body.amount, currency = body.currency, paid = body.paid))]
async fn update_audited(
    _user: Extension<CurrentUser>,
    Path(id): Path<u64>,
    Json(body): Json<Update>,
) -> Json<Invoice> {
    Json(Invoice::updated(id, body))
}

async fn update_by_hand(
    context: Extension<HandContext>,
    user: Extension<CurrentUser>,
    Path(id): Path<u64>,
    Json(body): Json<Update>,
) -> Json<Invoice> {
    context.say(Said::updated(&user.id, id, &body));
    Json(Invoice::updated(id, body))
}

async fn show(_user: Extension<CurrentUser>, Path(id): Path<u64>) -> Json<Invoice> {
    Json(Invoice::found(id))
}

/// A router, and what it needs to be driven.
struct App {
    router: Router,
    runtime: Runtime,
    sent: Sent,
    names: Vec<HeaderName>,
    headers: Headers,
    user: CurrentUser,
    /// The client, and how many events a request leaves.
    ours: Option<(Ours, usize)>,
}

impl App {
    fn boxed(sent: Sent, router: Router) -> Result<Box<dyn Subject>, String> {
        Ok(Box::new(Self::new(sent, router)?))
    }

    /// With our layer, around a router whose requests leave so many events.
    fn audited(sent: Sent, events: usize, router: Router) -> Result<Box<dyn Subject>, String> {
        let ours = Ours::start()?;
        let layer = AuditLayer::new(ours.lodger()).guarantee(Guarantee::Queued);
        Ok(Box::new(Self { ours: Some((ours, events)), ..Self::new(sent, router.layer(layer))? }))
    }

    fn new(sent: Sent, router: Router) -> Result<Self, String> {
        let headers = Headers::of(sent);
        Ok(Self {
            router,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| format!("a runtime: {error}"))?,
            sent,
            names: headers.names().map(HeaderName::from_static).collect(),
            headers,
            user: CurrentUser::new(),
            ours: None,
        })
    }

    fn request(&self) -> Result<Request, String> {
        let (method, body) = match self.sent {
            Sent::Change => (Method::PUT, Body::from(BODY)),
            Sent::Read => (Method::GET, Body::empty()),
        };
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = http::Uri::from_static(PATH);
        request.headers_mut().reserve(self.names.len());
        for (name, value) in self.names.iter().zip(self.headers.values()) {
            let value = HeaderValue::from_maybe_shared(value).map_err(|error| error.to_string())?;
            request.headers_mut().insert(name, value);
        }
        request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer()));
        request.extensions_mut().insert(self.user.clone());
        Ok(request)
    }

    async fn answer(&mut self) -> Result<(), String> {
        let request = self.request()?;
        let Ok::<_, Infallible>(response) = self.router.call(request).await;
        if response.status() != StatusCode::OK {
            return Err(format!("the handler answered {}", response.status()));
        }
        response.into_body().collect().await.map(drop).map_err(|error| error.to_string())
    }
}

impl Subject for App {
    fn run(&mut self, requests: usize) -> Result<(), String> {
        if let Some((ours, events)) = &mut self.ours {
            ours.expect(requests * *events);
        }
        let handle = self.runtime.handle().clone();
        handle.block_on(async {
            for _ in 0..requests {
                self.answer().await?;
            }
            Ok(())
        })
    }

    fn settle(&mut self) -> Result<(), String> {
        match &self.ours {
            Some((ours, _)) => self.runtime.block_on(ours.settle()),
            None => Ok(()),
        }
    }
}

/// Where a layer stands that does nothing.
#[derive(Clone)]
struct EmptyLayer;

#[derive(Clone)]
struct Empty<S>(S);

impl<S> Layer<S> for EmptyLayer {
    type Service = Empty<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Empty(inner)
    }
}

impl<S: Service<Request>> Service<Request> for Empty<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.0.call(request)
    }
}
