//! Building a client.

use std::sync::{Arc, RwLock};

use reqwest::Url;
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
    project: Option<String>,
    authentication: Authentication,
    per_minute: u32,
    retries: Retries,
    http: HttpConfig,
}

impl ArchivaApiBuilder {
    pub(super) fn new() -> Self {
        Self {
            key: None,
            project: None,
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

    /// A name for the project that the key belongs to: yours, and never sent. Default: none.
    ///
    /// It is part of what a journal knows the destination by. With it, one client can have several projects, and what waits
    /// for one of them is not taken over by another. Give it from the beginning: a name that is new, changed or gone makes
    /// another destination, which doesn't take over what waits for the one before. Surrounding white space is dropped.
    pub fn project(mut self, name: impl Into<String>) -> Self {
        self.project = Some(name.into());
        self
    }

    /// How the key is shown. Default: as a bearer.
    pub fn authentication(mut self, authentication: Authentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// At most so many events are sent in any 60 s, by everything in this process that uses this key at this address: direct
    /// calls, clones and destinations. From 2 to 99; more only at another host than the service's own. Default: 99.
    ///
    /// Each process counts for itself: with several that send under one key at the same time, divide 99 by their number. A
    /// process that was started again doesn't know what the one before it sent. So that both together stay within the limit,
    /// a seventh of it may go at once and six sevenths in any minute: by default 14 in any 10 s, 84 in any minute, 98 in one
    /// with a restart. Started several times a minute it may be too much, which the service says (429) and no event is lost
    /// by.
    ///
    /// A request that ended without an answer may still be on its way, so the next one on its place waits for a minute: while
    /// answers are lost, 14 go a minute, or fewer.
    pub fn requests_per_minute(mut self, most: u32) -> Self {
        self.per_minute = most;
        self
    }

    /// How often a direct call is made again. Default: up to 2 times. A destination's events are tried again by the pipeline.
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// Another address than the hosted service's. `https`, unless it is this machine. One trailing slash is dropped, and the
    /// same address in another spelling (case of the host, default port) is the same place.
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
        let is_hosted = http.as_ref().is_some_and(|(http, _)| is_hosted(http.base()));
        let project = self.project.map(|name| name.trim().to_owned());
        if project.as_ref().is_some_and(String::is_empty) {
            problems.push("the project's name is blank; leave it out".to_owned());
        }
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
                        project,
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

/// Whether a base address leads to the hosted service, by any port, path or protocol.
pub(super) fn is_hosted(base: &str) -> bool {
    let host = |base| Url::parse(base).ok().and_then(|url| url.host_str().map(str::to_owned));
    // A name with a dot at its end is the same name (RFC 1034 section 3.1).
    host(base)
        .is_some_and(|name| Some(name.strip_suffix('.').unwrap_or(&name)) == host(DEFAULT_BASE).as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosted_service_is_known_in_any_spelling() {
        for base in [
            "https://api.archiva.app",
            "https://api.archiva.app/",
            "https://API.Archiva.APP:443/",
            "https://api.archiva.app./",
            "https://api.archiva.app:8443/v2",
            "https://%61pi.archiva.app",
        ] {
            let build = |most| ArchivaApi::builder().api_base(base).requests_per_minute(most).build();
            assert!(build(99).is_ok(), "{base}");
            let refused = build(100).unwrap_err().to_string();
            assert!(refused.contains("100 requests per minute are not between 2 and 99"), "{refused}");
        }
        for base in ["http://127.0.0.1:1", "https://archiva.app.example", "https://xapi.archiva.app"] {
            assert!(!is_hosted(base), "{base}");
        }
    }

    #[test]
    fn a_project_has_a_name_or_none() {
        let build = |name: &str| ArchivaApi::builder().project(name).build();
        assert_eq!(build(" billing\n").unwrap().project(), Some("billing"));
        assert_eq!(build(" ").unwrap_err().to_string(), "the project's name is blank; leave it out");
        assert_eq!(ArchivaApi::builder().build().unwrap().project(), None);
    }
}
