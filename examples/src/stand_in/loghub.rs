//! LogHub: events under external ids, and pages of them.
//!
//! It is as strict as the service's two pages are. Where these say nothing it decides for itself: every failure is an envelope of
//! the status `error` under a 4xx, a user has an `internal_id`, a system a `description`, and an event is listed under the text of
//! its external id, also where that is a number.

use std::collections::BTreeMap;

use lodger_core::event::{EventId, Timestamp};
use serde_json::{Map, Value, json};

use super::{Reply, Request, Service};

/// The sizes that a page may have.
const LIMITS: [&str; 4] = ["5", "10", "15", "20"];

/// A project of an organization.
#[derive(Debug)]
pub struct LogHubService {
    organization: String,
    token: String,
    project: String,
    events: Vec<Value>,
}

impl LogHubService {
    /// An empty project, whose token this is.
    #[must_use]
    pub fn new(organization: &str, token: &str) -> Self {
        let project = EventId::mint().to_string();
        Self { organization: organization.to_owned(), token: token.to_owned(), project, events: Vec::new() }
    }

    /// Takes another token from now on, and the old one no more.
    pub fn replace_token(&mut self, token: &str) {
        token.clone_into(&mut self.token);
    }

    fn create(&mut self, request: &Request) -> Result<Reply, Problem> {
        let json = request.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
        let body: Value = request.json().filter(|_| json).ok_or(Problem(400, "CREATE_EVENT_ERROR"))?;
        let member = |name: &str| body.get(name).unwrap_or(&Value::Null);
        let external_id = member("external_id");
        let is_complete = is_actor(member("actor"))
            && is_text(member("action"))
            && member("metadata").is_object()
            && member("context").is_object()
            && (is_text(external_id) || external_id.is_number())
            && body.get("tags").is_none_or(is_texts);
        if !is_complete {
            return Err(Problem(400, "CREATE_EVENT_VALIDATION_ERROR"));
        }
        let now = Timestamp::now();
        let (id, created_at) = (EventId::mint().to_string(), now.to_string());
        self.events.push(json!({
            "id": id,
            "actor": member("actor"),
            "action": member("action"),
            "metadata": member("metadata"),
            "extra": self.extra(&request.headers),
            "project_id": self.project,
            "external_id": member("external_id"),
            "token_id": self.project,
            "createdAt": created_at,
            "updatedAt": created_at,
        }));
        Ok(done("CREATE_EVENT_OK", &json!({"id": id, "timestamp": now.as_micros() / 1_000})))
    }

    /// What it saw of the request itself, the token masked.
    fn extra(&self, headers: &BTreeMap<String, String>) -> Value {
        let shown: Map<String, Value> = headers
            .iter()
            .map(|(name, value)| (name.clone(), if name == "token" { "secret_*****" } else { value }.into()))
            .collect();
        json!({
            "ip": "127.0.0.1",
            "ips": [],
            "user_agent": headers.get("user-agent"),
            "protocol": "http",
            "headers": shown,
        })
    }

    fn list(&self, request: &Request) -> Result<Reply, Problem> {
        let wrong = Problem(400, "GET_EVENTS_VALIDATION_ERROR");
        let parameter = |name| request.parameter(name).ok_or(wrong);
        let page: usize = parameter("page")?.parse().map_err(|_| wrong)?;
        let limit = LIMITS.into_iter().find(|limit| parameter("limit") == Ok(*limit)).ok_or(wrong)?;
        let limit: usize = limit.parse().map_err(|_| wrong)?;
        let external_id = parameter("external_id")?;
        let found = self.events.iter().filter(|event| match event.get("external_id") {
            Some(Value::String(text)) => text == external_id,
            number => number.map(ToString::to_string).as_deref() == Some(external_id),
        });
        let sorted: Vec<&Value> = match parameter("order")? {
            "asc" => found.collect(),
            "desc" => found.rev().collect(),
            _ => return Err(wrong),
        };
        let events = sorted.into_iter().skip(page.saturating_mul(limit)).take(limit);
        let envelopes =
            events.map(|event| json!({"code": "GET_EVENT_DETAIL_READY", "status": "ok", "data": event}));
        Ok(Reply::json(200, &envelopes.collect()))
    }
}

