//! Reading a published policy.

use std::fmt;

use reqwest::Method;
use reqwest::header::HeaderMap;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::exchange::{Answer, Bearer, Exchange, Repeat, segment};
use super::options::given;
use super::setters::call_setters;
use super::{CallOptions, LodgerApi, LodgerError};
use crate::service::http::MAX_ENTRY_BODY;

/// Which policy [`LodgerApi::published_policy`] reads.
///
/// # Default
///
/// The current one of the client's workspace and project, without any credential, the client's API key included. An API key
/// of the call's own options is sent, unless there is a [`bearer`](Self::bearer).
#[derive(Debug, Clone, Default)]
#[must_use = "pass it to `LodgerApi::published_policy`"]
pub struct PolicyCall {
    version: Option<String>,
    bearer: Option<SecretString>,
    workspace: Option<String>,
    project: Option<String>,
    options: CallOptions,
}

impl PolicyCall {
    /// The current policy.
    pub fn new() -> Self {
        Self::default()
    }

    /// This version of it: a number, or a text.
    pub fn version(mut self, version: impl fmt::Display) -> Self {
        self.version = Some(version.to_string());
        self
    }

    /// The credential for private policies: an API key, or a policy token. Default: none is sent.
    pub fn bearer(mut self, bearer: impl Into<SecretString>) -> Self {
        self.bearer = Some(bearer.into());
        self
    }

    call_setters!(workspace, project, options);
}

/// Whatever JSON the service answers.
#[derive(Deserialize)]
#[serde(transparent)]
struct Policy(Value);

impl Answer for Policy {
    const NAME: &'static str = "policy";
}

impl LodgerApi {
    /// A published policy as the service answers it: its form is not documented
    /// (`GET /v1/workspaces/{id}/published-policy`, or the same with a version).
    ///
    /// At most 1 MiB is read of it. A blank project is not sent.
    ///
    /// # Errors
    ///
    /// [`LodgerError`], of the last try.
    ///
    /// # Cancel safety
    ///
    /// Nothing is sent before the first poll, and nothing changes at the service.
    pub async fn published_policy(&self, call: PolicyCall) -> Result<Value, LodgerError> {
        let version =
            call.version.as_deref().map(|version| segment("policy's version", version)).transpose()?;
        let path =
            version.map_or("/published-policy".to_owned(), |version| format!("/published-policy/{version}"));
        let project = given(Some(call.project.as_deref().unwrap_or(&self.inner.project)));
        let address = self.in_workspace(call.workspace.as_deref(), &path)?;
        let Policy(policy) = self
            .ask(Exchange {
                method: Method::GET,
                address: address.with_query(project.map(|project| ("projectId", project.to_owned()))),
                headers: call.options.headers(&self.inner.context, None)?,
                more: HeaderMap::new(),
                bearer: Bearer::optional(call.bearer.as_ref(), &call.options)?,
                body: None,
                answer_limit: MAX_ENTRY_BODY,
                repeat: Repeat::Harmless,
            })
            .await?;
        Ok(policy)
    }
}
