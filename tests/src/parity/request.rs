//! A request, to be sent byte for byte.

use std::borrow::Cow;

use serde_json::Value;

/// A request, to be sent byte for byte.
#[derive(Debug, Clone)]
pub struct Request {
    pub(super) method: Cow<'static, str>,
    pub(super) path: Cow<'static, str>,
    pub(super) headers: Vec<(&'static str, Vec<u8>)>,
    pub(super) body: String,
}

impl Request {
    /// Adds a header; the value may be any bytes.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name, value.as_ref().to_vec()));
        self
    }

    /// Sent by this user.
    #[must_use]
    pub fn by(self, user: &str) -> Self {
        self.header("x-auth", user)
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: Value) -> Self {
        self.body(body.to_string())
    }

    /// With a body that is called JSON, whatever it is.
    #[must_use]
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self.header("content-type", "application/json")
    }
}

/// `METHOD path`, whatever the method.
#[must_use]
pub fn request(method: impl Into<Cow<'static, str>>, path: impl Into<Cow<'static, str>>) -> Request {
    Request { method: method.into(), path: path.into(), headers: Vec::new(), body: String::new() }
}

/// `GET path`
#[must_use]
pub fn get(path: impl Into<Cow<'static, str>>) -> Request {
    request("GET", path)
}

/// `HEAD path`
#[must_use]
pub fn head(path: impl Into<Cow<'static, str>>) -> Request {
    request("HEAD", path)
}

/// `POST path`
#[must_use]
pub fn post(path: impl Into<Cow<'static, str>>) -> Request {
    request("POST", path)
}

/// `PUT path`
#[must_use]
pub fn put(path: impl Into<Cow<'static, str>>) -> Request {
    request("PUT", path)
}

/// `DELETE path`
#[must_use]
pub fn delete(path: impl Into<Cow<'static, str>>) -> Request {
    request("DELETE", path)
}
