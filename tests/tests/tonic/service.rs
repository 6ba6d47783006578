//! A gRPC service as generated code would make it, written by hand: its messages are plain text.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, BufMut};
use lodger_axum::{Actor, ToActor, audited};
use lodger_core::capture;
use tokio::sync::Notify;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::{BoxFuture, BoxStream, Service, http, tokio_stream};
use tonic::server::{Grpc, NamedService};
use tonic::{Request, Response, Status};

/// What authentication puts into the request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct User(pub(crate) String);

impl ToActor for User {
    fn to_actor(&self) -> Actor {
        Actor::user(&self.0)
    }
}

/// Authentication: an interceptor, so it stands inside of the layer.
pub(crate) fn authenticate(mut request: Request<()>) -> Result<Request<()>, Status> {
    let name = request.metadata().get("authorization").and_then(|name| name.to_str().ok());
    let user = User(name.ok_or_else(|| Status::unauthenticated("who are you?"))?.to_owned());
    request.extensions_mut().insert(user);
    Ok(request)
}

#[tonic::async_trait]
pub(crate) trait Invoices: Send + Sync + 'static {
    async fn delete(&self, request: Request<String>) -> Result<Response<String>, Status>;
    async fn watch(&self, request: Request<String>) -> Result<Response<BoxStream<String>>, Status>;
    async fn archive(&self, request: Request<String>) -> Result<Response<String>, Status>;
    async fn charge(&self, request: Request<String>) -> Result<Response<String>, Status>;
    async fn export(&self, request: Request<String>) -> Result<Response<String>, Status>;
}

/// The application.
pub(crate) struct Books {
    /// Woken when `archive` has begun.
    pub(crate) begun: Arc<Notify>,
}

fn user(request: &Request<String>) -> Actor {
    request.extensions().get::<User>().map_or_else(Actor::anonymous, ToActor::to_actor)
}

#[tonic::async_trait]
impl Invoices for Books {
    #[audited("invoice.delete", actor = user(&request), target = request.get_ref())]
    async fn delete(&self, request: Request<String>) -> Result<Response<String>, Status> {
        match request.into_inner().as_str() {
            "locked" => Err(Status::permission_denied("it is locked")),
            "lost" => Err(Status::not_found("there is none")),
            id => Ok(Response::new(format!("deleted {id}"))),
        }
    }

    #[audited("invoice.watch", actor = user(&request), target = request.get_ref())]
    async fn watch(&self, request: Request<String>) -> Result<Response<BoxStream<String>>, Status> {
        let messages = [Ok(request.into_inner()), Err(Status::data_loss("the rest is gone"))];
        Ok(Response::new(Box::pin(tokio_stream::iter(messages))))
    }

    #[audited("invoice.archive", actor = user(&request), target = request.get_ref())]
    async fn archive(&self, request: Request<String>) -> Result<Response<String>, Status> {
        self.begun.notify_one();
        std::future::pending::<()>().await;
        Ok(Response::new(request.into_inner()))
    }

    async fn charge(&self, request: Request<String>) -> Result<Response<String>, Status> {
        charge_card(&user(&request), request.get_ref()).await?;
        Err(Status::resource_exhausted("but the receipt could not be printed"))
    }

    /// Audited by a rule of the layer, where there is one.
    async fn export(&self, request: Request<String>) -> Result<Response<String>, Status> {
        capture::set_actor(&user(&request));
        if let Some(audit) = capture::Audit::current() {
            audit.metadata("format", "csv");
        }
        Ok(Response::new("id,amount".to_owned()))
    }
}

#[audited("card.charge", target(invoice = invoice))]
async fn charge_card(user: &Actor, invoice: &str) -> Result<(), Status> {
    Ok(())
}

/// What generated code calls a server: it finds the method by the path.
#[derive(Clone)]
pub(crate) struct InvoicesServer(pub(crate) Arc<Books>);

impl NamedService for InvoicesServer {
    const NAME: &'static str = "billing.Invoices";
}

impl Service<http::Request<Body>> for InvoicesServer {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let books = &self.0;
        // One for each method, as generated code has it.
        macro_rules! answer {
            ($kind:ident, $method:ident) => {{
                let books = Arc::clone(books);
                let method = tower::service_fn(move |request| {
                    let books = Arc::clone(&books);
                    async move { books.$method(request).await }
                });
                Box::pin(async move { Ok(Grpc::new(Text).$kind(method, request).await) })
            }};
        }
        match request.uri().path() {
            "/billing.Invoices/Delete" => answer!(unary, delete),
            "/billing.Invoices/Watch" => answer!(server_streaming, watch),
            "/billing.Invoices/Archive" => answer!(unary, archive),
            "/billing.Invoices/Charge" => answer!(unary, charge),
            "/billing.Invoices/Export" => answer!(unary, export),
            _ => Box::pin(async { Ok(Status::unimplemented("no such method").into_http()) }),
        }
    }
}

/// A message is its text.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Text;

impl Codec for Text {
    type Encode = String;
    type Decode = String;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Text {
    type Item = String;
    type Error = Status;

    fn encode(&mut self, text: String, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(text.as_bytes());
        Ok(())
    }
}

impl Decoder for Text {
    type Item = String;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<String>, Status> {
        let bytes = from.copy_to_bytes(from.remaining());
        let text = String::from_utf8(bytes.to_vec());
        text.map(Some).map_err(|_| Status::invalid_argument("not UTF-8"))
    }
}
