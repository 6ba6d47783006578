//! The client.

use std::fmt;
use std::sync::Arc;

use reqwest::Method;
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use super::options::ClientContext;
use super::{ApiError, CallOptions, EventCall, EventReceipt, LodgerError, ReceiptCall, VerifiedReceipt};
use crate::event::EventId;
use crate::service::http::{Address, Http, HttpConfig, InvalidConfig, MAX_BODY, MAX_ENTRY_BODY};
use crate::service::{ApiKey, Body, Credential, Request, Response, http_setters, is_header_value};

/// Where the hosted service is. Private deployments have their own.
pub const DEFAULT_BASE: &str = "https://lodger.dev";

/// A client of the Lodger API for one workspace and project. Cheap to clone; clones share connections and key.
///
/// The API key appears in no `Debug` form, error or log.
#[derive(Clone)]
pub struct LodgerApi {
    inner: Arc<Inner>,
}

struct Inner {
    http: Http,
    /// Where events go.
    events: Address,
    workspace: String,
    project: String,
    context: ClientContext,
    key: ApiKey,
}

impl LodgerApi {
    /// Starts a client for this workspace and project.
    pub fn builder(workspace: impl Into<String>, project: impl Into<String>) -> LodgerApiBuilder {
        LodgerApiBuilder {
            workspace: workspace.into(),
            project: project.into(),
            key: None,
            context: ClientContext::default(),
            http: HttpConfig::new(DEFAULT_BASE),
        }
    }

    /// The base address, without a trailing slash.
    #[must_use]
    pub fn base(&self) -> &str {
        self.inner.http.base()
    }

    /// The workspace.
    #[must_use]
    pub fn workspace(&self) -> &str {
        &self.inner.workspace
    }

    /// The project.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.inner.project
    }

    /// Uses another API key from the next call on, in all clones.
    ///
    /// # Errors
    ///
    /// When the key is blank or can't stand in a header; the one in use stays.
    pub fn replace_api_key(&self, key: impl Into<SecretString>) -> Result<(), InvalidConfig> {
        self.inner.key.replace(&key.into())
    }

    /// Records one event (`POST /v1/events`) and returns its receipt.
    ///
    /// # Errors
    ///
    /// [`LodgerError`]. After [`LodgerError::Transport`] and [`LodgerError::Unreadable`] the event may or may not
    /// have been recorded; repeat the call under the same idempotency key, set by
    /// [`CallOptions::idempotency_key`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is sent before the first poll. Dropping the future later leaves open whether the event was recorded.
    ///
    /// # Durability
    ///
    /// A receipt says that the service accepted and queued the event. Until then it exists in memory only; use the
    /// journal where that is not enough.
    pub async fn event(&self, mut call: EventCall) -> Result<EventReceipt, LodgerError> {
        let options = std::mem::take(&mut call.options);
        let body = serde_json::to_vec(&call.into_body(&self.inner.workspace, &self.inner.project))
            .map_err(|error| LodgerError::Invalid(format!("the event can't become JSON: {error}")))?;
        read(&self.post_event(body, &options).await?)
    }

    /// The same as [`event`](Self::event), under its other name in the official client.
    ///
    /// # Errors
    ///
    /// As [`event`](Self::event).
    pub async fn log(&self, call: EventCall) -> Result<EventReceipt, LodgerError> {
        self.event(call).await
    }

    /// Verifies one receipt (`GET /v1/receipts/{id}`, or the same in one workspace).
    ///
    /// No credential is sent unless the call brings one: receipts of public projects are for everybody, and the
    /// client's API key stays at home. [`ReceiptCall::bearer`] opens those of private projects.
    ///
    /// ```no_run
    /// # use lodger_core::service::lodger::{LodgerApi, ReceiptCall};
    /// # async fn example(api: LodgerApi, token: String) -> Result<(), Box<dyn std::error::Error>> {
    /// assert!(api.receipt("rcpt_093a339cc2c2ffed").await?.verified);
    /// let private = ReceiptCall::new("rcpt_093a339cc2c2ffed").workspace(api.workspace()).bearer(token);
    /// assert!(api.receipt(private).await?.verified);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`LodgerError`]. [`LodgerError::Api`] carries the service's words: 404 where it knows no such receipt, 401
    /// where the receipt is private and no credential opens it. A failed verification is no error but an answer, with
    /// [`verified`](VerifiedReceipt::verified) false.
    ///
    /// # Cancel safety
    ///
    /// Nothing is sent before the first poll, and nothing changes at the service: drop the future at any time, repeat
    /// the call at will.
    pub async fn receipt(&self, call: impl Into<ReceiptCall>) -> Result<VerifiedReceipt, LodgerError> {
        let call = call.into();
        let bearer = call.options.key().map(ApiKey::checked).transpose().map_err(LodgerError::Invalid)?;
        let request = Request {
            method: Method::GET,
            address: self.inner.http.address(&call.path()?).map_err(LodgerError::Transport)?,
            headers: call.options.headers(&self.inner.context, None)?,
            credential: bearer.map(Credential::Bearer),
            body: None,
            answer_limit: MAX_ENTRY_BODY,
        };
        read(&self.inner.http.send(request).await.map_err(LodgerError::Transport)?)
    }

    /// Sends a finished body. Always under an idempotency key: the options' or a new one.
    pub(crate) async fn post_event(
        &self,
        body: Vec<u8>,
        options: &CallOptions,
    ) -> Result<Response, LodgerError> {
        let headers = options.headers(&self.inner.context, Some(|| format!("event_{}", EventId::mint())))?;
        let bearer = match options.key() {
            Some(key) => ApiKey::checked(key).map_err(LodgerError::Invalid)?,
            None => self.inner.key.get().ok_or_else(|| {
                LodgerError::Invalid("recording events needs an API key: set one with `api_key`".to_owned())
            })?,
        };
        let request = Request {
            method: Method::POST,
            address: self.inner.events.clone(),
            headers,
            credential: Some(Credential::Bearer(bearer)),
            body: Some(Body::json(body)),
            answer_limit: MAX_BODY,
        };
        self.inner.http.send(request).await.map_err(LodgerError::Transport)
    }
}