impl Service for LogHubService {
    fn answer(&mut self, request: &Request) -> Reply {
        let known = request.header("token") == Some(&*self.token)
            && request.header("organization") == Some(&*self.organization);
        let answered = match (request.method.as_str(), request.path.as_str()) {
            _ if !known => Err(Problem(401, "UNAUTHORIZED")),
            ("POST", "/v1/event") => self.create(request),
            ("GET", "/v1/events/") => self.list(request),
            // A client that follows it may lose its token on the way.
            ("GET", "/v1/events") => return Reply::json(301, &Value::Null).header("location", "/v1/events/"),
            _ => Err(Problem(404, "NOT_FOUND")),
        };
        answered.unwrap_or_else(|Problem(status, code)| {
            Reply::json(status, &json!({"code": code, "status": "error", "data": null}))
        })
    }

    fn stored(&self) -> Vec<Value> {
        self.events.clone()
    }
}

/// Why a request is refused: the HTTP status, and the code in the envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Problem(u16, &'static str);

fn done(code: &str, data: &Value) -> Reply {
    Reply::json(200, &json!({"code": code, "status": "ok", "data": data}))
}

fn is_actor(actor: &Value) -> bool {
    let data = |name: &str| actor.pointer(&format!("/data/{name}")).unwrap_or(&Value::Null);
    match actor.get("type").and_then(Value::as_str) {
        Some("user") => is_text(data("internal_id")) || data("internal_id").is_number(),
        Some("system") => is_text(data("description")),
        _ => false,
    }
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

fn is_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|values| values.iter().all(Value::is_string))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORGANIZATION: &str = "a924324e-299a-46d4-89cd-731a3f3cc444";

    fn ask(service: &mut LogHubService, method: &str, target: &str, body: &Value) -> (u16, Value) {
        let headers =
            [("token", "secret_1"), ("organization", ORGANIZATION), ("content-type", "application/json")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let reply = service.answer(&Request::new(method, target, headers.into(), body));
        (reply.status, serde_json::from_slice(&reply.body).unwrap())
    }

    fn event(external_id: Value, action: &str) -> Value {
        json!({"actor": {"type": "user", "data": {"internal_id": "1"}}, "action": action, "metadata": {},
            "external_id": external_id, "context": {}})
    }

    #[test]
    fn what_is_created_is_listed_under_its_external_id_in_pages() {
        let mut service = LogHubService::new(ORGANIZATION, "secret_1");
        for number in 0..7 {
            let (status, answer) =
                ask(&mut service, "POST", "/v1/event", &event(json!("a b"), &format!("a.{number}")));
            assert_eq!((status, &answer["status"]), (200, &json!("ok")));
        }
        ask(&mut service, "POST", "/v1/event", &event(json!(42), "b"));
        let actions = |service: &mut LogHubService, query: &str| -> Vec<String> {
            let (status, page) = ask(service, "GET", &format!("/v1/events/?{query}"), &Value::Null);
            assert_eq!(status, 200, "{page}");
            let actions = page.as_array().unwrap().iter().map(|envelope| envelope["data"]["action"].as_str());
            actions.map(|action| action.unwrap().to_owned()).collect()
        };
        assert_eq!(actions(&mut service, "page=1&limit=5&order=desc&external_id=a+b"), ["a.1", "a.0"]);
        assert_eq!(actions(&mut service, "page=1&limit=5&order=asc&external_id=a%20b"), ["a.5", "a.6"]);
        assert_eq!(actions(&mut service, "page=0&limit=20&order=asc&external_id=42"), ["b"]);
        assert_eq!(service.stored().len(), 8);
        assert!(!format!("{:?}", service.stored()).contains("secret_1"));
    }

    #[test]
    fn what_the_pages_require_is_required() {
        let mut service = LogHubService::new(ORGANIZATION, "secret_1");
        for member in ["actor", "action", "metadata", "external_id", "context"] {
            let mut event = event(json!("a"), "a");
            event.as_object_mut().unwrap().remove(member);
            assert_eq!(ask(&mut service, "POST", "/v1/event", &event).0, 400, "{member}");
        }
        for query in [
            "page=0&limit=50&order=asc&external_id=a",
            "page=0&limit=5&order=up&external_id=a",
            "page=0&limit=5&order=asc",
            "limit=5&order=asc&external_id=a",
        ] {
            assert_eq!(
                ask(&mut service, "GET", &format!("/v1/events/?{query}"), &Value::Null).0,
                400,
                "{query}"
            );
        }
        assert_eq!(ask(&mut service, "POST", "/v1/events", &event(json!("a"), "a")).0, 404);
        assert_eq!(ask(&mut service, "GET", "/v1/events", &Value::Null).0, 301);
        service.replace_token("secret_2");
        assert_eq!(ask(&mut service, "POST", "/v1/event", &event(json!("a"), "a")).0, 401);
        assert!(service.stored().is_empty());
    }
}
