//! Auditledge, played: `POST /v1/events`, queries, the export and the usage, as its documentation has them.

use std::fmt::Write as _;

use lodger_core::event::{EventId, Timestamp};
use serde_json::{Map, Value, json};

use super::{Reply, Request, Service};

/// The organization that the key belongs to.
pub const ORGANIZATION: &str = "org_789";

/// The columns of the CSV export.
const COLUMNS: [&str; 9] = [
    "id",
    "timestamp",
    "actor_id",
    "actor_name",
    "action",
    "resource_type",
    "resource_id",
    "resource_name",
    "organization_id",
];

/// The service: every event that was recorded under one API key. Its base address ends with `/v1`.
#[derive(Debug, Clone)]
pub struct Auditledge {
    key: String,
    limit: usize,
    events: Vec<Value>,
}

impl Auditledge {
    /// An empty one that takes this API key, on the free plan.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), limit: 10_000, events: Vec::new() }
    }

    /// With another plan, of so many events a month.
    #[must_use]
    pub fn events_limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    fn record(&mut self, request: &Request) -> Reply {
        let Some(event) = request.json::<Map<String, Value>>().map(Value::from) else {
            return error(400, "Missing required fields");
        };
        let text = |path: &str| event.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
        let required = ["/actor/id", "/action", "/resource/type", "/resource/id"].map(text);
        let [Some(actor), Some(action), Some(kind), Some(id)] = required else {
            return error(400, "Missing required fields");
        };
        let metadata = event.get("metadata").cloned().unwrap_or_default();
        if !(metadata.is_null() || metadata.is_object()) {
            return error(400, "Missing required fields");
        }
        let timestamp = match text("/timestamp").map(str::parse::<Timestamp>) {
            None => Timestamp::now(),
            Some(Ok(timestamp)) => timestamp,
            Some(Err(_)) => return error(400, "Missing required fields"),
        };
        if self.events.len() >= self.limit {
            return error(429, "Monthly event limit reached");
        }
        let stored = json!({
            "id": EventId::mint().to_string(),
            "timestamp": milliseconds(timestamp),
            "actor_id": actor,
            "actor_name": text("/actor/name"),
            "actor_email": text("/actor/email"),
            "action": action,
            "resource_type": kind,
            "resource_id": id,
            "resource_name": text("/resource/name"),
            "metadata": metadata,
            "organization_id": text("/organization_id").unwrap_or(ORGANIZATION),
            "api_key_id": "0f8fad5b-d9cb-469f-a165-70867728950e",
        });
        let reply = Reply::json(201, &json!({"success": true, "event": stored}));
        self.events.push(stored);
        reply
    }

    /// The events that match, newest first; `None` where a date can't be read.
    fn matching(&self, request: &Request) -> Option<Vec<&Value>> {
        let (start, end) = (date(request, "start_date")?, date(request, "end_date")?);
        let filter = |name: &str| request.parameter(name).map(str::to_lowercase);
        let partial = |event: &Value, member: &str, part: &Option<String>| {
            let value = text(event, member).to_lowercase();
            part.as_ref().is_none_or(|part| value.contains(part))
        };
        let exact = |event: &Value, member: &str| {
            request.parameter(member).is_none_or(|value| text(event, member) == value)
        };
        let (search, name, action) = (filter("search"), filter("actor_name"), filter("action"));
        let organization = request.parameter("organization_id").unwrap_or(ORGANIZATION);
        let mut events: Vec<&Value> = self
            .events
            .iter()
            .rev()
            .filter(|event| {
                let time = text(event, "timestamp").parse::<Timestamp>().ok();
                let found = ["action", "actor_name", "resource_type"];
                text(event, "organization_id") == organization
                    && exact(event, "actor_id")
                    && exact(event, "resource_type")
                    && partial(event, "actor_name", &name)
                    && partial(event, "action", &action)
                    && found.iter().any(|member| partial(event, member, &search))
                    && start.is_none_or(|start| time >= Some(start))
                    && end.is_none_or(|end| time <= Some(end))
            })
            .collect();
        events.sort_by_key(|event| std::cmp::Reverse(text(event, "timestamp").to_owned()));
        Some(events)
    }

    fn query(&self, request: &Request) -> Reply {
        let number = |name: &str, default: usize| match request.parameter(name) {
            None => Some(default),
            Some(text) => text.parse().ok(),
        };
        let (Some(limit), Some(offset), Some(events)) =
            (number("limit", 20), number("offset", 0), self.matching(request))
        else {
            return error(400, "Missing required fields");
        };
        let page: Vec<_> = events.iter().skip(offset).take(limit).map(|event| listed(event)).collect();
        Reply::json(200, &json!({"events": page, "total": events.len(), "limit": limit, "offset": offset}))
    }

    fn export(&self, request: &Request) -> Reply {
        let Some(events) = self.matching(request) else { return error(400, "Missing required fields") };
        match request.parameter("format") {
            None | Some("json") => {
                Reply::json(200, &events.iter().map(|event| listed(event)).collect::<Vec<_>>().into())
            }
            Some("csv") => {
                let mut csv = COLUMNS.join(",") + "\n";
                for event in events {
                    let row: Vec<_> = COLUMNS.iter().map(|column| quoted(text(event, column))).collect();
                    // Writing to a text never fails.
                    writeln!(csv, "{}", row.join(",")).unwrap_or_default();
                }
                let reply = Reply { status: 200, headers: Vec::new(), body: csv.into_bytes() };
                let file = "attachment; filename=audit_logs.csv";
                reply.header("content-type", "text/csv").header("content-disposition", file)
            }
            Some(_) => error(400, "Missing required fields"),
        }
    }

    fn get(&self, id: &str) -> Reply {
        let known =
            |event: &&Value| text(event, "id") == id && text(event, "organization_id") == ORGANIZATION;
        match self.events.iter().find(known) {
            Some(event) => Reply::json(200, event),
            None => error(404, "Event not found"),
        }
    }

    fn usage(&self) -> Reply {
        let (used, limit) = (self.events.len(), self.limit);
        let usage =
            json!({"plan": "free", "events_this_month": used, "events_limit": limit, "retention_days": 14});
        Reply::json(200, &usage)
    }
}

