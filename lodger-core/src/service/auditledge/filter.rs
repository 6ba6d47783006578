//! Which events, and which of them.

use super::AuditledgeError;

/// How many events a page has unless something else is said: the default in the API reference. The other pages of the
/// documentation say 50, so it is always sent.
pub const DEFAULT_LIMIT: u32 = 20;

/// Parameters that are sent in any case, or by what is asked, and who says them.
const ELSEWHERE: [(&str, &str); 3] = [
    ("limit", "`Query::limit`"),
    ("offset", "`Query::offset`"),
    ("format", "`AuditledgeApi::export_json` or `AuditledgeApi::export_csv`"),
];

/// Which events. What is not said matches every event of the organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Filter {
    parameters: Vec<(String, String)>,
}

impl Filter {
    /// Every event of the organization that the API key belongs to.
    pub fn new() -> Self {
        Self::default()
    }

    /// Events with this text in their action, actor's name or resource's type, in upper or lower case.
    pub fn search(self, text: impl Into<String>) -> Self {
        self.parameter("search", text)
    }

    /// Events of the actor with exactly this id.
    pub fn actor_id(self, id: impl Into<String>) -> Self {
        self.parameter("actor_id", id)
    }

    /// Events of actors with this text in their name.
    pub fn actor_name(self, text: impl Into<String>) -> Self {
        self.parameter("actor_name", text)
    }

    /// Events with this text in their action.
    pub fn action(self, text: impl Into<String>) -> Self {
        self.parameter("action", text)
    }

    /// Events of resources of exactly this type.
    pub fn resource_type(self, kind: impl Into<String>) -> Self {
        self.parameter("resource_type", kind)
    }

    /// Events of this organization. Default: the one that the API key belongs to.
    pub fn organization_id(self, id: impl Into<String>) -> Self {
        self.parameter("organization_id", id)
    }

    /// Events at this time or later, as ISO 8601: `2026-05-01T00:00:00Z`, `2026-05-01`. Sent as it is written.
    pub fn start_date(self, text: impl Into<String>) -> Self {
        self.parameter("start_date", text)
    }

    /// Events at this time or earlier, as ISO 8601. Sent as it is written; up to when a date alone reaches is not
    /// documented.
    pub fn end_date(self, text: impl Into<String>) -> Self {
        self.parameter("end_date", text)
    }

    /// Any other parameter, as it is written; one that was set before is replaced. One that the service doesn't know is
    /// ignored there (inferred): the answer then holds more than was asked for. Some pages of the documentation have `from`
    /// and `to` in place of [`start_date`](Self::start_date) and [`end_date`](Self::end_date). `limit`, `offset` and `format`
    /// are no filters: a call with one of them fails.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        self.parameters.retain(|(known, _)| *known != name);
        self.parameters.push((name, value.into()));
        self
    }

    /// What is sent. A blank filter is not: the service might take it for none, and answer with everything.
    pub(super) fn pairs(&self) -> Result<impl Iterator<Item = (&str, String)>, AuditledgeError> {
        for (name, setter) in ELSEWHERE {
            if self.parameters.iter().any(|(known, _)| known == name) {
                return Err(AuditledgeError::Invalid(format!("`{name}` is no filter; use {setter}")));
            }
        }
        match self.parameters.iter().find(|(name, value)| name.is_empty() || value.trim().is_empty()) {
            Some((name, _)) => Err(AuditledgeError::Invalid(format!(
                "the filter `{name}` is blank, which might match everything; leave it out for that"
            ))),
            None => Ok(self.parameters.iter().map(|(name, value)| (name.as_str(), value.clone()))),
        }
    }
}

/// Which events, and which of them: newest first, so many behind so many.
///
/// ```
/// use lodger_core::service::auditledge::{Filter, Query};
///
/// let second_page = Query::from(Filter::new().action("invoice")).limit(50).offset(50);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Query {
    pub(super) filter: Filter,
    pub(super) limit: u32,
    pub(super) offset: Option<u64>,
}

impl Query {
    /// At most so many. Default: [`DEFAULT_LIMIT`]. How many the service gives at most is not documented: a page that has
    /// fewer is not always the last one.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// Leaves out so many of the newest. Default: none.
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    pub(super) fn pairs(&self) -> Result<impl Iterator<Item = (&str, String)>, AuditledgeError> {
        let offset = self.offset.map(|offset| ("offset", offset.to_string()));
        Ok(self.filter.pairs()?.chain([("limit", self.limit.to_string())]).chain(offset))
    }
}

impl Default for Query {
    fn default() -> Self {
        Self::from(Filter::new())
    }
}

impl From<Filter> for Query {
    fn from(filter: Filter) -> Self {
        Self { filter, limit: DEFAULT_LIMIT, offset: None }
    }
}
