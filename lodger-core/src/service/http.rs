//! The one place that owns HTTP.
//!
//! Whatever a hosted service or a network in between may do is bounded here: redirects are never followed (they
//! would carry the key elsewhere), no proxy is used unless asked for, both a connection and a whole exchange have
//! a time limit, and no more of an answer is read than its request allows. TLS is rustls on ring with the platform's
//! roots, built for this client alone: no process-wide provider is installed, so an application may choose
//! another.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::Url;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};

use super::mask::Mask;
use super::message::{Request, Response};
use super::{TransportError, header_value, retry_after};

/// The most that is read of an answer to an event, in bytes: twenty times the longest documented receipt, and
/// nothing that hurts when 64 answers are under way.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// The most that is read of an answer that holds a recorded event, in bytes: sixteen times the largest event of this
/// crate ([`MAX_EVENT_BYTES`](crate::event::limits::MAX_EVENT_BYTES)), however the service escapes it.
pub(crate) const MAX_ENTRY_BODY: usize = 1024 * 1024;

/// The most that is read of an answer that holds a page of recorded events, in bytes: 256 of the largest events of this
/// crate, or 16,000 of those that people record.
pub(crate) const MAX_PAGE_BODY: usize = 16 * 1024 * 1024;

/// How a client reaches its service.
#[derive(Clone)]
pub(crate) struct HttpConfig {
    /// Scheme, host and perhaps a path prefix; one trailing slash is dropped.
    pub(crate) base: String,
    /// Whether plain `http` is allowed to hosts that are not this machine.
    pub(crate) allow_plain_http: bool,
    /// A proxy's address. `None` means no proxy, whatever the environment says.
    pub(crate) proxy: Option<String>,
    pub(crate) connect_timeout: Duration,
    /// For the whole exchange, from connecting to the last byte of the answer.
    pub(crate) timeout: Duration,
    /// Sent with every request.
    pub(crate) headers: HeaderMap,
}

impl HttpConfig {
    pub(crate) fn new(base: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            allow_plain_http: false,
            proxy: None,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            headers: HeaderMap::new(),
        }
    }
}

/// Nobody has checked the addresses yet: either may hold a password.
impl fmt::Debug for HttpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { base, allow_plain_http, proxy, connect_timeout, timeout, headers } = self;
        f.debug_struct("HttpConfig")
            .field("base", &without_secrets(base))
            .field("allow_plain_http", allow_plain_http)
            .field("proxy", &if proxy.is_some() { "set" } else { "none" })
            .field("connect_timeout", connect_timeout)
            .field("timeout", timeout)
            .field("headers", headers)
            .finish()
    }
}

/// The address without user, password, query and fragment; none of it where it is no address.
fn without_secrets(base: &str) -> String {
    let Ok(mut url) = Url::parse(base) else { return "no address".to_owned() };
    if url.set_username("").and_then(|()| url.set_password(None)).is_err() {
        return "no address of a server".to_owned();
    }
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// A client can't be built from its configuration. Names every problem and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", problems.join("; "))]
pub struct InvalidConfig {
    problems: Vec<String>,
}

impl InvalidConfig {
    pub(crate) fn new(problems: Vec<String>) -> Self {
        Self { problems }
    }

    /// Every problem, one sentence each.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

/// A connection pool to one service. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    pub(super) client: reqwest::Client,
    base: String,
    /// For a whole exchange; where an answer may take as long as it takes, for its beginning and for each silence in it.
    pub(super) timeout: Duration,
}

/// Where a request goes. Reading an address costs as much as sending to it: those that are used often are kept.
#[derive(Debug, Clone)]
pub(crate) struct Address(Url);

impl Address {
    /// The address with these parameters behind it, form-encoded as by the official clients: a space is `+` (WHATWG URL,
    /// "application/x-www-form-urlencoded").
    pub(crate) fn with_query<'a>(mut self, parameters: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        for (name, value) in parameters {
            self.0.query_pairs_mut().append_pair(name, &value);
        }
        self
    }
}

impl Http {
    /// # Errors
    ///
    /// One sentence a problem.
    pub(crate) fn new(config: &HttpConfig) -> Result<Self, Vec<String>> {
        let base = config.base.strip_suffix('/').unwrap_or(&config.base);
        let url = check_base(base, config.allow_plain_http).map_err(|problem| vec![problem])?;
        // One place has one name, however it was written: the host in lower case, no default port, no dot segments.
        // The parser adds a slash to a bare host; one that is there on purpose, as the second of two, stays.
        let added = url.as_str().strip_suffix('/').filter(|_| !base.ends_with('/'));
        let base = added.unwrap_or(url.as_str()).to_owned();
        let tls = tls(url.scheme() == "https").map_err(|problem| vec![problem])?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .connect_timeout(config.connect_timeout)
            .timeout(config.timeout)
            .default_headers(config.headers.clone())
            .user_agent(concat!("lodger-rust/", env!("CARGO_PKG_VERSION")));
        if let Some(proxy) = &config.proxy {
            let proxy = reqwest::Proxy::all(proxy).map_err(|_| {
                vec!["the proxy is not an address such as http://proxy.internal:3128".to_owned()]
            })?;
            builder = builder.proxy(proxy);
        }
        let client = builder
            .build()
            .map_err(|error| vec![format!("the HTTP client can't be built: {}", error.without_url())])?;
        Ok(Self { client, base, timeout: config.timeout })
    }

