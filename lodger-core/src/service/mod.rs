//! Typed clients of hosted audit services.
//!
//! One module a service. Each knows how a call becomes bytes and how bytes become an answer, and nothing of
//! sockets; `http` owns those: TLS, timeouts, redirects, how much of an answer is read. A direct call that fails is
//! made again a few times where that can do no harm ([`Retries`]). Events behind the journal are tried again by the
//! pipeline, which uses the clients through [`destination`](crate::destination).

pub mod archiva;
pub mod auditledge;
mod credential;
mod download;
mod http;
pub(crate) mod json;
mod json_array;
mod key;
pub mod lodger;
pub mod loghub;
mod mask;
mod message;
mod pages;
mod retries;
pub mod retry_after;
mod setters;
mod transport_error;

pub(crate) use credential::{Credential, is_key};
pub(crate) use download::Download;
pub use http::InvalidConfig;
pub(crate) use http::{Address, Http, HttpConfig, MAX_BODY};
pub(crate) use json_array::JsonArray;
pub(crate) use key::ApiKey;
pub(crate) use message::{
    Body, Request, Response, header_value, is_header_value, is_latin1_header_value, path_segment,
};
pub use pages::Pages;
pub use retries::Retries;
pub(crate) use setters::http_setters;
pub use transport_error::TransportError;
