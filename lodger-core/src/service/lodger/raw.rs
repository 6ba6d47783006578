//! Calls that have no method of their own.

use std::fmt;

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName};
use secrecy::SecretString;
use serde_json::Value;

use super::error::read_any;
use super::exchange::{Bearer, Exchange, Repeat, to_json, whole};
use super::setters::call_setters;
use super::{CallOptions, LodgerApi, LodgerError};
use crate::service::http::MAX_PAGE_BODY;
use crate::service::{header_value, is_latin1_header_value};

/// One call for [`LodgerApi::request`], to anything that the service has below its base address.
///
/// ```
/// use lodger_core::service::lodger::RawCall;
/// use serde_json::json;
///
/// let call = RawCall::post("/v1/workspaces/org_1/receipts/rcpt_1/token").body(json!({"expiresInSeconds": 3600}));
/// let public = RawCall::get("/v1/receipts/rcpt_1").without_credential();
/// ```
///
/// # Default
///
/// The client's API key, environment and server; no body, no idempotency key.
#[derive(Clone)]
#[must_use = "pass it to `LodgerApi::request`"]
pub struct RawCall {
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Option<Value>,
    credential: Who,
    options: CallOptions,
}

#[derive(Clone)]
enum Who {
    /// The key of the options, else the client's.
    Key,
    Bearer(SecretString),
    Nobody,
}

impl RawCall {
    /// Reads. The path is percent-encoded already, begins below the client's base address and may have a query.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path.into())
    }

    /// Makes something. About the path see [`get`](Self::get).
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path.into())
    }

    /// Changes something. About the path see [`get`](Self::get).
    pub fn patch(path: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path.into())
    }

    /// Removes something. About the path see [`get`](Self::get).
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path.into())
    }

    fn new(method: Method, path: String) -> Self {
        Self {
            method,
            path,
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            credential: Who::Key,
            options: CallOptions::new(),
        }
    }

    /// Adds a parameter, form-encoded, behind those of the path.
    pub fn query(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.query.push((name.into(), value.to_string()));
        self
    }

    /// Adds a header. Those that the client sets itself win: `Content-Type` beside a body, and the headers of the options.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The body. Not for reads.
    pub fn body(mut self, body: impl Into<Value>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Another credential than the API key: a scoped token.
    pub fn bearer(mut self, bearer: impl Into<SecretString>) -> Self {
        self.credential = Who::Bearer(bearer.into());
        self
    }

    /// Sends no credential: for what is public.
    pub fn without_credential(mut self) -> Self {
        self.credential = Who::Nobody;
        self
    }

    call_setters!(options);

    /// The path below the base address, with a leading slash.
    fn path(&self, base: &str) -> Result<String, LodgerError> {
        let invalid =
            |why: &str| LodgerError::Invalid(format!("the path of the call {why}: {:?}", self.shown()));
        // The official client takes whole addresses, and sends the key there.
        let own = self.path.strip_prefix(base).filter(|rest| rest.starts_with('/')).unwrap_or(&self.path);
        let lower = own.to_ascii_lowercase();
        if lower.starts_with("http:") || lower.starts_with("https:") {
            return Err(invalid("leads to another address than the client's"));
        }
        if own.contains(|c: char| c.is_ascii_control() || matches!(c, '\\' | '#')) {
            return Err(invalid("holds characters that belong to no path"));
        }
        let (path, _) = lower.split_once('?').unwrap_or((&lower, ""));
        // Dot segments lead elsewhere however they are encoded (WHATWG URL, "double-dot URL path segment").
        if path.split('/').any(|segment| matches!(segment.replace("%2e", ".").as_str(), "." | "..")) {
            return Err(invalid("leads elsewhere"));
        }
        Ok(if own.starts_with('/') { own.to_owned() } else { format!("/{own}") })
    }

    /// The path, for people: without what stands behind it, which may hold a token.
    fn shown(&self) -> &str {
        self.path.split(['?', '#']).next().unwrap_or_default()
    }

    /// The caller's own headers.
    fn more(&self) -> Result<HeaderMap, LodgerError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let invalid = |why: &str| LodgerError::Invalid(format!("the header {name:?} {why}"));
            let known = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid("has no valid name"))?;
            match known.as_str() {
                "authorization" => return Err(invalid("is the client's; use `bearer`")),
                "host" | "connection" | "content-length" | "transfer-encoding" | "expect" | "te"
                | "trailer" | "upgrade" | "keep-alive" => return Err(invalid("belongs to the connection")),
                _ => {}
            }
            let value = Some(value.trim())
                .filter(|value| is_latin1_header_value(value))
                .and_then(header_value)
                .ok_or_else(|| invalid("may hold visible Latin-1 and spaces only"))?;
            headers.insert(known, value);
        }
        Ok(headers)
    }
}

/// Neither query nor headers nor the body: they may hold anything.
impl fmt::Debug for RawCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawCall")
            .field("method", &self.method)
            .field("path", &self.shown())
            .finish_non_exhaustive()
    }
}

impl LodgerApi {
    /// Makes a call that has no method of its own, and returns what came back: JSON where it is JSON, else a text, else null.
    ///
    /// At most 16 MiB are read of it. A read is made again as the client's [`Retries`](crate::service::Retries) say; everything
    /// else only where it never left or was turned away with 429, under an idempotency key as well: which paths know one is
    /// not documented.
    ///
    /// # Errors
    ///
    /// [`LodgerError`], of the last try: [`LodgerError::Invalid`] for a path that leads elsewhere,
    /// [`LodgerError::Unreadable`] for an answer that broke off. Redirects are errors.
    ///
    /// # Cancel safety
    ///
    /// Nothing is sent before the first poll. Dropping the future later leaves open what was done.
    pub async fn request(&self, call: RawCall) -> Result<Value, LodgerError> {
        let reads = call.method == Method::GET;
        if reads && call.body.is_some() {
            return Err(LodgerError::Invalid("a read carries no body".to_owned()));
        }
        let mut address = self.address(&call.path(self.base())?)?;
        for (name, value) in &call.query {
            address = address.with_query([(name.as_str(), value.clone())]);
        }
        let exchange = Exchange {
            address,
            headers: call.options.headers(&self.inner.context, None)?,
            more: call.more()?,
            bearer: match &call.credential {
                Who::Key => Bearer::key(call.options.key())?,
                Who::Bearer(secret) => Bearer::given(secret, "bearer")?,
                Who::Nobody => Bearer::Nobody,
            },
            body: call.body.as_ref().map(to_json).transpose()?,
            answer_limit: MAX_PAGE_BODY,
            repeat: if reads { Repeat::Harmless } else { Repeat::Undone },
            method: call.method,
        };
        self.ask_for(exchange, |response, limit| whole(response, "answer", limit).map(read_any)).await
    }
}
