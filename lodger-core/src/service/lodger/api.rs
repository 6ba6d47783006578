//! The client.

use std::fmt;
use std::sync::Arc;

use reqwest::Method;
use reqwest::header::HeaderMap;
use secrecy::SecretString;

use super::exchange::{Bearer, Exchange, Repeat, to_json};
use super::options::ClientContext;
use super::{CallOptions, EventCall, EventReceipt, LodgerApiBuilder, LodgerError};
use crate::event::EventId;
use crate::service::http::{Address, Http, InvalidConfig, MAX_ENTRY_BODY};
use crate::service::{ApiKey, Response, Retries};

/// Where the hosted service is. Private deployments have their own.
pub const DEFAULT_BASE: &str = "https://lodger.dev";

/// A client of the Lodger API for one workspace and project. Cheap to clone; clones share connections and key.
///
/// The API key appears in no `Debug` form, error or log.
#[derive(Clone)]
pub struct LodgerApi {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) http: Http,
    /// Where events go.
    pub(super) events: Address,
    pub(super) workspace: String,
    pub(super) project: String,
    pub(super) context: ClientContext,
    pub(super) retries: Retries,
    pub(super) key: ApiKey,
}

impl LodgerApi {
    /// Starts a client for this workspace and project.
    pub fn builder(workspace: impl Into<String>, project: impl Into<String>) -> LodgerApiBuilder {
        LodgerApiBuilder::new(workspace.into(), project.into())
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
    /// [`LodgerError`], of the last try: the call is made again under the same idempotency key, with the same bytes, as the
    /// client's [`Retries`] say. After [`LodgerError::Transport`] and [`LodgerError::Unreadable`] the event may or may not
    /// have been recorded; repeat the call under the same idempotency key, set by [`CallOptions::idempotency_key`].
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
        let body = to_json(&call.into_body(&self.inner.workspace, &self.inner.project))?;
        self.ask(self.recording(body, &options)?).await
    }

    /// The same as [`event`](Self::event), under its other name in the official client.
    ///
    /// # Errors
    ///
    /// As [`event`](Self::event).
    pub async fn log(&self, call: EventCall) -> Result<EventReceipt, LodgerError> {
        self.event(call).await
    }

    /// Sends a finished body, once. Always under an idempotency key: the options' or a new one.
    pub(crate) async fn post_event(
        &self,
        body: Vec<u8>,
        options: &CallOptions,
    ) -> Result<Response, LodgerError> {
        self.send(&self.recording(body, options)?).await
    }

    /// An event on its way, under one idempotency key for all its tries.
    pub(super) fn recording(&self, body: Vec<u8>, options: &CallOptions) -> Result<Exchange, LodgerError> {
        Ok(Exchange {
            method: Method::POST,
            address: self.inner.events.clone(),
            headers: options.headers(&self.inner.context, Some(|| format!("event_{}", EventId::mint())))?,
            more: HeaderMap::new(),
            bearer: Bearer::key(options.key())?,
            body: Some(body),
            // A receipt may quote the metadata's links, and those are as many as the caller gave.
            answer_limit: MAX_ENTRY_BODY,
            repeat: Repeat::Harmless,
        })
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
