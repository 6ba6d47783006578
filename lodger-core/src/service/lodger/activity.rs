//! What a customer may see of the events about them.

use reqwest::Method;
use reqwest::header::HeaderMap;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::exchange::{Answer, Bearer, Exchange, Repeat};
use super::object::text_or_none;
use super::options::given;
use super::query::{PAGE, there};
use super::setters::call_setters;
use super::walk::{self, Leaf};
use super::{CallOptions, Entry, LodgerApi, LodgerError, WalkError};
use crate::service::Pages;
use crate::service::http::MAX_PAGE_BODY;

/// Which events [`LodgerApi::activity`] and [`LodgerApi::activity_entries`] ask for. The token says whose.
///
/// # Default
///
/// All that the token opens, in the client's workspace, from the beginning, 50 at a time.
#[derive(Debug, Clone)]
#[must_use = "pass it to `LodgerApi::activity` or `LodgerApi::activity_entries`"]
pub struct ActivityCall {
    token: SecretString,
    query: Option<String>,
    cursor: Option<i64>,
    limit: Option<u32>,
    workspace: Option<String>,
    options: CallOptions,
}

impl ActivityCall {
    /// With the token of [`LodgerApi::activity_token`]. It is sent in the place of an API key; one in the call's options is
    /// an error.
    pub fn new(token: impl Into<SecretString>) -> Self {
        Self {
            token: token.into(),
            query: None,
            cursor: None,
            limit: None,
            workspace: None,
            options: CallOptions::new(),
        }
    }

    /// Events in which this text occurs, as the service searches. Trimmed; a blank one counts as left out.
    pub fn query(mut self, text: impl Into<String>) -> Self {
        self.query = Some(text.into());
        self
    }

    /// Where to go on: [`ActivityPage::next_cursor`] of the page before. Default: the beginning.
    pub fn cursor(mut self, cursor: i64) -> Self {
        self.cursor = Some(cursor);
        self
    }

    /// How many events a page has at most. Default: 50. The most that the service gives is not documented.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    call_setters!(workspace, options);

    fn parameters(&self) -> Vec<(&'static str, String)> {
        [
            ("limit", Some(self.limit.unwrap_or(PAGE).to_string())),
            ("query", given(self.query.as_deref()).map(str::to_owned)),
            ("cursor", self.cursor.map(|cursor| cursor.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

/// One page of what a customer may see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ActivityPage {
    /// The workspace.
    pub workspace_id: String,
    /// The project.
    pub project_id: String,
    /// Whom it is about.
    pub subject: String,
    /// What was searched for.
    #[serde(default, deserialize_with = "text_or_none", skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The policy's version, as the service writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_version: Option<Value>,
    /// The events.
    pub events: Vec<Entry>,
    /// How many they are, as the service counts.
    pub returned: u64,
    /// How many there are on all pages, as the service counts.
    pub total: u64,
    /// Where the next page begins: see [`EventPage::next_cursor`](super::EventPage::next_cursor).
    #[serde(deserialize_with = "there", skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<i64>,
    /// The service's verdict on the chain of these records.
    pub verified: bool,
    /// Members that this version doesn't know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Answer for ActivityPage {
    const NAME: &'static str = "page of activity";
}

impl From<ActivityPage> for Leaf {
    fn from(page: ActivityPage) -> Self {
        Self { entries: page.events, returned: page.returned, total: page.total, next: page.next_cursor }
    }
}

impl LodgerApi {
    /// One page of what a customer may see (`GET /v1/workspaces/{id}/activity`), under the call's token and no API key.
    ///
    /// At most 16 MiB are read of an answer.
    ///
    /// # Errors
    ///
    /// [`LodgerError`], of the last try. 401 where the token has expired (inferred).
    ///
    /// # Cancel safety
    ///
    /// Nothing is sent before the first poll, and nothing changes at the service.
    pub async fn activity(&self, call: ActivityCall) -> Result<ActivityPage, LodgerError> {
        if call.options.key().is_some() {
            return Err(LodgerError::Invalid(
                "activity is read under its token alone; leave the API key out of the options".to_owned(),
            ));
        }
        let address = self.in_workspace(call.workspace.as_deref(), "/activity")?;
        self.ask(Exchange {
            method: Method::GET,
            address: address.with_query(call.parameters()),
            headers: call.options.headers(&self.inner.context, None)?,
            more: HeaderMap::new(),
            bearer: Bearer::given(&call.token, "activity token")?,
            body: None,
            answer_limit: MAX_PAGE_BODY,
            repeat: Repeat::Harmless,
        })
        .await
    }

    /// What a customer may see, on all pages from the call's cursor on. Ends as [`entries`](Self::entries) does.
    pub fn activity_entries(&self, call: ActivityCall) -> Pages<Entry, WalkError> {
        let (api, from) = (self.clone(), call.cursor);
        walk::all(from, move |cursor| {
            let (api, call) = (api.clone(), ActivityCall { cursor, ..call.clone() });
            async move { api.activity(call).await.map(Leaf::from) }
        })
    }
}
