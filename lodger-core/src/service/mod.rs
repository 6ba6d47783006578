//! Typed clients of hosted audit services.
//!
//! One module a service. Each knows how a call becomes bytes and how bytes become an answer, and nothing of
//! sockets; `http` owns those: TLS, timeouts, redirects, how much of an answer is read. Clients make exactly one
//! request a call. Trying again is the business of the pipeline, which uses them through
//! [`destination`](crate::destination).

mod credential;
mod http;
pub mod lodger;
mod message;
pub mod retry_after;

pub(crate) use credential::{Credential, is_key};
pub(crate) use http::{Address, Http, HttpConfig, MAX_BODY};
pub use http::{InvalidConfig, TransportError};
pub(crate) use message::{Body, Request, Response, is_header_value};
