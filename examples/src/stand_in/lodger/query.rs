//! Queries of events and of a customer's activity.

use lodger_core::event::Timestamp;
use serde_json::{Value, json};

use super::checks::{Problem, bearer, number, time};
use super::tokens::Opens;
use super::{LodgerService, POLICY_VERSION, Scope};
use crate::stand_in::{Reply, Request};

/// No page holds more.
const MOST: u64 = 200;

impl LodgerService {
    /// `GET /v1/workspaces/{workspaceId}/events`.
    pub(super) fn events(&self, request: &Request) -> Result<Reply, Problem> {
        self.authorize(request, Scope::Read)?;
        let Some(project) = request.parameter("projectId") else {
            return Err(Problem::invalid("projectId must be a non-empty string."));
        };
        self.check_project(project)?;
        let wanted = Wanted::read(request)?;
        Ok(Reply::json(200, &self.page(request, |entry| wanted.has(entry))?))
    }

    /// `GET /v1/workspaces/{workspaceId}/activity`: what the subject did, or was done to it, as far as customers may see it.
    pub(super) fn activity(&self, request: &Request) -> Result<Reply, Problem> {
        let token = bearer(request).and_then(|token| self.tokens.get(token));
        let Some((token, Opens::Activity(subject))) = token.map(|token| (token, &token.opens)) else {
            return Err(Problem::token("Activity token is invalid."));
        };
        if !token.is_valid() {
            return Err(Problem::token("Activity token has expired."));
        }
        let query = request.parameter("query");
        let concerns = |entry: &Value| {
            ["/actor/id", "/target/id", "/metadata/organizationId"]
                .iter()
                .any(|place| entry.pointer(place).and_then(Value::as_str) == Some(subject))
        };
        let mut page = self.page(request, |entry| {
            entry.get("userVisible") == Some(&Value::Bool(true)) && concerns(entry) && contains(entry, query)
        })?;
        if let Value::Object(members) = &mut page {
            members.insert("workspaceId".to_owned(), Value::from(self.workspace.as_str()));
            members.insert("projectId".to_owned(), Value::from(self.project.as_str()));
            members.insert("subject".to_owned(), Value::from(subject.as_str()));
            members.insert("query".to_owned(), json!(query));
            members.insert("policyVersion".to_owned(), Value::from(POLICY_VERSION));
        }
        Ok(Reply::json(200, &page))
    }

    /// The entries that are wanted and come after the cursor, at most as many as asked for.
    fn page(&self, request: &Request, wanted: impl Fn(&Value) -> bool) -> Result<Value, Problem> {
        let limit = number(request, "limit")?.unwrap_or(50);
        if limit == 0 {
            return Err(Problem::invalid("limit must be at least 1."));
        }
        let cursor = number(request, "cursor")?.unwrap_or(0);
        let sequence = |entry: &Value| entry.get("sequence").and_then(Value::as_u64).unwrap_or(0);
        let all = || self.records.iter().map(|record| &record.entry).filter(|entry| wanted(entry));
        let behind = all().filter(|entry| sequence(entry) > cursor);
        let events: Vec<&Value> = behind.take(limit.min(MOST) as usize).collect();
        let next = events.last().map_or(cursor, |last| sequence(last));
        Ok(json!({
            "returned": events.len(), "total": all().count(), "nextCursor": next, "verified": true, "events": events,
        }))
    }
}

/// The filters of a query.
#[derive(Debug)]
struct Wanted<'a> {
    text: Option<&'a str>,
    lane: Option<&'a str>,
    storage: Option<&'a str>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    archived: bool,
    user_visible: Option<bool>,
}

impl<'a> Wanted<'a> {
    fn read(request: &'a Request) -> Result<Self, Problem> {
        let one_of = |name: &str, words: &[&str]| match request.parameter(name) {
            Some(word) if !words.contains(&word) => {
                Err(Problem::invalid(format!("{name} must be one of {}.", words.join(", "))))
            }
            word => Ok(word),
        };
        let at = |name| request.parameter(name).map(|text| time(text, name)).transpose();
        Ok(Self {
            text: request.parameter("query"),
            lane: one_of("lane", &["security", "data", "policy", "operations"])?,
            storage: one_of("storage", &["hot", "archive"])?,
            from: at("from")?,
            to: at("to")?,
            archived: one_of("includeArchive", &["true"])?.is_some(),
            user_visible: one_of("userVisible", &["true", "false"])?.map(|word| word == "true"),
        })
    }

    fn has(&self, entry: &Value) -> bool {
        let member = |name: &str| entry.get(name).and_then(Value::as_str);
        let at: Option<Timestamp> = member("occurredAt").and_then(|text| text.parse().ok());
        let tier = member("storageTier");
        let tier_is_wanted = match self.storage {
            Some(storage) => tier == Some(storage),
            None => self.archived || tier != Some("archive"),
        };
        entry.is_object()
            && contains(entry, self.text)
            && self.lane.is_none_or(|lane| member("lane") == Some(lane))
            && tier_is_wanted
            && self.from.is_none_or(|from| at.is_some_and(|at| at >= from))
            && self.to.is_none_or(|to| at.is_some_and(|at| at <= to))
            && self.user_visible.is_none_or(|visible| entry.get("userVisible") == Some(&Value::Bool(visible)))
    }
}

/// Whether what was said contains the text, in any case of its letters.
fn contains(entry: &Value, text: Option<&str>) -> bool {
    let Some(text) = text.map(str::to_lowercase) else { return true };
    let said = ["action", "actor", "target", "metadata"].map(|name| entry.get(name).map(Value::to_string));
    said.into_iter().flatten().any(|said| said.to_lowercase().contains(&text))
}
