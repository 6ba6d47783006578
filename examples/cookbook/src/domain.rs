//! The service around the recipes: its users, its invoices, its problems.

use std::future::{Ready, ready};

use axum::http::StatusCode;
use axum::http::request::Parts;
use lodger_core::event::{Actor, Target, ToActor, ToTarget};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// The signed-in user. Here the header `x-user` names it; a real service asks its session.
#[derive(Debug, Clone)]
pub struct CurrentUser {
    /// Stable identifier.
    pub id: String,
    /// The organisation that the user acts in.
    pub org: String,
}

impl CurrentUser {
    fn named(header: Option<&str>) -> Result<Self, Problem> {
        let id = header.ok_or(Problem::SignIn)?;
        Ok(Self { id: id.to_owned(), org: "acme".to_owned() })
    }
}

impl ToActor for CurrentUser {
    fn to_actor(&self) -> Actor {
        Actor::user(&self.id)
    }
}

impl<S: Sync> axum::extract::FromRequestParts<S> for CurrentUser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::named(parts.headers.get("x-user").and_then(|id| id.to_str().ok()))
    }
}

impl actix_web::FromRequest for CurrentUser {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &actix_web::HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        ready(Self::named(request.headers().get("x-user").and_then(|id| id.to_str().ok())))
    }
}

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// Nobody is signed in.
    SignIn,
    /// The user may not.
    Forbidden,
    /// There is no such thing.
    NotFound,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl Problem {
    fn status(self) -> u16 {
        match self {
            Self::SignIn => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
        }
    }
}

impl axum::response::IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response {
        StatusCode::from_u16(self.status()).unwrap().into_response()
    }
}

impl actix_web::ResponseError for Problem {
    fn status_code(&self) -> actix_web::http::StatusCode {
        actix_web::http::StatusCode::from_u16(self.status()).unwrap()
    }
}

/// An account. There is one, `ada`, whose password is `right`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Stable identifier.
    pub id: String,
}

impl Account {
    /// The account of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        (name == "ada").then(|| Self { id: "u_1".to_owned() })
    }

    /// The account of this id.
    #[must_use]
    pub fn of(id: &str) -> Self {
        Self { id: id.to_owned() }
    }

    /// Whether this is its password. A real one compares hashes.
    #[must_use]
    pub fn password_is(&self, password: &str) -> bool {
        password == "right"
    }
}

impl ToActor for Account {
    fn to_actor(&self) -> Actor {
        Actor::user(&self.id)
    }
}

impl ToTarget for Account {
    fn to_target(&self) -> Target {
        Target::new("user", &self.id)
    }
}

/// The key of another program.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// Its identifier, which is no secret.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// Whose it is.
    pub org: String,
}

impl ApiKey {
    /// The key that was sent, if there is such a key. A real one looks its hash up.
    #[must_use]
    pub fn verify(sent: &str) -> Option<Self> {
        let key = Self { id: "key_7".to_owned(), name: "Nightly export".to_owned(), org: "acme".to_owned() };
        (sent == "s3cr3t").then_some(key)
    }
}

/// What a provider says, signed with a secret that it shares with us.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The same each time that it is sent.
    pub id: String,
    /// Which payment it is about.
    pub payment: String,
}

impl Delivery {
    /// The delivery, if its signature is right.
    #[must_use]
    pub fn verify(id: Option<&str>, signature: Option<&str>, body: &str) -> Option<Self> {
        let delivery = Self { id: id?.to_owned(), payment: body.to_owned() };
        (signature? == "signed").then_some(delivery)
    }
}

/// An invoice. Those below 100 exist.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Invoice {
    /// Stable identifier.
    pub id: u64,
    /// In cents.
    pub amount: u64,
    /// Whom to ask; not for the audit log.
    #[serde(skip)]
    pub contact: String,
}

impl Invoice {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn load(id: u64) -> Result<Self, Problem> {
        if id < 100 {
            Ok(Self { id, amount: 1900, contact: "bob".to_owned() })
        } else {
            Err(Problem::NotFound)
        }
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// None here.
    pub async fn save(&self) -> Result<(), Problem> {
        Ok(())
    }
}

impl ToTarget for Invoice {
    fn to_target(&self) -> Target {
        Target::new("invoice", self.id)
    }
}

/// What a client says to create an invoice.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewInvoice {
    /// In cents.
    pub amount: u64,
}

/// A customer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Customer {
    /// Stable identifier.
    pub id: String,
}

/// What a client says to create a customer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewCustomer {
    /// Where to call.
    pub phone: String,
    /// A number that only a hash of may be kept.
    pub tax_id: String,
    /// What is bought.
    pub plan: String,
}

/// A transaction of the database.
#[derive(Debug)]
pub struct Transaction(());

impl Transaction {
    /// Begins one.
    ///
    /// # Errors
    ///
    /// None here.
    pub async fn begin() -> Result<Self, Problem> {
        Ok(Self(()))
    }

    /// Marks the invoice as paid.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn pay(&self, invoice: u64) -> Result<(), Problem> {
        Invoice::load(invoice).await.map(drop)
    }

    /// Makes it so.
    ///
    /// # Errors
    ///
    /// None here.
    pub async fn commit(self) -> Result<(), Problem> {
        Ok(())
    }
}

/// Told when the receipt for invoice 9 begins to be sent.
pub static SENDING: Notify = Notify::const_new();

/// Sends a receipt, which for invoice 9 never ends.
pub async fn send_receipt(invoice: u64) {
    if invoice == 9 {
        SENDING.notify_one();
        std::future::pending::<()>().await;
    }
}

/// Told when an order begins to be shipped.
pub static SHIPPING: Notify = Notify::const_new();
/// Told when it may go on.
pub static SHIP: Notify = Notify::const_new();

/// Ships an order.
///
/// # Errors
///
/// None here.
pub async fn ship(_order: u64) -> Result<(), Problem> {
    SHIPPING.notify_one();
    SHIP.notified().await;
    Ok(())
}

/// The invoices that wait for their money.
#[must_use]
pub fn overdue() -> Vec<u64> {
    vec![7, 107]
}

/// The calls that were written by hand.
pub mod old {
    /// Writes a line.
    pub async fn audit_log(_user: &str, _what: &str, _id: u64) {}
}
