//! The client.

use std::fmt;
use std::sync::Arc;

use reqwest::Method;
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use super::{ApiError, AuditledgeError, EventCall, EventPage, Filter, Logged, Query, StoredEvent, Usage};
use super::{export, paging};
use crate::service::http::{Address, Http, HttpConfig, InvalidConfig, MAX_BODY, MAX_ENTRY_BODY};
use crate::service::{
    ApiKey, Body, Credential, Pages, Request, Response, Retries, TransportError, http_setters, path_segment,
};

/// Where the hosted service is.
pub const DEFAULT_BASE: &str = "https://api.auditledge.com/v1";

/// The most that is read of a page of events, in bytes. A page is held in memory whole.
const MAX_PAGE: usize = 32 * 1024 * 1024;

/// A client of the Auditledge API. Cheap to clone; clones share connections and key.
///
/// The API key appears in no `Debug` form, error or log.
#[derive(Clone)]
pub struct AuditledgeApi {
    inner: Arc<Inner>,
}

struct Inner {
    http: Http,
    /// Where events are.
    events: Address,
    export: Address,
    usage: Address,
    key: ApiKey,
    retries: Retries,
}

impl AuditledgeApi {
    /// Starts a client.
    pub fn builder() -> AuditledgeApiBuilder {
        AuditledgeApiBuilder { key: None, http: HttpConfig::new(DEFAULT_BASE), retries: Retries::default() }
    }

    /// The base address, without a trailing slash.
    #[must_use]
    pub fn base(&self) -> &str {
        self.inner.http.base()
    }

    /// Uses another API key from the next call on, in all clones.
    ///
    /// # Errors
    ///
    /// When the key is blank or can't stand in a header; the one in use stays.
    pub fn replace_api_key(&self, key: impl Into<SecretString>) -> Result<(), InvalidConfig> {
        self.inner.key.replace(&key.into())
    }

    /// Records one event (`POST /events`).
    ///
    /// The service knows no idempotency. The call is made again only where it certainly left nothing behind: it never
    /// reached the service, or was turned away (429) until a time that the service named.
    ///
    /// # Errors
    ///
    /// [`AuditledgeError`]; [`may_be_recorded`](AuditledgeError::may_be_recorded) tells whether the event may be there all
    /// the same. After [`RecordedUnreadable`](AuditledgeError::RecordedUnreadable) it is.
    ///
    /// # Cancel safety
    ///
    /// Nothing is sent before the first poll. Dropping the future later leaves open whether the event was recorded.
    ///
    /// # Durability
    ///
    /// The service answers when the event is stored. Until then it exists in memory only; use the journal where that is
    /// not enough.
    pub async fn log(&self, call: EventCall) -> Result<Logged, AuditledgeError> {
        let body = call.into_body()?;
        let post = || async { read_logged(&self.post_event(body.clone()).await?) };
        let again = |error: &AuditledgeError| {
            let harmless = error.is_retryable() && !error.may_be_recorded();
            // Of the other refusals that nothing came of nobody says so.
            let said = matches!(error, AuditledgeError::Transport(_) | AuditledgeError::QuotaReached(_));
            (harmless && said).then(|| error.retry_after())
        };
        self.inner.retries.run(post, again).await
    }

    /// Reads one page of the events that match (`GET /events`), newest first.
    ///
    /// # Errors
    ///
    /// [`AuditledgeError`]; [`Invalid`](AuditledgeError::Invalid) for a blank filter.
    ///
    /// # Cancel safety
    ///
    /// Nothing changes at the service: drop the future at any time, repeat the call at will.
    pub async fn query(&self, query: impl Into<Query>) -> Result<EventPage, AuditledgeError> {
        let address = self.inner.events.clone().with_query(query.into().pairs()?);
        self.read(address, MAX_PAGE).await
    }

    /// All events that match, from the query's offset on, newest first. Each page is asked for when the one before is used
    /// up.
    ///
    /// The service counts from the newest: what is recorded meanwhile moves older events to the next page. An event that
    /// comes again on one of the next few pages is left out. Give an [`end_date`](Filter::end_date) for a list that doesn't
    /// move.
    ///
    /// The stream ends where the service's total says so. Pages that don't lead there are an
    /// [error](AuditledgeError::Paging), not an end: an empty one before the total is reached, or several that show only what
    /// was there before.
    pub fn query_all(&self, query: impl Into<Query>) -> Pages<StoredEvent, AuditledgeError> {
        paging::all(self.clone(), query.into())
    }

