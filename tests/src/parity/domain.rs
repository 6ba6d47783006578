//! The things the service is about. Both frameworks' halves share these types.

use lodger_core::event::{Actor, Target, ToActor, ToTarget};
use serde::{Deserialize, Serialize};

/// The names of the jobs that [`work`](super::Step::Work) runs outside any request.
pub const JOBS: [&str; 3] = ["nightly", "failing", "verdictless"];

/// A person who uses the service. `x-auth: ada` is ada@example.com of acme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrentUser {
    /// The login.
    pub id: String,
}

impl CurrentUser {
    /// Whom the value of `x-auth` names. `nobody` and nothing are no users.
    ///
    /// # Errors
    ///
    /// 401 when it names nobody, 403 when it names `mallory`, who is known and locked out.
    pub fn authenticate(header: Option<&str>) -> Result<Self, ApiError> {
        match header {
            None | Some("nobody") => Err(ApiError(401)),
            Some("mallory") => Err(ApiError(403)),
            Some(id) => Ok(Self { id: id.to_owned() }),
        }
    }
}

impl ToActor for CurrentUser {
    fn to_actor(&self) -> Actor {
        Actor::user(&self.id).email(format!("{}@example.com", self.id)).tenant("acme")
    }
}

/// A program that uses the service, named by `x-key`.
#[derive(Debug, Clone)]
pub struct ApiKey(pub String);

impl ToActor for ApiKey {
    fn to_actor(&self) -> Actor {
        Actor::service(&self.0)
    }
}

/// An invoice, which says itself what it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Invoice {
    /// The id.
    pub id: String,
    /// What people call it.
    pub number: String,
}

impl ToTarget for Invoice {
    fn to_target(&self) -> Target {
        Target::new("invoice", &self.id).name(&self.number)
    }
}

/// The id of an invoice, which says itself what it is.
#[derive(Debug, Clone, Deserialize)]
pub struct InvoiceId(pub String);

impl ToTarget for InvoiceId {
    fn to_target(&self) -> Target {
        Target::new("invoice", &self.0)
    }
}

/// The body of `POST /invoices`.
#[derive(Debug, Deserialize)]
pub(super) struct NewInvoice {
    /// What people call it.
    pub(super) number: String,
}

/// The body of `PUT /invoices/{id}`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Update {
    /// In cents.
    pub(super) amount: u64,
}

/// The body of `POST /named/..`.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    /// The id of an invoice.
    pub(super) id: String,
}

/// The body of `POST /accounts/{id}`.
#[derive(Debug, Deserialize)]
pub(super) struct Account {
    /// Plain.
    pub(super) amount: u64,
    /// A secret.
    pub(super) token: String,
    /// Personal.
    pub(super) email: String,
    /// The key under which the caller repeats it.
    pub(super) key: String,
}

/// A refusal with this HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiError(pub u16);

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "refused with {}", self.0)
    }
}

impl std::error::Error for ApiError {}

impl ApiError {
    /// The status below 400, else the refusal.
    ///
    /// # Errors
    ///
    /// From 400 on.
    pub fn from_400_on(status: u16) -> Result<u16, Self> {
        if status < 400 { Ok(status) } else { Err(Self(status)) }
    }
}
