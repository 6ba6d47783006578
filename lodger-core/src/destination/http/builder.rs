//! What a batched HTTP destination can be told.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::{Compression, Format, HttpDestination, Inner};
use crate::service::{Credential, Http, HttpConfig, InvalidConfig, http_setters, is_header_value, is_key};

/// 500 events …
const MAX_EVENTS: usize = 500;

/// … or 512 KiB of them: below the limits that receivers come with (nginx in front of one: 1 MiB, Fluent Bit: 4 MiB).
const MAX_BYTES: usize = 512 * 1024;

/// A request that takes longer leaves the pipeline no time for an answer about each event.
const LONGEST: Duration = Duration::from_secs(2 * 60);

/// Builds an [`HttpDestination`].
///
/// # Default
///
/// NDJSON, not compressed, no credential, no further headers; 500 events or 512 KiB a request, 4 requests at a time, 10 s to
/// connect, 30 s for a whole request (2 minutes at most), no proxy.
#[derive(Debug, Clone)]
#[must_use = "call `build()` to get the destination"]
pub struct HttpDestinationBuilder {
    http: HttpConfig,
    format: Format,
    compression: Compression,
    credential: Option<Credential>,
    max_events: usize,
    max_bytes: usize,
    max_in_flight: usize,
    /// What the setters found.
    problems: Vec<String>,
}

impl HttpDestinationBuilder {
    pub(super) fn new(url: String) -> Self {
        Self {
            http: HttpConfig::new(url),
            format: Format::default(),
            compression: Compression::default(),
            credential: None,
            max_events: MAX_EVENTS,
            max_bytes: MAX_BYTES,
            max_in_flight: 4,
            problems: Vec::new(),
        }
    }

    /// How events are put together. Default: [`Format::NdJson`].
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// How a batch is compressed. Default: [`Compression::None`]; the others need the features `gzip` and `zstd`.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Sends this token as `Authorization: Bearer …`. Surrounding white space is dropped.
    ///
    /// Tokens, passwords and keys appear in no `Debug` form, error or log, and can be
    /// [replaced](super::super::Destination::replace_api_key) while events are being sent.
    pub fn bearer_token(self, token: impl Into<SecretString>) -> Self {
        self.credential(Ok(Credential::Bearer(trimmed(&token.into()))))
    }

    /// Sends user and password as `Authorization: Basic …`.
    pub fn basic_auth(self, user: impl Into<String>, password: impl Into<SecretString>) -> Self {
        self.credential(Ok(Credential::Basic { user: user.into(), password: password.into() }))
    }

    /// Sends this key in a header of the receiver's own, such as `x-api-key`. Surrounding white space is dropped.
    pub fn key_header(self, name: impl AsRef<str>, key: impl Into<SecretString>) -> Self {
        let value = trimmed(&key.into());
        self.credential(header_name(name.as_ref()).map(|name| Credential::Header { name, value }))
    }

    /// Sends this header with every request. For a secret there is [`key_header`](Self::key_header).
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        match header(name.as_ref(), value.as_ref()) {
            Ok((name, value)) => drop(self.http.headers.append(name, value)),
            Err(problem) => self.problems.push(problem),
        }
        self
    }

    /// How many events a request holds at most. Default: 500.
    pub fn max_events(mut self, events: usize) -> Self {
        self.max_events = events;
        self
    }

    /// How many bytes the events of a request have at most, before compression. An event that is larger goes alone.
    /// Default: 512 KiB.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How many requests are under way at a time. Default: 4.
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.max_in_flight = requests;
        self
    }

    http_setters!();

    /// The destination.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`] names every problem at once.
    pub fn build(mut self) -> Result<HttpDestination, InvalidConfig> {
        self.check_limits();
        let mut problems = self.problems;
        let path = if self.http.base.ends_with('/') { "/" } else { "" };
        let http = Http::new(&self.http).and_then(|http| {
            let address = http.address(path).map_err(|error| vec![error.chain()])?;
            Ok((http, address))
        });
        match http {
            Ok((http, address)) if problems.is_empty() => Ok(HttpDestination {
                inner: Arc::new(Inner {
                    http,
                    address,
                    credential: RwLock::new(self.credential),
                    format: self.format,
                    compression: self.compression,
                    max_events: self.max_events,
                    max_bytes: AtomicUsize::new(self.max_bytes),
                    max_in_flight: self.max_in_flight,
                }),
            }),
            Ok(_) => Err(InvalidConfig::new(problems)),
            Err(more) => {
                problems.extend(more);
                Err(InvalidConfig::new(problems))
            }
        }
    }

    fn credential(mut self, credential: Result<Credential, String>) -> Self {
        if self.credential.is_some() {
            self.problems
                .push("there is more than one credential; give a token, a password or a key".to_owned());
        }
        match credential.and_then(|credential| check(&credential).map(|()| credential)) {
            Ok(credential) => self.credential = Some(credential),
            Err(problem) => self.problems.push(problem),
        }
        self
    }

    fn check_limits(&mut self) {
        for (what, limit) in [
            ("events in a request", self.max_events),
            ("bytes in a request", self.max_bytes),
            ("requests at a time", self.max_in_flight),
        ] {
            if limit == 0 {
                let problem = format!("there may be no {what}; allow at least 1, or leave the limit out");
                self.problems.push(problem);
            }
        }
        if self.http.timeout > LONGEST {
            let problem =
                "the timeout is longer than 2 minutes; a receiver that needs longer needs smaller batches";
            self.problems.push(problem.to_owned());
        }
    }
}

/// Without the white space that files and shells leave around it.
fn trimmed(secret: &SecretString) -> SecretString {
    SecretString::from(secret.expose_secret().trim())
}

/// Whether it can be sent; if not, why, without a word of the secret.
pub(super) fn check(credential: &Credential) -> Result<(), String> {
    let (what, fits) = match credential {
        Credential::Bearer(token) => ("token", is_key(token.expose_secret())),
        Credential::Basic { user, .. } if user.contains(':') => {
            return Err("the user has a colon in it, which no server can tell from the password".to_owned());
        }
        // Anything goes: it is sent in base64.
        Credential::Basic { password, .. } => ("password", !password.expose_secret().is_empty()),
        Credential::Header { value, .. } => {
            ("key", !value.expose_secret().is_empty() && is_header_value(value.expose_secret()))
        }
    };
    if fits {
        return Ok(());
    }
    Err(format!("the {what} is blank, or holds characters that can't be sent; copy it again"))
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let name = header_name(name)?;
    if [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LENGTH].contains(&name) {
        return Err(format!("the header `{name}` follows from format and compression; leave it out"));
    }
    let value = HeaderValue::from_str(value).ok().filter(|_| is_header_value(value));
    let mut value =
        value.ok_or_else(|| format!("the header `{name}` may hold visible ASCII and inner spaces only"))?;
    // It may be a secret all the same, and nobody needs to see it.
    value.set_sensitive(true);
    Ok((name, value))
}

fn header_name(name: &str) -> Result<HeaderName, String> {
    name.parse().map_err(|_| "a header's name may hold letters, digits and hyphens only".to_owned())
}