impl fmt::Debug for LodgerApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LodgerApi")
            .field("base", &self.base())
            .field("workspace", &self.workspace())
            .field("project", &self.project())
            .finish_non_exhaustive()
    }
}

/// Builds a [`LodgerApi`].
///
/// # Default
///
/// `https://lodger.dev`, no key, no environment, no server, 10 s to connect, 30 s for a whole call, no proxy.
#[derive(Debug, Clone)]
#[must_use = "call `build()` to get the client"]
pub struct LodgerApiBuilder {
    workspace: String,
    project: String,
    key: Option<SecretString>,
    context: ClientContext,
    http: HttpConfig,
}

impl LodgerApiBuilder {
    /// The API key, `lodger_sk_…`, with the scope `events:write`. Surrounding white space is dropped.
    pub fn api_key(mut self, key: impl Into<SecretString>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The address of a private deployment. `https`, unless it is this machine. One trailing slash is dropped.
    pub fn api_base(mut self, base: impl Into<String>) -> Self {
        self.http.base = base.into();
        self
    }

    http_setters!();

    /// `X-Lodger-Environment` of every call that doesn't set its own.
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.context.environment = Some(environment.into());
        self
    }

    /// `X-Lodger-Server` of every call that doesn't set its own.
    pub fn server(mut self, server: impl Into<String>) -> Self {
        self.context.server = Some(server.into());
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`] names every problem at once.
    pub fn build(self) -> Result<LodgerApi, InvalidConfig> {
        let mut problems = Vec::new();
        for (name, value) in [("workspace id", &self.workspace), ("project id", &self.project)] {
            if value.trim().is_empty() {
                problems.push(format!("the {name} is blank; Lodger needs one"));
            }
        }
        for (name, value) in [("environment", &self.context.environment), ("server", &self.context.server)] {
            if value.as_deref().is_some_and(|value| !is_header_value(value.trim())) {
                problems.push(format!("the {name} may hold visible ASCII and spaces only"));
            }
        }
        let key = ApiKey::new(self.key.as_ref()).map_err(|problem| problems.push(problem));
        let http = Http::new(&self.http).and_then(|http| {
            let events = http.address("/v1/events").map_err(|error| vec![error.chain()])?;
            Ok((http, events))
        });
        match (http, key) {
            (Ok((http, events)), Ok(key)) if problems.is_empty() => Ok(LodgerApi {
                inner: Arc::new(Inner {
                    http,
                    events,
                    workspace: self.workspace,
                    project: self.project,
                    context: self.context,
                    key,
                }),
            }),
            (Ok(_), _) => Err(InvalidConfig::new(problems)),
            (Err(more), _) => {
                problems.extend(more);
                Err(InvalidConfig::new(problems))
            }
        }
    }
}

/// The answer to a direct call.
fn read<T: DeserializeOwned>(response: &Response) -> Result<T, LodgerError> {
    if !response.is_success() {
        return Err(LodgerError::Api(ApiError::read(response)));
    }
    serde_json::from_slice(&response.body).map_err(|_| LodgerError::Unreadable(ApiError::read(response)))
}
