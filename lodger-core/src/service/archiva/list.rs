//! Reading recorded events.
//!
//! Of the read side only the path, the filter `entityId` and the bearer are documented. The other parameters have the names
//! that the service's own timeline component gives its filters, and the answer is read in the forms that are usual: all of
//! that is inferred.

mod paging;

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::pin::Pin;

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{ActorType, ArchivaApi, ArchivaError};
use crate::service::Response;
use crate::service::pages::{Page, Pages};

/// The most that is read of one page, in bytes. What is longer can't be read, and a smaller `limit` helps.
pub(super) const MAX_PAGE: usize = 8 * 1024 * 1024;

/// So many empty pages may follow one another.
const MOST_EMPTY: u32 = 100;

/// What to list. Several filters narrow it down together.
///
/// ```
/// use lodger_core::service::archiva::ListCall;
///
/// let call = ListCall::new().entity_id("inv_001").limit(25);
/// ```
///
/// # Default
///
/// Everything that the key or token may read, as many a page as the service likes.
#[derive(Debug, Clone, Default)]
#[must_use = "pass it to `ArchivaApi::list` or `ArchivaApi::list_all`"]
pub struct ListCall {
    entity_id: Option<String>,
    entity_type: Option<String>,
    tenant_id: Option<String>,
    actor_id: Option<String>,
    action_key: Option<String>,
    actor_type: Option<ActorType>,
    limit: Option<u32>,
    cursor: Option<String>,
    bearer: Option<SecretString>,
}

impl ListCall {
    /// Without filters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Events of this entity. The one filter that is documented.
    pub fn entity_id(mut self, id: impl Into<String>) -> Self {
        self.entity_id = Some(id.into());
        self
    }

    /// Events of entities of this type. (Inferred.)
    pub fn entity_type(mut self, entity_type: impl Into<String>) -> Self {
        self.entity_type = Some(entity_type.into());
        self
    }

    /// Events of this tenant. (Inferred.)
    pub fn tenant_id(mut self, tenant: impl Into<String>) -> Self {
        self.tenant_id = Some(tenant.into());
        self
    }

    /// Events of this actor. (Inferred.)
    pub fn actor_id(mut self, id: impl Into<String>) -> Self {
        self.actor_id = Some(id.into());
        self
    }

    /// Events of this action. (Inferred.)
    pub fn action_key(mut self, action_key: impl Into<String>) -> Self {
        self.action_key = Some(action_key.into());
        self
    }

    /// Events of actors of this type. (Inferred. The service can filter by several; how they are written is not known.)
    pub fn actor_type(mut self, actor_type: ActorType) -> Self {
        self.actor_type = Some(actor_type);
        self
    }

    /// So many a page. (Inferred; the documentation's examples have 25.)
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The page of this cursor: an earlier page's [`next_cursor`](EventPage::next_cursor). (Inferred.)
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }

    /// Reads with this short-lived token instead of the client's API key.
    pub fn bearer(mut self, token: impl Into<SecretString>) -> Self {
        self.bearer = Some(token.into());
        self
    }

    pub(super) fn token(&self) -> Option<&SecretString> {
        self.bearer.as_ref()
    }

    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        [
            ("entityId", self.entity_id.clone()),
            ("entityType", self.entity_type.clone()),
            ("tenantId", self.tenant_id.clone()),
            ("actorId", self.actor_id.clone()),
            ("actionKey", self.action_key.clone()),
            ("actorType", self.actor_type.map(|actor_type| actor_type.as_str().to_owned())),
            ("limit", self.limit.map(|limit| limit.to_string())),
            ("cursor", self.cursor.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

/// One page of recorded events.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EventPage {
    /// The events, in the service's order.
    pub events: Vec<Entry>,
    /// What leads to the next page (`nextCursor`, which is inferred); `None` on the last one, or where the service has another
    /// way, which then is in `extra`.
    pub next_cursor: Option<String>,
    /// Whatever else the service says.
    pub extra: Map<String, Value>,
}

impl EventPage {
    /// A list under one of the usual names, or a bare one; and a cursor.
    pub(super) fn read(response: &Response) -> Result<Self, &'static str> {
        let mut extra = match serde_json::from_slice(&response.body) {
            Ok(Value::Array(events)) => {
                let events = events.into_iter().map(Entry::of).collect::<Option<_>>();
                let events = events.ok_or("is no list of events")?;
                return Ok(Self { events, next_cursor: None, extra: Map::new() });
            }
            Ok(Value::Object(members)) => members,
            _ => return Err("is no list of events"),
        };
        let name = ["events", "items", "data"]
            .into_iter()
            .find(|name| extra.get(*name).is_some_and(Value::is_array));
        let Some(Value::Array(events)) = name.and_then(|name| extra.remove(name)) else {
            return Err("is no list of events");
        };
        let events =
            events.into_iter().map(Entry::of).collect::<Option<_>>().ok_or("is no list of events")?;
        let next_cursor = match extra.remove("nextCursor") {
            None | Some(Value::Null) => None,
            Some(Value::String(cursor)) => Some(cursor).filter(|cursor| !cursor.is_empty()),
            // Opaque: a number is one as well.
            Some(Value::Number(cursor)) => Some(cursor.to_string()),
            Some(_) => return Err("names the next page in a way that nobody knows"),
        };
        // A list that ends too early looks like one that is whole.
        if next_cursor.is_none() && extra.get("hasMore") == Some(&Value::Bool(true)) {
            return Err("has more pages and doesn't say where");
        }
        Ok(Self { events, next_cursor, extra })
    }
}