impl Service for Auditledge {
    fn answer(&mut self, request: &Request) -> Reply {
        let Some(bearer) = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "))
        else {
            return error(401, "Missing or invalid authorization header");
        };
        if bearer != self.key {
            return error(401, "Invalid API key");
        }
        let Some(path) = request.path.strip_prefix("/v1/") else { return error(404, "Not found") };
        match (request.method.as_str(), path) {
            ("POST", "events") => self.record(request),
            ("GET", "events") => self.query(request),
            ("GET", "events/export") => self.export(request),
            ("GET", "usage") => self.usage(),
            ("GET", path) => match path.strip_prefix("events/") {
                Some(id) => self.get(id),
                None => error(404, "Not found"),
            },
            _ => error(404, "Not found"),
        }
    }

    fn stored(&self) -> Vec<Value> {
        self.events.clone()
    }
}

fn error(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({"error": message}))
}

fn text<'a>(event: &'a Value, member: &str) -> &'a str {
    event.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// The event as lists and exports show it: without the key's id.
fn listed(event: &Value) -> Value {
    let mut event = event.clone();
    if let Some(members) = event.as_object_mut() {
        members.remove("api_key_id");
    }
    event
}

/// A bound of a query, `Some(None)` where there is none. A date alone is its first moment, or its last as an end.
fn date(request: &Request, name: &str) -> Option<Option<Timestamp>> {
    let Some(text) = request.parameter(name) else { return Some(None) };
    let last = if name == "end_date" { "T23:59:59.999999Z" } else { "T00:00:00Z" };
    let time = text.parse().or_else(|_| format!("{text}{last}").parse());
    time.ok().map(Some)
}

/// The service's own form, in milliseconds.
fn milliseconds(time: Timestamp) -> String {
    let text = time.to_string();
    text.strip_suffix("Z")
        .and_then(|text| text.get(..text.len() - 3))
        .map_or_else(String::new, |text| format!("{text}Z"))
}

/// A field of a CSV file (RFC 4180 section 2).
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
