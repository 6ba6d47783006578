//! Archiva, as its documentation describes it.
//!
//! What the documentation leaves open is played in the strictest way: the bytes of a body are compared, not what they
//! mean, and every request that is not refused for its rate counts for it.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::{Reply, Request, Service};

/// Requests to record an event under one key …
const MOST: usize = 100;

/// … in any stretch of this length.
const WINDOW: Duration = Duration::from_secs(60);

/// The longest action, in characters.
const MAX_ACTION: usize = 64;

/// The largest context, in bytes of JSON.
const MAX_CONTEXT: usize = 10 * 1024;

/// So many events a page, unless the reader says otherwise.
const PAGE: usize = 25;

/// One project at Archiva.
#[derive(Debug)]
pub struct Archiva {
    key: String,
    events: Vec<Map<String, Value>>,
    /// By idempotency key: the body, and the event's name.
    keys: BTreeMap<String, (Vec<u8>, String)>,
    requests: VecDeque<Instant>,
    limited: usize,
}

impl Archiva {
    /// A project with this API key.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            events: Vec::new(),
            keys: BTreeMap::new(),
            requests: VecDeque::new(),
            limited: 0,
        }
    }

    /// How often it answered 429.
    #[must_use]
    pub fn limited(&self) -> usize {
        self.limited
    }

    fn is_authenticated(&self, request: &Request) -> bool {
        let bearer = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        bearer.or(request.header("x-project-key")) == Some(self.key.as_str())
    }

    fn ingest(&mut self, request: &Request) -> Reply {
        if let Some(limited) = self.over_the_rate(Instant::now()) {
            return limited;
        }
        let is_json =
            request.header("content-type").is_some_and(|value| value.starts_with("application/json"));
        let Some(event) = request.json::<Map<String, Value>>().filter(|_| is_json) else {
            return error(400, "The body is not a JSON object");
        };
        if let Some(problem) = problem(&event) {
            return error(400, &problem);
        }
        let name = format!("evt_{:06}", self.events.len() + 1);
        if let Some(key) = request.header("idempotency-key") {
            if let Some((body, first)) = self.keys.get(key) {
                return if *body == request.body {
                    Reply::json(200, &json!({"eventId": first}))
                } else {
                    error(409, "Idempotency key was used with another body")
                };
            }
            self.keys.insert(key.to_owned(), (request.body.clone(), name.clone()));
        }
        let mut shown = event;
        shown.insert("eventId".to_owned(), Value::from(name.as_str()));
        self.events.push(shown);
        Reply::json(201, &json!({"eventId": name}))
    }

    fn over_the_rate(&mut self, now: Instant) -> Option<Reply> {
        while self.requests.front().is_some_and(|first| now.duration_since(*first) >= WINDOW) {
            self.requests.pop_front();
        }
        let first = self.requests.front().filter(|_| self.requests.len() >= MOST);
        let Some(first) = first else {
            self.requests.push_back(now);
            return None;
        };
        self.limited += 1;
        let left = WINDOW.saturating_sub(now.duration_since(*first)).as_secs() + 1;
        Some(error(429, "Rate limit exceeded").header("retry-after", &left.to_string()))
    }

    /// The newest first, from where the last page ended.
    fn list(&self, request: &Request) -> Reply {
        let number = |name: &str| match request.parameter(name) {
            None => Ok(None),
            Some(text) => text.parse::<usize>().map(Some),
        };
        let (Ok(limit), Ok(before)) = (number("limit"), number("cursor")) else {
            return error(400, "limit or cursor is not a number");
        };
        let filters = ["entityId", "entityType", "tenantId", "actorId", "actionKey", "actorType"];
        let fits = |event: &Map<String, Value>| {
            filters.into_iter().all(|name| {
                request.parameter(name).is_none_or(|wanted| event.get(name) == Some(&Value::from(wanted)))
            })
        };
        let limit = limit.unwrap_or(PAGE).clamp(1, 100);
        let found = self.events.iter().enumerate().rev();
        let found = found.filter(|(place, event)| before.is_none_or(|before| *place < before) && fits(event));
        let mut found: Vec<_> = found.take(limit + 1).collect();
        let is_more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| is_more).map(|(place, _)| place.to_string());
        let events: Vec<_> = found.into_iter().map(|(_, event)| event).collect();
        Reply::json(200, &json!({"events": events, "nextCursor": next}))
    }
}

impl Service for Archiva {
    fn answer(&mut self, request: &Request) -> Reply {
        if !self.is_authenticated(request) {
            return error(401, "Invalid API key");
        }
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/api/ingest/event") => self.ingest(request),
            ("GET", "/api/events") => self.list(request),
            (_, "/api/ingest/event" | "/api/events") => error(405, "Method not allowed"),
            _ => error(404, "Not found"),
        }
    }

    fn stored(&self) -> Vec<Value> {
        self.events.iter().cloned().map(Value::from).collect()
    }
}

fn error(status: u16, text: &str) -> Reply {
    Reply::json(status, &json!({"error": text}))
}