/// A recorded event, as the service shows it.
///
/// What it shows is not documented, so everything may be missing, or be something else than expected. The accessors look
/// where [an event that is recorded](super::EventCall) has the same; [`members`](Self::members) holds all there is.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry(Map<String, Value>);

impl Entry {
    fn of(value: Value) -> Option<Self> {
        match value {
            Value::Object(members) => Some(Self(members)),
            _ => None,
        }
    }

    /// All that the service says of it.
    #[must_use]
    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The service's name for it: `eventId`, else `id`.
    #[must_use]
    pub fn event_id(&self) -> Option<&str> {
        self.text("eventId").or_else(|| self.text("id"))
    }

    /// `actionKey`, else the legacy `action`.
    #[must_use]
    pub fn action_key(&self) -> Option<&str> {
        self.text("actionKey").or_else(|| self.text("action"))
    }

    /// The type of the entity.
    #[must_use]
    pub fn entity_type(&self) -> Option<&str> {
        self.text("entityType")
    }

    /// The entity.
    #[must_use]
    pub fn entity_id(&self) -> Option<&str> {
        self.text("entityId")
    }

    /// Who or what acted.
    #[must_use]
    pub fn actor_id(&self) -> Option<&str> {
        self.text("actorId")
    }

    /// When it happened.
    #[must_use]
    pub fn occurred_at(&self) -> Option<&str> {
        self.text("occurredAt")
    }

    /// The application's own members.
    #[must_use]
    pub fn context(&self) -> Option<&Map<String, Value>> {
        self.0.get("context").and_then(Value::as_object)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }
}

/// All pages, as far as they are new.
pub(super) fn pages(api: ArchivaApi, call: ListCall) -> Pages<Entry, ArchivaError> {
    Pages::new(page(api, call, Seen::default()))
}

type Fetched = Result<Page<Entry, ArchivaError>, ArchivaError>;

type NextPage = Pin<Box<dyn Future<Output = Fetched> + Send>>;

fn page(api: ArchivaApi, mut call: ListCall, mut seen: Seen) -> NextPage {
    Box::pin(async move {
        let EventPage { events, next_cursor, extra } = api.list(call.clone()).await?;
        let Some(cursor) = next_cursor else {
            // A list that ends too early looks like one that is whole.
            let more = paging::way_on(&extra, call.cursor.as_deref()).map(|member| {
                let end: NextPage = Box::pin(std::future::ready(Err(ArchivaError::maybe_more(member))));
                end
            });
            return Ok(Page { items: events, next: more });
        };
        let next = if seen.is_progress(call.cursor.as_deref(), &cursor, &events) {
            call.cursor = Some(cursor);
            page(api, call, seen)
        } else {
            Box::pin(std::future::ready(Err(ArchivaError::Repeating)))
        };
        Ok(Page { items: events, next: Some(next) })
    })
}

/// What was on the pages so far, as hashes: a cursor and each event of a page take 8 bytes.
#[derive(Default)]
struct Seen {
    hasher: RandomState,
    cursors: HashSet<u64>,
    events: HashSet<u64>,
    empty: u32,
}

impl Seen {
    /// Whether the next page may hold something that none before it has.
    fn is_progress(&mut self, current: Option<&str>, next: &str, events: &[Entry]) -> bool {
        self.cursors.extend(current.map(|cursor| self.hasher.hash_one(cursor)));
        let mut news = events.is_empty();
        for Entry(members) in events {
            // Members are in order, so the same event is the same text.
            news |= self.events.insert(self.hasher.hash_one(Value::from(members.clone()).to_string()));
        }
        self.empty = if events.is_empty() { self.empty + 1 } else { 0 };
        news && self.empty <= MOST_EMPTY && self.cursors.insert(self.hasher.hash_one(next))
    }
}

#[cfg(test)]
mod tests;