    /// The base address as parsed (WHATWG URL), without a trailing slash. Journals know destinations by it.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The address of a path below the base, percent-encoded, with a leading slash.
    ///
    /// # Errors
    ///
    /// When the two make none.
    pub(crate) fn address(&self, path: &str) -> Result<Address, TransportError> {
        let url = Url::parse(&format!("{}{path}", self.base));
        url.map(Address).map_err(|error| TransportError::not_sent("the request has no valid address", error))
    }

    /// Makes one request.
    ///
    /// # Errors
    ///
    /// When no status line came back. A body that broke off is an answer all the same: the status stands.
    pub(crate) async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.send_with(request, HeaderMap::new()).await
    }

    /// Makes one request with more headers than its client knows. The request's own win.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub(crate) async fn send_with(
        &self,
        request: Request,
        more: HeaderMap,
    ) -> Result<Response, TransportError> {
        let (credential, limit) = (request.credential.clone(), request.answer_limit);
        let mut answer = self.client.execute(outgoing(request, more)?).await.map_err(TransportError::new)?;
        let mut response = head(&answer);
        (response.body, response.whole) = read_body(&mut answer, limit, Mask::new(credential)).await;
        Ok(response)
    }
}

/// The request as it leaves, with more headers than its client knows. The request's own win.
///
/// # Errors
///
/// When a header or the credential can't be sent.
pub(super) fn outgoing(request: Request, more: HeaderMap) -> Result<reqwest::Request, TransportError> {
    let mut call = reqwest::Request::new(request.method, request.address.0);
    let headers = call.headers_mut();
    *headers = more;
    for (name, value) in request.headers {
        let value = header_value(&value).ok_or_else(|| {
            TransportError::not_sent("a header can't be sent", "it holds characters that are not in Latin-1")
        })?;
        headers.insert(HeaderName::from_static(name), value);
    }
    if let Some(credential) = &request.credential {
        let (name, value) = credential.header()?;
        headers.insert(name, value);
    }
    if let Some(body) = request.body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(body.content_type));
        if let Some(encoding) = body.encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        *call.body_mut() = Some(body.bytes.into());
    }
    Ok(call)
}

/// What stands above an answer's body.
pub(super) fn head(answer: &reqwest::Response) -> Response {
    let text = |name| answer.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    Response {
        status: answer.status().as_u16(),
        retry_after: text(RETRY_AFTER).and_then(|value| retry_after::parse(value, SystemTime::now())),
        content_type: text(CONTENT_TYPE).map(str::to_owned),
        whole: false,
        body: Vec::new(),
    }
}

/// At most `limit` bytes, masked, or what came before it broke off, and whether that is all. What stays unread closes the
/// connection.
async fn read_body(answer: &mut reqwest::Response, limit: usize, mut mask: Mask) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let (part, end) = match answer.chunk().await {
            Ok(Some(chunk)) => (mask.part(&chunk), None),
            end => (mask.rest(), Some(end.is_ok())),
        };
        let room = limit - body.len();
        body.extend_from_slice(part.get(..room).unwrap_or(&part));
        if part.len() > room {
            return (body, false);
        }
        if let Some(whole) = end {
            return (body, whole);
        }
    }
}