/// What is wrong with an event, if anything.
fn problem(event: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| event.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let action = text("actionKey").or(text("action"));
    if action.is_none() || event.contains_key("actionKey") && event.contains_key("action") {
        return Some("One of actionKey and action is required".to_owned());
    }
    if action.is_some_and(|action| action.chars().count() > MAX_ACTION) {
        return Some(format!("actionKey is longer than {MAX_ACTION} characters"));
    }
    if let Some(missing) = ["entityType", "entityId", "actorId"].into_iter().find(|name| text(name).is_none())
    {
        return Some(format!("{missing} is required"));
    }
    let optional = ["actionDescription", "actorDisplay", "tenantId", "occurredAt", "source"];
    if let Some(wrong) =
        optional.into_iter().find(|name| event.get(*name).is_some_and(|value| !value.is_string()))
    {
        return Some(format!("{wrong} is not a string"));
    }
    if !matches!(event.get("actorType").map(Value::as_str), None | Some(Some("user" | "service" | "system")))
    {
        return Some("actorType is none of user, service, system".to_owned());
    }
    let context = event.get("context");
    if context.is_some_and(|context| !context.is_object()) {
        return Some("context is not an object".to_owned());
    }
    if context.is_some_and(|context| context.to_string().len() > MAX_CONTEXT) {
        return Some("context is larger than 10 KB".to_owned());
    }
    let is_set = |change: &Value| {
        change.get("op") == Some(&Value::from("set")) && change.get("path").is_some_and(Value::is_string)
    };
    match event.get("changes") {
        Some(Value::Array(changes)) if changes.iter().all(is_set) => None,
        Some(_) => Some("changes is not a list of {op, path, before, after}".to_owned()),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "pk_test_1";

    fn ask(
        archiva: &mut Archiva,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> (u16, Value) {
        let mut all = BTreeMap::from([("content-type".to_owned(), "application/json".to_owned())]);
        all.insert("authorization".to_owned(), format!("Bearer {KEY}"));
        all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let reply = archiva.answer(&Request::new(method, target, all, body.to_string().into_bytes()));
        (reply.status, serde_json::from_slice(&reply.body).unwrap())
    }

    fn post(archiva: &mut Archiva, key: &str, body: &Value) -> (u16, Value) {
        ask(archiva, "POST", "/api/ingest/event", &[("idempotency-key", key)], body)
    }

    fn event(number: u32) -> Value {
        json!({"actionKey": "a.b", "entityType": "t", "entityId": number.to_string(), "actorId": "u"})
    }

    #[test]
    fn a_repeat_is_known_by_its_key_and_its_bytes() {
        let mut archiva = Archiva::new(KEY);
        assert_eq!(post(&mut archiva, "k1", &event(1)), (201, json!({"eventId": "evt_000001"})));
        assert_eq!(post(&mut archiva, "k1", &event(1)), (200, json!({"eventId": "evt_000001"})));
        assert_eq!(post(&mut archiva, "k1", &event(2)).0, 409);
        assert_eq!(post(&mut archiva, "k2", &event(1)).0, 201);
        assert_eq!(archiva.stored().len(), 2);
    }

    #[test]
    fn the_101st_request_of_a_minute_is_refused() {
        let mut archiva = Archiva::new(KEY);
        for number in 0..100 {
            assert_eq!(post(&mut archiva, &number.to_string(), &event(number)).0, 201);
        }
        assert_eq!(post(&mut archiva, "101", &event(101)), (429, json!({"error": "Rate limit exceeded"})));
        assert_eq!((archiva.limited(), archiva.stored().len()), (1, 100));
        let start = Instant::now();
        assert!(archiva.over_the_rate(start + WINDOW / 2).is_some());
        assert!(archiva.over_the_rate(start + WINDOW).is_none());
    }

    #[test]
    fn what_breaks_a_limit_is_named() {
        let mut archiva = Archiva::new(KEY);
        let with = |name: &str, value: Value| {
            let mut event = event(1);
            event[name] = value;
            event
        };
        for (event, problem) in [
            (with("actionKey", json!("a".repeat(65))), "actionKey is longer than 64 characters"),
            (with("action", json!("a.b")), "One of actionKey and action is required"),
            (with("entityId", json!(7)), "entityId is required"),
            (with("context", json!({"x": "x".repeat(10_240)})), "context is larger than 10 KB"),
            (
                with("changes", json!([{"op": "replace", "path": "/x"}])),
                "changes is not a list of {op, path, before, after}",
            ),
            (with("actorType", json!("robot")), "actorType is none of user, service, system"),
        ] {
            assert_eq!(post(&mut archiva, "k", &event), (400, json!({"error": problem})));
        }
        let wrong =
            ask(&mut archiva, "GET", "/api/events", &[("authorization", "Bearer pk_test_2")], &Value::Null);
        assert_eq!(wrong, (401, json!({"error": "Invalid API key"})));
    }

    #[test]
    fn pages_follow_one_another_from_the_newest_on() {
        let mut archiva = Archiva::new(KEY);
        for number in 1..=5 {
            post(&mut archiva, &number.to_string(), &event(number));
        }
        let mut target = "/api/events?entityType=t&limit=2".to_owned();
        let mut found = Vec::new();
        loop {
            let (_, page) = ask(&mut archiva, "GET", &target, &[], &Value::Null);
            found.extend(page["events"].as_array().unwrap().iter().map(|event| event["entityId"].clone()));
            let Some(next) = page["nextCursor"].as_str() else { break };
            target = format!("/api/events?entityType=t&limit=2&cursor={next}");
        }
        assert_eq!(found, ["5", "4", "3", "2", "1"]);
    }
}
