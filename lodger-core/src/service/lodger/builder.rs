//! How a client comes to be.

use std::sync::Arc;

use secrecy::SecretString;

use super::DEFAULT_BASE;
use super::api::{Inner, LodgerApi};
use super::options::{ClientContext, given};
use crate::service::http::{Http, HttpConfig, InvalidConfig};
use crate::service::{ApiKey, Retries, http_setters, is_latin1_header_value};

/// Builds a [`LodgerApi`].
///
/// # Default
///
/// `https://lodger.dev`, no key, no environment, no server, 10 s to connect, 30 s for a whole call, no proxy, up to 2 repeats
/// of a call that failed.
#[derive(Debug, Clone)]
#[must_use = "call `build()` to get the client"]
pub struct LodgerApiBuilder {
    workspace: String,
    project: String,
    key: Option<SecretString>,
    context: ClientContext,
    retries: Retries,
    http: HttpConfig,
}

impl LodgerApiBuilder {
    pub(super) fn new(workspace: String, project: String) -> Self {
        Self {
            workspace,
            project,
            key: None,
            context: ClientContext::default(),
            retries: Retries::default(),
            http: HttpConfig::new(DEFAULT_BASE),
        }
    }

    /// The API key, `lodger_sk_…`, with the scope `events:write` to record and `events:read` to query and to mint tokens.
    /// Surrounding white space is dropped.
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

    /// How often a direct call that failed is made again: see [what may be](super#calls-that-fail). Default: up to 2 times.
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

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
            if given(Some(value)).is_none() {
                problems.push(format!("the {name} is blank; Lodger needs one"));
            }
        }
        for (name, value) in [("environment", &self.context.environment), ("server", &self.context.server)] {
            if given(value.as_deref()).is_some_and(|value| !is_latin1_header_value(value)) {
                problems.push(format!("the {name} may hold visible Latin-1 and spaces only"));
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
                    retries: self.retries,
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