fn check_base(base: &str, allow_plain_http: bool) -> Result<Url, String> {
    let url = Url::parse(base)
        .map_err(|error| format!("the base address is not one such as https://lodger.dev: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the base address holds a user name or password; leave them out".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the base address holds a query or fragment; leave them out".to_owned());
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if allow_plain_http || is_loopback(&url) => Ok(url),
        "http" => Err(format!(
            "the base address {base} would send the key and the events unencrypted; use https, or allow it with \
             `allow_plain_http()`"
        )),
        other => Err(format!("the base address starts with {other}:; use https")),
    }
}

fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    if host == "localhost" {
        return true;
    }
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// `verify` false is for plain `http`, which never looks at the result: it needs no roots, so a container without
/// certificates can still talk to its own machine. Nothing would be trusted.
fn tls(verify: bool) -> Result<rustls::ClientConfig, String> {
    use rustls_platform_verifier::BuilderVerifierExt as _;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS can't be set up: {error}"))?;
    let roots = if verify {
        versions.with_platform_verifier().map_err(|error| {
            format!("no trusted certificates were found on this machine, install ca-certificates: {error}")
        })?
    } else {
        versions.with_root_certificates(rustls::RootCertStore::empty())
    };
    let mut config = roots.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Credential;

    fn problem(base: &str) -> String {
        check_base(base, false).unwrap_err()
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for base in ["http://127.0.0.1:8080", "http://127.8.9.1", "http://localhost:1", "http://[::1]:3000/x"]
        {
            assert!(check_base(base, false).is_ok(), "{base}");
        }
        for base in
            ["http://lodger.dev", "http://127.0.0.1.nip.io", "http://localhost.example", "http://10.0.0.1"]
        {
            assert!(problem(base).contains("use https"), "{base}");
            assert!(check_base(base, true).is_ok(), "{base}");
        }
        assert!(check_base("https://lodger.dev", false).is_ok());
    }

    #[test]
    fn a_base_with_anything_else_in_it_is_refused() {
        assert!(problem("lodger.dev").contains("such as https://lodger.dev"));
        assert!(problem("ftp://lodger.dev").contains("use https"));
        assert!(problem("https://lodger.dev?x=1").contains("query"));
        let credentials = problem("https://me:canary@lodger.dev");
        assert!(credentials.contains("leave them out") && !credentials.contains("canary"), "{credentials}");
    }

    #[test]
    fn a_configuration_shows_where_it_leads_and_no_password() {
        for (base, shown) in [
            ("https://lodger.dev/audit", "https://lodger.dev/audit"),
            ("https://me:canary@lodger.dev/audit?key=canary#canary", "https://lodger.dev/audit"),
            ("https://canary@lodger.dev", "https://lodger.dev/"),
            ("me:canary@lodger.dev", "no address of a server"),
            ("//me:canary@lodger.dev", "no address"),
        ] {
            let config = HttpConfig {
                proxy: Some("http://me:canary@proxy.internal:3128".to_owned()),
                ..HttpConfig::new(base)
            };
            let text = format!("{config:?}");
            assert!(!text.contains("canary"), "{text}");
            let begin = format!(r#"HttpConfig {{ base: "{shown}", allow_plain_http: false, proxy: "set", "#);
            assert!(text.starts_with(&begin), "{text}");
        }
        assert!(format!("{:?}", HttpConfig::new("https://lodger.dev")).contains(r#"proxy: "none""#));
    }

    fn base(text: &str) -> String {
        Http::new(&HttpConfig::new(text)).unwrap().base().to_owned()
    }

    #[test]
    fn one_place_has_one_name() {
        for (text, name) in [
            // As journals have had them since ever.
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://localhost:8080/Audit/v1", "http://localhost:8080/Audit/v1"),
            ("http://LocalHost:80/", "http://localhost"),
            ("HTTP://localhost:0080/Audit/./v1/", "http://localhost/Audit/v1"),
            ("http://localhost//", "http://localhost/"),
            ("http://localhost/audit//", "http://localhost/audit/"),
            ("http://[0:0:0:0:0:0:0:1]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(base(text), name, "{text}");
        }
        let name = |text: &str| check_base(text, false).unwrap().to_string();
        for text in ["https://lodger.dev", "https://LODGER.dev:443/"] {
            assert_eq!(name(text), "https://lodger.dev/", "{text}");
        }
    }

    #[test]
    fn what_can_not_be_sent_is_no_trouble_of_the_network() {
        let http = Http::new(&HttpConfig::new("http://127.0.0.1:1")).unwrap();
        let with = |value: &str, key: &str| Request {
            method: reqwest::Method::GET,
            address: http.address("/").unwrap(),
            headers: vec![("x-request-id", value.to_owned())],
            credential: Some(Credential::Bearer(key.into())),
            body: None,
            answer_limit: MAX_BODY,
        };
        let sent = outgoing(with("\u{fc}-1", "canary"), HeaderMap::new()).unwrap();
        assert_eq!(sent.headers()["x-request-id"].as_bytes(), b"\xfc-1");
        for (value, key) in [("\u{100}", "canary"), ("a\nb", "canary"), ("1", "can\nary")] {
            let error = outgoing(with(value, key), HeaderMap::new()).unwrap_err();
            assert!(error.can_not_be_sent() && !error.may_have_been_sent(), "{value}");
            assert!(!error.chain().contains("ary"), "{error:?}");
        }
        let broken = TransportError::broken("the service fell silent", "x");
        assert!(broken.may_have_been_sent() && !broken.can_not_be_sent());
    }

    #[test]
    fn one_trailing_slash_is_dropped() {
        assert_eq!(base("http://127.0.0.1:1/"), "http://127.0.0.1:1");
        assert_eq!(base("http://127.0.0.1:1/audit/"), "http://127.0.0.1:1/audit");
    }
}