    /// Reads one event (`GET /events/{id}`).
    ///
    /// # Errors
    ///
    /// [`AuditledgeError`]; [`NotFound`](AuditledgeError::NotFound) also where it is another organization's.
    ///
    /// # Cancel safety
    ///
    /// As [`query`](Self::query).
    pub async fn get(&self, id: &str) -> Result<StoredEvent, AuditledgeError> {
        // Of that name is the export of everything.
        let segment = path_segment(id).filter(|segment| segment != "export");
        let segment = segment.ok_or_else(|| {
            AuditledgeError::Invalid("the event's id is blank, or leads elsewhere".to_owned())
        })?;
        let address = self.inner.http.address(&format!("/events/{segment}"));
        self.read(address.map_err(AuditledgeError::Transport)?, MAX_ENTRY_BODY).await
    }

    /// All events that match, without paging (`GET /events/export?format=json`), one by one while they arrive. None but the
    /// one that is arriving is held in memory.
    ///
    /// It may take as long as it takes. The client's [`timeout`](AuditledgeApiBuilder::timeout) is for the time until the
    /// answer begins, and for each silence in it.
    ///
    /// The stream ends where the service's list does. One that breaks off, and an event that can't be read or is longer than
    /// 8 MiB, is an error.
    pub fn export_json(&self, filter: Filter) -> Pages<StoredEvent, AuditledgeError> {
        export::events(self.clone(), filter)
    }

    /// The same as CSV (`GET /events/export?format=csv`): the file in parts as they arrive, cut anywhere. The service's
    /// columns are id, timestamp, actor_id, actor_name, action, resource_type, resource_id, resource_name and
    /// organization_id: neither metadata nor e-mail addresses.
    ///
    /// As [`export_json`](Self::export_json), the stream ends where the file does; one that breaks off is an error.
    pub fn export_csv(&self, filter: Filter) -> Pages<Vec<u8>, AuditledgeError> {
        export::csv(self.clone(), filter)
    }

    /// How much of the plan is used (`GET /usage`). Tells whether the API key is good, too.
    ///
    /// # Errors
    ///
    /// [`AuditledgeError`].
    ///
    /// # Cancel safety
    ///
    /// As [`query`](Self::query).
    pub async fn usage(&self) -> Result<Usage, AuditledgeError> {
        self.read(self.inner.usage.clone(), MAX_BODY).await
    }

    /// Sends a finished body, once.
    pub(crate) async fn post_event(&self, body: Vec<u8>) -> Result<Response, AuditledgeError> {
        let mut request = self.request(Method::POST, self.inner.events.clone(), MAX_ENTRY_BODY)?;
        request.body = Some(Body::json(body));
        self.inner.http.send(request).await.map_err(AuditledgeError::Transport)
    }

    /// Reads one page, once, as it is answered.
    pub(crate) async fn get_events(&self, query: &Query, limit: usize) -> Result<Response, AuditledgeError> {
        let address = self.inner.events.clone().with_query(query.pairs()?);
        self.inner.http.send(self.reading(address, limit)?).await.map_err(AuditledgeError::Transport)
    }

    /// A request to the export.
    pub(super) fn exporting(
        &self,
        filter: &Filter,
        format: &'static str,
    ) -> Result<Request, AuditledgeError> {
        let pairs = std::iter::once(("format", format.to_owned())).chain(filter.pairs()?);
        self.reading(self.inner.export.clone().with_query(pairs), MAX_BODY)
    }

    /// The key in use.
    pub(crate) fn key(&self) -> Option<SecretString> {
        self.inner.key.get()
    }

    pub(super) fn http(&self) -> &Http {
        &self.inner.http
    }

    pub(super) fn retries(&self) -> Retries {
        self.inner.retries
    }

    async fn read<T: DeserializeOwned>(&self, address: Address, limit: usize) -> Result<T, AuditledgeError> {
        let call = || async {
            let request = self.reading(address.clone(), limit)?;
            let response = self.inner.http.send(request).await.map_err(AuditledgeError::Transport)?;
            if !response.is_success() {
                return Err(AuditledgeError::read(&response));
            }
            response.json().map_err(|error| match response.is_longer_than(limit) {
                true => AuditledgeError::TooLong(ApiError::read(&response)),
                false => AuditledgeError::unreadable(&response, what(&error)),
            })
        };
        self.inner.retries.run(call, may_be_read_again).await
    }

