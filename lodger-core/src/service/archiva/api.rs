//! The client.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};

use super::builder::{Authentication, DEFAULT_BASE, is_hosted};
use super::created::created;
use super::event::Ready;
use super::pace::{Line, Pace, Shut, Turn};
use super::{ArchivaApiBuilder, ArchivaError, CreatedEvent, EventCall, EventPage, ListCall};
use super::{Entry, list};
use crate::event::EventId;
use crate::service::{
    Address, ApiKey, Body, Credential, Http, InvalidConfig, MAX_BODY, Pages, Request, Response, Retries,
};

/// A client of the Archiva API for one project, which its API key names. Cheap to clone; clones share connections, key and
/// rate limit.
///
/// The API key appears in no `Debug` form, error or log.
#[derive(Clone)]
pub struct ArchivaApi {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) http: Http,
    /// Where events go.
    pub(super) events: Address,
    pub(super) project: Option<String>,
    pub(super) authentication: Authentication,
    pub(super) retries: Retries,
    pub(super) per_minute: u32,
    pub(super) account: RwLock<Option<Account>>,
}

/// A key, and what may be sent under it.
#[derive(Clone)]
pub(super) struct Account {
    key: SecretString,
    pace: Arc<Pace>,
}

impl Account {
    /// `key` was checked.
    pub(super) fn new(base: &str, key: SecretString, per_minute: u32) -> Self {
        // However the hosted service is written, it counts for one key.
        let place = if is_hosted(base) { DEFAULT_BASE } else { base };
        let pace = Pace::of(place, &key, per_minute);
        Self { key, pace }
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.pace, &other.pace) && self.key.expose_secret() == other.key.expose_secret()
    }
}

impl ArchivaApi {
    /// Starts a client.
    pub fn builder() -> ArchivaApiBuilder {
        ArchivaApiBuilder::new()
    }

    /// The base address, without a trailing slash.
    #[must_use]
    pub fn base(&self) -> &str {
        self.inner.http.base()
    }

    /// Your [name](ArchivaApiBuilder::project) for the project, where it has one.
    #[must_use]
    pub fn project(&self) -> Option<&str> {
        self.inner.project.as_deref()
    }

    /// Uses another API key from the next request on, in all clones. What waits for its turn goes under the new key, whose
    /// rate limit is its own. It has to be a key of the same project: what waits goes where the new key leads.
    ///
    /// # Errors
    ///
    /// When the key is blank or can't stand in a header; the one in use stays.
    pub fn replace_api_key(&self, key: impl Into<SecretString>) -> Result<(), InvalidConfig> {
        let key = ApiKey::checked(&key.into()).map_err(|problem| InvalidConfig::new(vec![problem]))?;
        let account = Account::new(self.base(), key, self.inner.per_minute);
        *self.inner.account.write().unwrap_or_else(PoisonError::into_inner) = Some(account);
        Ok(())
    }

    /// Records one event (`POST /api/ingest/event`).
    ///
    /// It waits for its turn below the rate limit ([`ArchivaApiBuilder::requests_per_minute`]): usually not at all, in a crowd
    /// of calls behind all that came before. When the service wants to be left alone for longer than its window of 60 s, it
    /// fails at once, as long as that time lasts, or an hour.
    ///
    /// It is made again by the client's [`Retries`] where it has an idempotency key; without one, only where the service
    /// certainly has nothing of it.
    ///
    /// # Errors
    ///
    /// [`ArchivaError`]. [`Invalid`](ArchivaError::Invalid) names the member that the service would refuse; nothing was sent
    /// then. After [`Transport`](ArchivaError::Transport) and [`Unreadable`](ArchivaError::Unreadable) the event may or may
    /// not have been recorded; repeat the call under the same idempotency key.
    ///
    /// # Cancel safety
    ///
    /// Nothing is sent before its turn has come: dropping the future until then costs nobody anything. Dropping it later
    /// leaves open whether the event was recorded, and its place in the rate limit stays used.
    ///
    /// # Durability
    ///
    /// The answer says that the service has the event. Until then it exists in memory only; use the journal where that is not
    /// enough.
    pub async fn create_event(&self, call: EventCall) -> Result<CreatedEvent, ArchivaError> {
        let again = |error: &ArchivaError, has_key| {
            let again = if has_key { error.is_retryable() } else { error.left_nothing() };
            again.then(|| error.retry_after())
        };
        self.create(call, again).await
    }

    /// Records several events, one request each, one after the other, each in its turn below the rate limit. What the service
    /// offers for many at once is not in its documentation.
    ///
    /// There is one result for each, in the order of the calls; one that fails keeps none of the others back. Each has an
    /// idempotency key of its own: that of the call, else a new one.
    ///
    /// One that is over the rate (429 with `Retry-After`, because another process uses the key as well) waits for its next
    /// turn, as those after it do, as often as the client's [`Retries`] allow.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves open which of the events were recorded. Give them idempotency keys, and repeat the call.
    pub async fn create_events(
        &self,
        calls: impl IntoIterator<Item = EventCall>,
    ) -> Vec<Result<CreatedEvent, ArchivaError>> {
        let mut results = Vec::new();
        for call in calls.into_iter().collect::<Vec<_>>() {
            let call = call.with_key(|| format!("event_{}", EventId::mint()));
            // The time that the service named is waited for in the line.
            let again = |error: &ArchivaError, _| match error {
                ArchivaError::RateLimited { retry_after: Some(_), .. } => Some(None),
                error => error.is_retryable().then(|| error.retry_after()),
            };
            results.push(self.create(call, again).await);
        }
        results
    }

