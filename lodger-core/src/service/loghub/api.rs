//! The client.

use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::time::Duration;

use super::error::ApiError;
use super::{Created, EventCall, ListCall, ListedEvent, LogHubApiBuilder, LogHubError, Verdict, answer};
use crate::service::pages::Page;
use crate::service::{
    Address, ApiKey, Body, Credential, Http, InvalidConfig, MAX_BODY, Pages, Request, Response, Retries,
};
use reqwest::Method;
use reqwest::header::HeaderName;
use secrecy::SecretString;

/// The most that is read of a page, in bytes for each of its events: four times the largest event of this crate
/// ([`MAX_EVENT_BYTES`](crate::event::limits::MAX_EVENT_BYTES)), for what the service adds and how it escapes.
const MAX_LISTED: usize = 256 * 1024;

/// A client of the LogHub API for one organization and the project of its token. Cheap to clone; clones share connections
/// and token.
///
/// Every call carries two headers, `token` and `organization`. Redirects are not followed, since they might carry the token
/// elsewhere or lose it. The token appears in no `Debug` form, error or log.
#[derive(Clone)]
pub struct LogHubApi {
    pub(super) inner: std::sync::Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) http: Http,
    /// Where events go: singular.
    pub(super) event: Address,
    /// Where they are listed: plural, with the slash.
    pub(super) events: Address,
    pub(super) organization: String,
    pub(super) token: ApiKey,
    pub(super) retries: Retries,
}

impl LogHubApi {
    /// Starts a client for the organization of this id (a UUID).
    pub fn builder(organization: impl Into<String>) -> LogHubApiBuilder {
        LogHubApiBuilder::new(organization.into())
    }

    /// The base address, without the version and a trailing slash.
    #[must_use]
    pub fn base(&self) -> &str {
        self.inner.http.base()
    }

    /// The organization's id.
    #[must_use]
    pub fn organization(&self) -> &str {
        &self.inner.organization
    }

    /// Uses another token from the next call on, in all clones.
    ///
    /// # Errors
    ///
    /// When the token is blank or can't stand in a header; the one in use stays.
    pub fn replace_token(&self, token: impl Into<SecretString>) -> Result<(), InvalidConfig> {
        self.inner.token.replace(&token.into()).map_err(|invalid| {
            let named = |problem: &String| problem.replace("the API key", "the token");
            InvalidConfig::new(invalid.problems().iter().map(named).collect())
        })
    }

    /// Records one event (`POST /v1/event`).
    ///
    /// The service recognises no repeat. So the call is made [again](LogHubApiBuilder::retries) only when the first one
    /// certainly never left, or was answered 429.
    ///
    /// # Errors
    ///
    /// [`LogHubError`]. After [`LogHubError::Transport`], [`LogHubError::Unreadable`] and a 5xx nobody knows whether the event
    /// is there. To be able to tell, put an id of your own into the metadata and look for it with [`events`](Self::events).
    ///
    /// # Cancel safety
    ///
    /// Nothing is sent before the first poll. Dropping the future later leaves open whether the event was recorded.
    ///
    /// # Durability
    ///
    /// What an answer promises is not documented. Until it is there the event exists in memory only; use the journal where
    /// that is not enough.
    pub async fn create(&self, call: EventCall) -> Result<Created, LogHubError> {
        call.check()?;
        let body = serde_json::to_vec(&call)
            .map_err(|error| LogHubError::Invalid(format!("the event can't become JSON: {error}")))?;
        let create = || async {
            let response = self.post_event(body.clone()).await?;
            let data = answer::one(&response)?;
            serde_json::from_value(data).map_err(|_| LogHubError::Unreadable(ApiError::read(&response)))
        };
        self.inner.retries.run(create, again_unless_recorded).await
    }