    /// A read says what it would send, as the official client does.
    fn reading(&self, address: Address, limit: usize) -> Result<Request, AuditledgeError> {
        let mut request = self.request(Method::GET, address, limit)?;
        request.headers.push(("content-type", "application/json".to_owned()));
        Ok(request)
    }

    fn request(&self, method: Method, address: Address, limit: usize) -> Result<Request, AuditledgeError> {
        let key = self.inner.key.get();
        let key = key.ok_or_else(|| AuditledgeError::Invalid("Auditledge needs an API key".to_owned()))?;
        Ok(Request {
            method,
            address,
            headers: Vec::new(),
            credential: Some(Credential::Bearer(key)),
            body: None,
            answer_limit: limit,
        })
    }
}

impl fmt::Debug for AuditledgeApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditledgeApi").field("base", &self.base()).finish_non_exhaustive()
    }
}

/// Whether the same read may be made again, and when at the earliest.
pub(super) fn may_be_read_again(error: &AuditledgeError) -> Option<Option<std::time::Duration>> {
    error.is_retryable().then(|| error.retry_after())
}

/// What is wrong with JSON. The error's own text may quote what stands there.
pub(super) fn what(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Eof => "it breaks off",
        serde_json::error::Category::Data => "it lacks documented members, or they are of another type",
        _ => "it is no JSON",
    }
}

/// The answer to an event.
fn read_logged(response: &Response) -> Result<Logged, AuditledgeError> {
    if !response.is_success() {
        return Err(AuditledgeError::read(response));
    }
    match response.json::<Logged>() {
        Ok(logged) if logged.success => Ok(logged),
        Ok(_) => Err(AuditledgeError::unreadable(response, "it denies its success")),
        // Only of this status it is documented that the event is stored.
        Err(_) if response.status == 201 => {
            Err(AuditledgeError::RecordedUnreadable(ApiError::read(response)))
        }
        Err(error) => Err(AuditledgeError::unreadable(response, what(&error))),
    }
}

/// Builds an [`AuditledgeApi`].
///
/// # Default
///
/// `https://api.auditledge.com/v1`, up to 2 repeats of reads, 10 s to connect, 30 s for a whole call, no proxy.
#[derive(Debug, Clone)]
#[must_use = "call `build()` to get the client"]
pub struct AuditledgeApiBuilder {
    key: Option<SecretString>,
    http: HttpConfig,
    retries: Retries,
}

impl AuditledgeApiBuilder {
    /// The API key, `al_…`. Surrounding white space is dropped. There is no call without one.
    pub fn api_key(mut self, key: impl Into<SecretString>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Another address, with its version: `https://audit.example/v1`. `https`, unless it is this machine. One trailing
    /// slash is dropped.
    pub fn api_base(mut self, base: impl Into<String>) -> Self {
        self.http.base = base.into();
        self
    }

    http_setters!();

    /// How often a call is made again where that can do no harm. Default: [`Retries::default`].
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// The client.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`] names every problem at once.
    pub fn build(self) -> Result<AuditledgeApi, InvalidConfig> {
        let mut problems = Vec::new();
        if self.key.is_none() {
            problems.push("the API key is missing: set one with `api_key`".to_owned());
        }
        let key = ApiKey::new(self.key.as_ref()).map_err(|problem| problems.push(problem));
        let http = Http::new(&self.http).and_then(|http| {
            let address = |path| http.address(path).map_err(|error: TransportError| vec![error.chain()]);
            let (events, export) = (address("/events")?, address("/events/export")?);
            let usage = address("/usage")?;
            Ok((http, events, export, usage))
        });
        match (http, key) {
            (Ok((http, events, export, usage)), Ok(key)) if problems.is_empty() => {
                let retries = self.retries;
                Ok(AuditledgeApi { inner: Arc::new(Inner { http, events, export, usage, key, retries }) })
            }
            (Ok(_), _) => Err(InvalidConfig::new(problems)),
            (Err(more), _) => {
                problems.extend(more);
                Err(InvalidConfig::new(problems))
            }
        }
    }
}