    /// Records one event, made again where `again` says so of the error and of whether it has an idempotency key.
    async fn create(
        &self,
        call: EventCall,
        again: impl Fn(&ArchivaError, bool) -> Option<Option<Duration>>,
    ) -> Result<CreatedEvent, ArchivaError> {
        let ready = call.checked()?;
        let once = || async {
            let response = self.post_event(ready.clone(), Line::Calls).await?;
            if !response.is_success() {
                return Err(ArchivaError::of(&response));
            }
            created(&response).ok_or_else(|| ArchivaError::unreadable("names no event", &response))
        };
        let has_key = call.has_key();
        let again = |error: &ArchivaError| again(error, has_key).filter(|_| !is_shut(error));
        self.inner.retries.run(once, again).await
    }

    /// One page of recorded events (`GET /api/events`). Reads don't count for the rate limit.
    ///
    /// # Errors
    ///
    /// [`ArchivaError`]; an answer in which no list of events can be recognised is
    /// [`Unreadable`](ArchivaError::Unreadable), never an empty page.
    ///
    /// # Cancel safety
    ///
    /// Nothing changes at the service: drop the future at any time, repeat the call at will.
    pub async fn list(&self, call: ListCall) -> Result<EventPage, ArchivaError> {
        let retry = |error: &ArchivaError| error.is_retryable().then(|| error.retry_after());
        self.inner.retries.run(|| self.page(&call), retry).await
    }

    /// All recorded events that the call asks for, page by page.
    ///
    /// It ends where a page names no further one, and with [`Repeating`](ArchivaError::Repeating) where a page leads to one that
    /// was there already, holds nothing that none before it had, or is the last of too many empty ones. How the service names
    /// the next page is inferred: where a page has another member that looks like it, the list ends with
    /// [`MaybeMore`](ArchivaError::MaybeMore) after what is on that page.
    pub fn list_all(&self, call: ListCall) -> Pages<Entry, ArchivaError> {
        list::pages(self.clone(), call)
    }

    async fn page(&self, call: &ListCall) -> Result<EventPage, ArchivaError> {
        let credential = match call.token() {
            Some(token) => Credential::Bearer(
                ApiKey::checked(token).map_err(|_| ArchivaError::invalid("bearer", "is no token"))?,
            ),
            None => self.credential(&self.account()?.key),
        };
        let request = Request {
            method: Method::GET,
            address: self
                .inner
                .http
                .address("/api/events")
                .map_err(ArchivaError::Transport)?
                .with_query(call.parameters()),
            headers: Vec::new(),
            credential: Some(credential),
            body: None,
            answer_limit: list::MAX_PAGE,
        };
        let response = self.inner.http.send(request).await.map_err(ArchivaError::Transport)?;
        if !response.is_success() {
            return Err(ArchivaError::of(&response));
        }
        EventPage::read(&response).map_err(|what| ArchivaError::unreadable(what, &response))
    }

    /// So many events may be sent at once.
    pub(crate) fn places(&self) -> usize {
        self.account().map_or(1, |account| account.pace.places())
    }

    /// Sends a finished body once, in its turn.
    pub(crate) async fn post_event(
        &self,
        Ready { body, headers }: Ready,
        line: Line,
    ) -> Result<Response, ArchivaError> {
        let (account, mut turn) = self.turn(line).await?;
        let request = Request {
            method: Method::POST,
            address: self.inner.events.clone(),
            headers,
            credential: Some(self.credential(&account.key)),
            body: Some(Body::json(body)),
            answer_limit: MAX_BODY,
        };
        turn.begin();
        let answer = self.inner.http.send(request).await;
        match &answer {
            Err(error) if !error.may_have_been_sent() => turn.never_left(),
            Err(_) => {}
            Ok(response) => {
                turn.answered();
                if let Some(time) = response.retry_after.filter(|_| response.status == 429) {
                    account.pace.shut(time);
                }
            }
        }
        answer.map_err(ArchivaError::Transport)
    }

    /// A place below the rate limit, and the key that it is for: the one that is in use once it is there.
    async fn turn(&self, line: Line) -> Result<(Account, Turn), ArchivaError> {
        loop {
            let account = self.account()?;
            let turn = account.pace.turn(line, self.inner.http.timeout).await;
            if !self.account()?.is(&account) {
                continue;
            }
            return match turn {
                Ok(turn) => Ok((account, turn)),
                Err(Shut(left)) => Err(ArchivaError::RateLimited { retry_after: Some(left), answer: None }),
            };
        }
    }

    fn account(&self) -> Result<Account, ArchivaError> {
        self.inner
            .account
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or_else(|| ArchivaError::invalid("API key", "is missing: set one with `api_key`"))
    }

    fn credential(&self, key: &SecretString) -> Credential {
        match self.inner.authentication {
            Authentication::Bearer => Credential::Bearer(key.clone()),
            Authentication::ProjectKey => Credential::Header {
                name: reqwest::header::HeaderName::from_static("x-project-key"),
                value: key.clone(),
            },
        }
    }
}

/// The way is closed for longer than any call waits.
fn is_shut(error: &ArchivaError) -> bool {
    matches!(error, ArchivaError::RateLimited { answer: None, .. })
}

impl fmt::Debug for ArchivaApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArchivaApi").field("base", &self.base()).finish_non_exhaustive()
    }
}
