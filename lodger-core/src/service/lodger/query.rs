//! Querying recorded events: what the caller asks for, and what the service answers.

use std::fmt;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::exchange::{Answer, Bearer, Exchange, Repeat};
use super::options::given;
use super::setters::call_setters;
use super::walk::{self, Leaf};
use super::{CallOptions, Entry, LodgerApi, LodgerError, WalkError};
use crate::service::Pages;
use crate::service::http::MAX_PAGE_BODY;

/// How many events a page has where the caller says nothing. The official client sends it, too.
pub(super) const PAGE: u32 = 50;

/// What an event is about, in the service's four words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lane {
    /// `security`.
    Security,
    /// `data`.
    Data,
    /// `policy`.
    Policy,
    /// `operations`.
    Operations,
}

impl Lane {
    fn name(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Data => "data",
            Self::Policy => "policy",
            Self::Operations => "operations",
        }
    }
}

/// Where an event is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Storage {
    /// At hand.
    Hot,
    /// In the archive.
    Archive,
}

impl Storage {
    fn name(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Archive => "archive",
        }
    }
}

/// Which events [`LodgerApi::query`] and [`LodgerApi::entries`] ask for.
///
/// ```
/// use lodger_core::service::lodger::{Lane, QueryCall};
///
/// let call = QueryCall::new().query("invoice_123").lane(Lane::Operations).from("2026-05-01T00:00:00Z").limit(25);
/// ```
///
/// # Default
///
/// All events of the client's workspace and project that are not in the archive, from the beginning, 50 at a time.
#[derive(Debug, Clone, Default)]
#[must_use = "pass it to `LodgerApi::query` or `LodgerApi::entries`"]
pub struct QueryCall {
    query: Option<String>,
    lane: Option<Lane>,
    storage: Option<Storage>,
    from: Option<String>,
    to: Option<String>,
    include_archive: bool,
    user_visible: Option<bool>,
    cursor: Option<i64>,
    limit: Option<u32>,
    workspace: Option<String>,
    project: Option<String>,
    options: CallOptions,
}

impl QueryCall {
    /// No filter.
    pub fn new() -> Self {
        Self::default()
    }

    /// Events in which this text occurs, as the service searches. Trimmed; a blank one counts as left out.
    pub fn query(mut self, text: impl Into<String>) -> Self {
        self.query = Some(text.into());
        self
    }

    /// Events of one lane. Default: all lanes.
    pub fn lane(mut self, lane: Lane) -> Self {
        self.lane = Some(lane);
        self
    }

    /// Events that are kept there. Default: whatever the service takes for all.
    pub fn storage(mut self, storage: Storage) -> Self {
        self.storage = Some(storage);
        self
    }

    /// Events from this time on, as ISO 8601: a text, or a [`Timestamp`](crate::event::Timestamp).
    pub fn from(mut self, time: impl fmt::Display) -> Self {
        self.from = Some(time.to_string());
        self
    }

    /// Events up to this time, as ISO 8601: a text, or a [`Timestamp`](crate::event::Timestamp). Whether an event of that very
    /// moment belongs to them is not documented.
    pub fn to(mut self, time: impl fmt::Display) -> Self {
        self.to = Some(time.to_string());
        self
    }

    /// Whether archived events are searched as well. Default: no.
    pub fn include_archive(mut self, include: bool) -> Self {
        self.include_archive = include;
        self
    }

    /// Only events that customers may see, or only those that they may not. Default: both.
    pub fn user_visible(mut self, visible: bool) -> Self {
        self.user_visible = Some(visible);
        self
    }

    /// Where to go on: [`EventPage::next_cursor`] of the page before. Default: the beginning.
    pub fn cursor(mut self, cursor: i64) -> Self {
        self.cursor = Some(cursor);
        self
    }

    /// How many events a page has at most. Default: 50. The most that the service gives is not documented.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    call_setters!(workspace, project, options);

