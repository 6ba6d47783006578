//! The actix-web app, with one middleware or none.

use std::future::{Ready, ready};
use std::task::{Context, Poll};

use actix_http::Request;
use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::rt::SystemRunner;
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{Json, Path, ReqData, get, put};
use actix_web::{App as ActixApp, Error, HttpMessage};
use lodger_actix::{AuditMiddleware, Guarantee, audited};
use opentelemetry_instrumentation_actix_web::RequestTracing;
use sentry_actix::Sentry;
use tracing_actix_web::TracingLogger;
use tracing_subscriber::fmt::format::FmtSpan;

use super::by_hand::actix::ByHand;
use super::by_hand::{Context as HandContext, Said};
use super::ours::Ours;
use super::peers::{self, Logged, Traced};
use super::request::{BODY, CurrentUser, Headers, Invoice, PATH, ROUTE, Sent, Update, peer};
use super::subject::{Subject, Variant};

/// Starts an app that sends this, whose requests leave so many events to this client.
macro_rules! start {
    ($sent:expr, $app:expr) => {
        start!($sent, None, $app)
    };
    ($sent:expr, $ours:expr, $app:expr) => {{
        let system = actix_web::rt::System::new();
        let service = system.block_on(init_service($app));
        Ok::<Box<dyn Subject>, String>(Box::new(App {
            service,
            requests: Requests::new($sent),
            system,
            ours: $ours,
        }))
    }};
}

pub(super) static VARIANTS: &[Variant] = &[
    Variant::new("actix PUT: bare", || start!(Sent::Change, ActixApp::new().route(ROUTE, put().to(update)))),
    Variant::new("actix PUT: empty layer", || {
        start!(Sent::Change, ActixApp::new().route(ROUTE, put().to(update)).wrap(Empty))
    }),
    Variant::new("actix PUT: by hand", || {
        start!(Sent::Change, ActixApp::new().route(ROUTE, put().to(update_by_hand)).wrap(ByHand::new()))
    }),
    Variant::new("actix PUT: audited", || {
        let ours = Ours::start()?;
        let app = ActixApp::new().route(ROUTE, put().to(update_audited)).wrap(middleware(&ours));
        start!(Sent::Change, Some((ours, 1)), app)
    })
    .with_goals(|figure| {
        figure.at_most("over_bare", 5_000.0).at_most("allocations_over_bare", 5.0).at_most("ratio", 0.035)
    }),
    Variant::new("actix PUT: not annotated", || {
        let ours = Ours::start()?;
        let app = ActixApp::new().route(ROUTE, put().to(update)).wrap(middleware(&ours));
        start!(Sent::Change, Some((ours, 0)), app)
    }),
    Variant::new("actix PUT: logging", || {
        let app = start!(
            Sent::Change,
            ActixApp::new().route(ROUTE, put().to(update)).wrap(TracingLogger::default())
        );
        Ok(Logged::boxed(app?, FmtSpan::CLOSE))
    }),
    Variant::new("actix PUT: sentry", || {
        peers::sentry();
        start!(Sent::Change, ActixApp::new().route(ROUTE, put().to(update)).wrap(Sentry::with_transaction()))
    }),
    Variant::new("actix PUT: OpenTelemetry", || {
        Traced::boxed(|| {
            start!(Sent::Change, ActixApp::new().route(ROUTE, put().to(update)).wrap(RequestTracing::new()))
        })
    }),
    Variant::new("actix GET: bare", || start!(Sent::Read, ActixApp::new().route(ROUTE, get().to(show)))),
    Variant::new("actix GET: empty layer", || {
        start!(Sent::Read, ActixApp::new().route(ROUTE, get().to(show)).wrap(Empty))
    }),
    Variant::new("actix GET: not audited", || {
        let ours = Ours::start()?;
        let app = ActixApp::new().route(ROUTE, get().to(show)).wrap(middleware(&ours));
        start!(Sent::Read, Some((ours, 0)), app)
    })
    .with_goals(|figure| figure.at_most("over_empty_layer", 300.0)),
];

fn middleware(ours: &Ours) -> AuditMiddleware {
    AuditMiddleware::new(ours.lodger()).guarantee(Guarantee::Queued)
}

async fn update(_user: ReqData<CurrentUser>, id: Path<u64>, body: Json<Update>) -> Json<Invoice> {
    Json(Invoice::updated(id.into_inner(), body.into_inner()))
}

#[audited("invoice.update", fields(amount = body.amount, currency = body.currency, paid = body.paid))]
async fn update_audited(_user: ReqData<CurrentUser>, id: Path<u64>, body: Json<Update>) -> Json<Invoice> {
    Json(Invoice::updated(id.into_inner(), body.into_inner()))
}

async fn update_by_hand(
    context: ReqData<HandContext>,
    user: ReqData<CurrentUser>,
    id: Path<u64>,
    body: Json<Update>,
) -> Json<Invoice> {
    context.say(Said::updated(&user.id, *id, &body));
    Json(Invoice::updated(id.into_inner(), body.into_inner()))
}

async fn show(_user: ReqData<CurrentUser>, id: Path<u64>) -> Json<Invoice> {
    Json(Invoice::found(id.into_inner()))
}

/// An app, and what it needs to be driven.
struct App<S> {
    service: S,
    requests: Requests,
    system: SystemRunner,
    /// The client, and how many events a request leaves.
    ours: Option<(Ours, usize)>,
}

struct Requests {
    sent: Sent,
    names: Vec<HeaderName>,
    headers: Headers,
    user: CurrentUser,
}

impl Requests {
    fn new(sent: Sent) -> Self {
        let headers = Headers::of(sent);
        let names = headers.names().map(HeaderName::from_static).collect();
        Self { sent, names, headers, user: CurrentUser::new() }
    }

    fn next(&self) -> Result<Request, String> {
        let request = TestRequest::with_uri(PATH).peer_addr(peer());
        let mut request = match self.sent {
            Sent::Change => request.method(Method::PUT).set_payload(BODY).to_request(),
            Sent::Read => request.method(Method::GET).to_request(),
        };
        for (name, value) in self.names.iter().zip(self.headers.values()) {
            let value = HeaderValue::from_maybe_shared(value).map_err(|error| error.to_string())?;
            request.headers_mut().insert(name.clone(), value);
        }
        request.extensions_mut().insert(self.user.clone());
        Ok(request)
    }
}

impl<S, B> Subject for App<S>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    fn run(&mut self, requests: usize) -> Result<(), String> {
        if let Some((ours, events)) = &mut self.ours {
            ours.expect(requests * *events);
        }
        self.system.block_on(async {
            for _ in 0..requests {
                let response =
                    self.service.call(self.requests.next()?).await.map_err(|error| error.to_string())?;
                if response.status() != StatusCode::OK {
                    return Err(format!("the handler answered {}", response.status()));
                }
                to_bytes(response.into_body()).await.map_err(|_| "a body that breaks off")?;
            }
            Ok(())
        })
    }

    fn settle(&mut self) -> Result<(), String> {
        match &self.ours {
            Some((ours, _)) => self.system.block_on(ours.settle()),
            None => Ok(()),
        }
    }
}

/// Where a middleware stands that does nothing.
struct Empty;

struct EmptyService<S>(S);

impl<S: Service<ServiceRequest>> Transform<S, ServiceRequest> for Empty {
    type Response = S::Response;
    type Error = S::Error;
    type Transform = EmptyService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(EmptyService(inner)))
    }
}

impl<S: Service<ServiceRequest>> Service<ServiceRequest> for EmptyService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        self.0.call(request)
    }
}
