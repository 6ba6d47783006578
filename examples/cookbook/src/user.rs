//! The signed-in user of most recipes. A real service asks its session or its identity provider.

use std::future::{Ready, ready};

use actix_web::HttpRequest;
use axum::http::StatusCode;
use axum::http::request::Parts;
use lodger_core::event::{Actor, ToActor};

/// The user whom the header `x-user` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentUser {
    /// Stable identifier.
    pub id: String,
}

impl CurrentUser {
    /// The user of this id.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self { id: id.to_owned() }
    }
}

impl ToActor for CurrentUser {
    fn to_actor(&self) -> Actor {
        Actor::user(&self.id)
    }
}

impl<S: Sync> axum::extract::FromRequestParts<S> for CurrentUser {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let header = parts.headers.get("x-user").and_then(|id| id.to_str().ok());
        header.map(Self::new).ok_or(StatusCode::UNAUTHORIZED)
    }
}

impl actix_web::FromRequest for CurrentUser {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        let header = request.headers().get("x-user").and_then(|id| id.to_str().ok());
        ready(header.map(Self::new).ok_or_else(|| actix_web::error::ErrorUnauthorized("sign in")))
    }
}