    /// In the official client's order.
    fn parameters(&self, project: &str) -> Vec<(&'static str, String)> {
        let text = |text: &Option<String>| given(text.as_deref()).map(str::to_owned);
        [
            ("projectId", Some(self.project.as_deref().unwrap_or(project).to_owned())),
            ("limit", Some(self.limit.unwrap_or(PAGE).to_string())),
            ("query", text(&self.query)),
            ("lane", self.lane.map(|lane| lane.name().to_owned())),
            ("storage", self.storage.map(|storage| storage.name().to_owned())),
            ("from", text(&self.from)),
            ("to", text(&self.to)),
            ("includeArchive", self.include_archive.then(|| "true".to_owned())),
            ("userVisible", self.user_visible.map(|visible| visible.to_string())),
            ("cursor", self.cursor.map(|cursor| cursor.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

/// One page of recorded events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EventPage {
    /// The events.
    pub events: Vec<Entry>,
    /// How many they are, as the service counts.
    pub returned: u64,
    /// How many there are on all pages, as the service counts.
    pub total: u64,
    /// Where the next page begins. The official client knows it as a number even on the last page, of a value that nobody
    /// documents: [`LodgerApi::entries`] knows when to stop.
    #[serde(deserialize_with = "there", skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<i64>,
    /// The service's verdict on the chain of these records.
    pub verified: bool,
    /// Members that this version doesn't know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Answer for EventPage {
    const NAME: &'static str = "page of events";
}

impl From<EventPage> for Leaf {
    fn from(page: EventPage) -> Self {
        Self { entries: page.events, returned: page.returned, total: page.total, next: page.next_cursor }
    }
}

/// A cursor, or null where there is nowhere to go. An answer without either is no page: reading would end too early, and
/// nobody would know.
pub(super) fn there<'de, D: Deserializer<'de>>(cursor: D) -> Result<Option<i64>, D::Error> {
    Option::deserialize(cursor)
}

impl LodgerApi {
    /// One page of recorded events (`GET /v1/workspaces/{id}/events`). Needs a key with the scope `events:read`.
    ///
    /// At most 16 MiB are read of an answer: far more than 50 events, but a limit of thousands may be cut.
    ///
    /// # Errors
    ///
    /// [`LodgerError`], of the last try.
    ///
    /// # Cancel safety
    ///
    /// Nothing is sent before the first poll, and nothing changes at the service.
    pub async fn query(&self, call: QueryCall) -> Result<EventPage, LodgerError> {
        let address = self.in_workspace(call.workspace.as_deref(), "/events")?;
        self.ask(Exchange {
            method: Method::GET,
            address: address.with_query(call.parameters(&self.inner.project)),
            headers: call.options.headers(&self.inner.context, None)?,
            more: HeaderMap::new(),
            bearer: Bearer::key(call.options.key())?,
            body: None,
            answer_limit: MAX_PAGE_BODY,
            repeat: Repeat::Harmless,
        })
        .await
    }

    /// The recorded events of all pages, from the call's cursor on.
    ///
    /// It ends where the service counts no event, names no cursor, or one that stays; and, once as many events were given as the
    /// service says there are ([`EventPage::total`]), where a page has nothing new or a cursor comes back. What a cursor
    /// means, and what it is on the last page, nobody documents: each is followed that was not followed before.
    ///
    /// An event is given once, as far as the ids of the first page and of the last 65,536 events tell. Events that are
    /// recorded meanwhile may be missed.
    ///
    /// # Errors
    ///
    /// [`WalkError`] has the cursor to go on from: give it to [`QueryCall::cursor`]. A service that repeats itself is not
    /// followed for ever: [`LodgerError::Paging`] says that a cursor came back, that three pages in a row had nothing new, or that
    /// there were 65,536 events more than the service's largest total, before all were given.
    ///
    /// ```no_run
    /// # use lodger_core::service::lodger::{LodgerApi, QueryCall};
    /// # async fn example(api: LodgerApi) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut entries = api.entries(QueryCall::new().query("invoice_123"));
    /// while let Some(entry) = entries.next().await.transpose()? {
    ///     println!("{} {}", entry.sequence, entry.action);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn entries(&self, call: QueryCall) -> Pages<Entry, WalkError> {
        let (api, from) = (self.clone(), call.cursor);
        walk::all(from, move |cursor| {
            let (api, call) = (api.clone(), QueryCall { cursor, ..call.clone() });
            async move { api.query(call).await.map(Leaf::from) }
        })
    }
}