    /// One page of what was recorded (`GET /v1/events/`).
    ///
    /// # Errors
    ///
    /// [`LogHubError`]. A page of which one envelope says that it failed is an error as a whole.
    ///
    /// # Cancel safety
    ///
    /// Nothing is sent before the first poll, and nothing changes at the service.
    pub async fn list(&self, call: ListCall) -> Result<Vec<ListedEvent>, LogHubError> {
        call.query()?;
        let list = || async {
            let response = self.get_events(&call).await?;
            let events = answer::all(&response)?.into_iter().map(serde_json::from_value);
            events.collect::<Result<_, _>>().map_err(|_| LogHubError::Unreadable(ApiError::read(&response)))
        };
        let again = |error: &LogHubError| error.is_retryable().then(|| error.retry_after());
        self.inner.retries.run(list, again).await
    }

    /// Everything that was recorded, page by page.
    ///
    /// The service says neither how much there is nor that a page is the last one. It ends with a page that holds fewer events
    /// than the limit (inferred). That pages are counted from 0 is inferred, too: where page 1 is page 0 again, as at a service
    /// that counts from 1, it is passed over. Any other page that holds the same events as one before ends it with
    /// [`LogHubError::Repeating`], so that neither a service that answers every page alike is read for ever, nor a part is taken
    /// for everything.
    ///
    /// Newest first, what is recorded in the meantime moves events to the next page, where they are read once more; where it is
    /// exactly a page, that one repeats. [`Order::OldestFirst`](super::Order::OldestFirst) knows no such trouble.
    pub fn events(&self, call: ListCall) -> Pages<ListedEvent, LogHubError> {
        Pages::new(page(self.clone(), call, HashSet::new()))
    }

    /// Sends a finished body, once.
    pub(crate) async fn post_event(&self, body: Vec<u8>) -> Result<Response, LogHubError> {
        let address = self.inner.event.clone();
        self.send(Method::POST, address, Some(Body::json(body)), MAX_BODY).await
    }

    /// What stands on one page as it came, asked for once.
    pub(crate) async fn page(&self, call: &ListCall) -> Result<Vec<Verdict>, LogHubError> {
        answer::many(&self.get_events(call).await?)
    }

    async fn get_events(&self, call: &ListCall) -> Result<Response, LogHubError> {
        let address = self.inner.events.clone().with_query(call.query()?);
        self.send(Method::GET, address, None, call.limit.events() * MAX_LISTED).await
    }

    async fn send(
        &self,
        method: Method,
        address: Address,
        body: Option<Body>,
        answer_limit: usize,
    ) -> Result<Response, LogHubError> {
        let token = HeaderName::from_static("token");
        let credential = self.inner.token.get().map(|value| Credential::Header { name: token, value });
        let request = Request { method, address, headers: Vec::new(), credential, body, answer_limit };
        self.inner.http.send(request).await.map_err(LogHubError::Transport)
    }
}

/// When an event may be sent again without being there twice.
fn again_unless_recorded(error: &LogHubError) -> Option<Option<Duration>> {
    match error {
        LogHubError::Transport(error) if !error.may_have_been_sent() => Some(None),
        error if error.status() == Some(429) => Some(error.retry_after()),
        _ => None,
    }
}

/// The page that is the first one once more, at a service that counts from 1 and takes 0 for it.
pub(crate) const SECOND: u64 = 1;

type Reading = Pin<Box<dyn Future<Output = Result<Page<ListedEvent, LogHubError>, LogHubError>> + Send>>;

/// This page, and on from it. `read` has a hash of each page before.
fn page(api: LogHubApi, call: ListCall, mut read: HashSet<u64>) -> Reading {
    Box::pin(async move {
        let mut items = api.list(call.clone()).await?;
        let full = items.len() >= call.limit.events();
        let mut ids = DefaultHasher::new();
        items.iter().for_each(|event| event.id.hash(&mut ids));
        if !items.is_empty() && !read.insert(ids.finish()) {
            // Page 1 can repeat none but page 0.
            if call.page != SECOND {
                return Err(LogHubError::Repeating { page: call.page });
            }
            items.clear();
        }
        let next = call.next().filter(|_| full).map(|call| page(api, call, read));
        Ok(Page { items, next })
    })
}

impl fmt::Debug for LogHubApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogHubApi")
            .field("base", &self.base())
            .field("organization", &self.organization())
            .finish_non_exhaustive()
    }
}
