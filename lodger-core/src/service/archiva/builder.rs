//! Building a client.

use std::sync::{Arc, RwLock};

use secrecy::SecretString;

use super::ArchivaApi;
use super::api::{Account, Inner};
use crate::service::{ApiKey, Http, HttpConfig, InvalidConfig, Retries, http_setters};

/// Where the hosted service is.
pub const DEFAULT_BASE: &str = "https://api.archiva.app";

/// Below the 100 requests per 60 s that the service takes under one key.
const MOST_PER_MINUTE: u32 = 99;

/// How a request shows its API key. The service takes either.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Authentication {
    /// `Authorization: Bearer pk_…`, which the service recommends. The default.
    #[default]
    Bearer,
    /// `X-Project-Key: pk_…`.
    ProjectKey,
}

/// Builds an [`ArchivaApi`].
///
/// # Default
///
/// `https://api.archiva.app`, no key, `Authorization: Bearer`, below 100 requests a minute, up to 2 repeats, 10 s to connect,
/// 30 s for a whole call, no proxy.
#[derive(Debug, Clone)]
#[must_use = "call `build()` to get the client"]
pub struct ArchivaApiBuilder {
    key: Option<SecretString>,
    authentication: Authentication,
    per_minute: u32,
    retries: Retries,
    http: HttpConfig,
}

impl ArchivaApiBuilder {
    pub(super) fn new() -> Self {
        Self {
            key: None,
            authentication: Authentication::default(),
            per_minute: MOST_PER_MINUTE,
            retries: Retries::default(),
            http: HttpConfig::new(DEFAULT_BASE),
        }
    }

    /// The API key of a project, `pk_live_…` or `pk_test_…`: a secret, despite its prefix. Surrounding white space is dropped.
    pub fn api_key(mut self, key: impl Into<SecretString>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// How the key is shown. Default: as a bearer.
    pub fn authentication(mut self, authentication: Authentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// At most so many events are sent in any 60 s, by everything in this process that uses this key at this address: direct
    /// calls, clones and destinations. From 2 to 99; more only at another address than the service's own. Default: 99.
    ///
    /// Each process counts for itself: divide by how many send under one key at the same time. A process that was started
    /// again doesn't know what the one before it sent. So that both together stay within the limit, a seventh of it may go
    /// at once and six sevenths in any minute: by default 14 in any 10 s, 84 in any minute, 98 in one with a restart. Started
    /// several times a minute it may be too much, which the service says (429) and no event is lost by.
    pub fn requests_per_minute(mut self, most: u32) -> Self {
        self.per_minute = most;
        self
    }

    /// How often a direct call is made again. Default: up to 2 times. A destination's events are tried again by the pipeline.
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// Another address than the hosted service's. `https`, unless it is this machine. One trailing slash is dropped.
    pub fn api_base(mut self, base: impl Into<String>) -> Self {
        self.http.base = base.into();
        self
    }

    http_setters!();

    /// The client.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`] names every problem at once.
    pub fn build(self) -> Result<ArchivaApi, InvalidConfig> {
        let mut problems = Vec::new();
        let key = self.key.as_ref().map(ApiKey::checked).transpose();
        let key = key.map_err(|problem| problems.push(problem)).ok().flatten();
        let http = Http::new(&self.http).and_then(|http| {
            let events = http.address("/api/ingest/event").map_err(|error| vec![error.chain()])?;
            Ok((http, events))
        });
        let http = http.map_err(|more| problems.extend(more)).ok();
        let is_hosted = http.as_ref().is_some_and(|(http, _)| http.base() == DEFAULT_BASE);
        if self.per_minute < 2 || is_hosted && self.per_minute > MOST_PER_MINUTE {
            problems.push(format!(
                "{} requests per minute are not between 2 and {MOST_PER_MINUTE}, which the service takes",
                self.per_minute
            ));
        }
        match http {
            Some((http, events)) if problems.is_empty() => {
                let account = key.map(|key| Account::new(http.base(), key, self.per_minute));
                Ok(ArchivaApi {
                    inner: Arc::new(Inner {
                        http,
                        events,
                        authentication: self.authentication,
                        retries: self.retries,
                        per_minute: self.per_minute,
                        account: RwLock::new(account),
                    }),
                })
            }
            _ => Err(InvalidConfig::new(problems)),
        }
    }
}
