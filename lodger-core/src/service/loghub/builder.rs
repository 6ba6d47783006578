//! How a client is made.

use std::sync::Arc;

use reqwest::header::{HeaderName, HeaderValue};
use secrecy::SecretString;

use super::LogHubApi;
use super::api::Inner;
use crate::service::{ApiKey, Http, HttpConfig, InvalidConfig, Retries, http_setters, is_header_value};

/// Where the hosted service is.
pub const DEFAULT_BASE: &str = "https://api.loghub.app/v1";

/// Builds a [`LogHubApi`].
///
/// # Default
///
/// `https://api.loghub.app/v1`, no token, 10 s to connect, 30 s for a whole call, no proxy, up to 2 repeats.
#[derive(Debug, Clone)]
#[must_use = "call `build()` to get the client"]
pub struct LogHubApiBuilder {
    organization: String,
    token: Option<SecretString>,
    http: HttpConfig,
    retries: Retries,
}

impl LogHubApiBuilder {
    pub(super) fn new(organization: String) -> Self {
        Self { organization, token: None, http: HttpConfig::new(DEFAULT_BASE), retries: Retries::default() }
    }

    /// The token, which belongs to one project. Required. Surrounding white space is dropped.
    pub fn token(mut self, token: impl Into<SecretString>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Another address of the service, with or without the `/v1` at its end. `https`, unless it is this machine. One
    /// trailing slash is dropped.
    pub fn api_base(mut self, base: impl Into<String>) -> Self {
        self.http.base = base.into();
        self
    }

    http_setters!();

    /// How a direct call is made again. A list is whenever that may help; an event, which the service would record twice, only
    /// when it certainly never left, or was answered 429. Default: [`Retries::default`].
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`] names every problem at once.
    pub fn build(mut self) -> Result<LogHubApi, InvalidConfig> {
        let mut problems = Vec::new();
        let organization = self.organization.trim().to_owned();
        if organization.is_empty() {
            problems.push("the organization id is blank; LogHub needs one with every call".to_owned());
        } else if !is_header_value(&organization) {
            problems.push("the organization id may hold visible ASCII and spaces only".to_owned());
        } else if let Ok(mut value) = HeaderValue::try_from(&organization) {
            value.set_sensitive(true);
            self.http.headers.insert(HeaderName::from_static("organization"), value);
        }
        if self.token.is_none() {
            problems.push("every LogHub call needs a token: set one with `token`".to_owned());
        }
        let token = ApiKey::new(self.token.as_ref())
            .map_err(|problem| problems.push(problem.replace("the API key", "the token")));
        // The base with and without the version is the same place, and must have the same identity as a destination.
        let base = self.http.base.strip_suffix('/').unwrap_or(&self.http.base);
        self.http.base = base.strip_suffix("/v1").unwrap_or(base).to_owned();
        let http = Http::new(&self.http).and_then(|http| {
            let address = |path| http.address(path).map_err(|error| vec![error.chain()]);
            Ok((address("/v1/event")?, address("/v1/events/")?, http))
        });
        match (http, token) {
            (Ok((event, events, http)), Ok(token)) if problems.is_empty() => Ok(LogHubApi {
                inner: Arc::new(Inner { http, event, events, organization, token, retries: self.retries }),
            }),
            (Ok(_), _) => Err(InvalidConfig::new(problems)),
            (Err(more), _) => {
                problems.extend(more);
                Err(InvalidConfig::new(problems))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder() -> LogHubApiBuilder {
        LogHubApi::builder("org_1").token("canary")
    }

    #[test]
    fn the_base_is_the_same_with_and_without_the_version() {
        for base in
            ["http://127.0.0.1:1", "http://127.0.0.1:1/", "http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1/"]
        {
            assert_eq!(builder().api_base(base).build().unwrap().base(), "http://127.0.0.1:1", "{base}");
        }
        assert_eq!(builder().build().unwrap().base(), "https://api.loghub.app");
        let prefixed = builder().api_base("http://localhost:1/audit/v1").build().unwrap();
        assert_eq!(prefixed.base(), "http://localhost:1/audit");
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let invalid = LogHubApi::builder(" ").api_base("http://loghub.internal").build().unwrap_err();
        let problems = invalid.to_string();
        for word in ["organization id is blank", "needs a token", "use https"] {
            assert!(problems.contains(word), "{problems}");
        }
        let invalid = LogHubApi::builder("a\r\nb").token("canary canary").build().unwrap_err().to_string();
        assert!(invalid.contains("visible ASCII") && invalid.contains("the token holds"), "{invalid}");
        assert!(!invalid.contains("canary"), "{invalid}");
    }

    #[test]
    fn the_token_is_never_shown() {
        let api = builder().build().unwrap();
        let refused = api.replace_token("canary canary").unwrap_err();
        assert!(refused.to_string().starts_with("the token holds"), "{refused}");
        let text = format!("{:?}{api:?}{refused:?}", builder());
        assert!(!text.contains("canary"), "{text}");
    }
}
