//! The source of the measured services.

use std::fmt::Write as _;

/// What stands above each handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// Nothing.
    Plain,
    /// `#[audited(..)]`.
    Audited,
    /// `#[tracing::instrument(..)]`, which many services have on every handler already.
    Instrument,
}

impl Variant {
    pub(crate) const ALL: [Self; 3] = [Self::Plain, Self::Audited, Self::Instrument];

    /// The name of its package.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::Plain => "compile-plain",
            Self::Audited => "compile-audited",
            Self::Instrument => "compile-instrument",
        }
    }

    fn attribute(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Audited => "#[lodger_axum::audited(\"invoice.update\", fields(amount = body.amount))]\n",
            Self::Instrument => "#[tracing::instrument(skip_all, fields(id = id, amount = body.amount))]\n",
        }
    }
}

const HEAD: &str = r#"
use axum::{Extension, Json, Router, extract::Path, http::StatusCode, routing::put};
use lodger_axum::{Actor, AuditLayer, Lodger, MemoryDestination, ToActor};

#[derive(Clone)]
pub struct User { id: String }

impl ToActor for User {
    fn to_actor(&self) -> Actor { Actor::user(&self.id) }
}

#[derive(serde::Deserialize)]
pub struct Update { amount: u64 }

#[derive(serde::Serialize)]
pub struct Invoice { id: u64, amount: u64 }

async fn save(user: &User, id: u64, amount: u64) -> Result<Invoice, StatusCode> {
    tokio::task::yield_now().await;
    if user.id.is_empty() { return Err(StatusCode::FORBIDDEN); }
    Ok(Invoice { id, amount })
}
"#;

const MAIN: &str = r#"
#[tokio::main]
async fn main() {
    let user = Extension(User { id: "ada".to_owned() });
    println!("{}", std::mem::size_of_val(&handler_0(user, Path(7), Json(Update { amount: 1 }))));
    if std::env::args().count() < 2 { return; }
    let lodger = Lodger::builder().destination(MemoryDestination::new()).journal_dir("journal").build().unwrap();
    let app = routes().layer(AuditLayer::new(lodger));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
"#;

/// A service with this many handlers.
pub(crate) fn service(variant: Variant, handlers: usize) -> String {
    let mut source = HEAD.to_owned();
    let mut routes = String::new();
    for number in 0..handlers {
        // Writing to a String can't fail.
        _ = write!(
            source,
            "\n{}pub async fn handler_{number}(user: Extension<User>, Path(id): Path<u64>, Json(body): Json<Update>) \
             -> Result<Json<Invoice>, StatusCode> {{\n    let saved = save(&user, id, body.amount + {number}).await?;\n    \
             Ok(Json(saved))\n}}\n",
            variant.attribute()
        );
        _ = writeln!(routes, "        .route(\"/invoices-{number}/{{id}}\", put(handler_{number}))");
    }
    source + "\nfn routes() -> Router {\n    Router::new()\n" + &routes + "}\n" + MAIN
}
