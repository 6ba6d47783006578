//! The vectors captured from the official Python client, against ours.
//!
//! `vectors/auditledge-*.json` are arrays of {name, call, request, response, result}: what the user said, what had to
//! arrive, what was answered, what the user got. Every one of every such file is run, but for those that record what is not
//! to be copied: they are named a quirk.

#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests say what must hold")]

mod loopback;

use std::collections::BTreeMap;
use std::path::Path;

use lodger_core::service::auditledge::{
    Actor, AuditledgeApi, AuditledgeError, DEFAULT_LIMIT, EventCall, Filter, Query, Resource,
};
use lodger_core::service::{Pages, Retries};
use serde::Serialize;
use serde_json::{Map, Value, json};

use loopback::{Loopback, Recorded, Reply, Step};

/// What came of a call: the answer, an error, or nothing to call because the types don't let it be said.
enum Outcome {
    Answer(Value),
    Error(AuditledgeError),
    NotSaid,
}

fn vectors() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.file_name().unwrap().to_str().unwrap().starts_with("auditledge-"));
    files.sort();
    files
        .iter()
        .flat_map(|file| serde_json::from_slice::<Vec<Value>>(&std::fs::read(file).unwrap()).unwrap())
        .collect()
}

#[tokio::test]
async fn every_vector_passes_that_is_no_quirk() {
    let (quirks, vectors): (Vec<Value>, Vec<Value>) =
        vectors().into_iter().partition(|vector| vector["name"].as_str().unwrap().contains("quirk"));
    for vector in &vectors {
        run(vector).await;
    }
    assert!((vectors.len(), quirks.len()) >= (53, 1), "{} {}", vectors.len(), quirks.len());
}

#[tokio::test]
async fn what_is_not_said_is_not_sent() {
    let server = Loopback::replying(Reply::json(200, &json!({"events": [], "total": 0}))).await;
    api("al_test_key", &server.base()).query(Query::default()).await.unwrap();
    assert_eq!(server.requests()[0].path, "/v1/events?limit=20");
}

async fn run(vector: &Value) {
    let name = vector["name"].as_str().unwrap();
    let server = Loopback::start(answer_of(&vector["response"])).await;
    let call = &vector["call"];
    let base = if name.starts_with("transport: ") { closed_port().await } else { server.base() };
    let key = call["client"]["apiKey"].as_str().unwrap();
    let outcome = if call["operation"] == "new" {
        let invalid = AuditledgeApi::builder().api_key(key).api_base(base).build().unwrap_err();
        assert_eq!(invalid.to_string(), "the API key is blank", "{name}");
        Outcome::NotSaid
    } else {
        perform(&api(key, &base), call).await
    };

    match vector["request"].as_object() {
        None => assert_eq!(server.requests(), [], "{name}"),
        Some(expected) => {
            let requests = server.requests();
            assert_eq!(requests.len(), 1, "{name}: the client makes exactly one request");
            compare_request(name, call["operation"].as_str().unwrap(), expected, &requests[0]);
        }
    }
    match (outcome, &vector["result"]) {
        (Outcome::Answer(answer), expected) => assert_eq!(answer, expected["ok"], "{name}"),
        (Outcome::Error(error), expected) => compare_error(name, &error, vector, &expected["error"]),
        (Outcome::NotSaid, expected) => assert!(expected["error"].is_object(), "{name}"),
    }
}

async fn perform(api: &AuditledgeApi, call: &Value) -> Outcome {
    let argument = &call["args"][0];
    match call["operation"].as_str().unwrap() {
        "log" => match event_call(argument) {
            Some(call) => outcome(api.log(call).await),
            None => Outcome::NotSaid,
        },
        "query" => outcome(api.query(query(argument)).await),
        "get" => outcome(api.get(argument.as_str().unwrap()).await),
        "usage" => outcome(api.usage().await),
        "export" if argument["format"] == "csv" => {
            match whole(api.export_csv(query_filter(argument))).await {
                Ok(parts) => Outcome::Answer(String::from_utf8(parts.concat()).unwrap().into()),
                Err(error) => Outcome::Error(error),
            }
        }
        "export" => outcome(whole(api.export_json(query_filter(argument))).await),
        other => panic!("the vectors have a new operation: {other}"),
    }
}

fn outcome(result: Result<impl Serialize, AuditledgeError>) -> Outcome {
    match result {
        Ok(answer) => Outcome::Answer(serde_json::to_value(answer).unwrap()),
        Err(error) => Outcome::Error(error),
    }
}

async fn whole<T>(mut pages: Pages<T, AuditledgeError>) -> Result<Vec<T>, AuditledgeError> {
    let mut all = Vec::new();
    while let Some(item) = pages.next().await {
        all.push(item?);
    }
    Ok(all)
}

fn compare_request(name: &str, operation: &str, expected: &Map<String, Value>, actual: &Recorded) {
    assert_eq!(actual.method, expected["method"], "{name}");
    let ((path, query), (expected_path, mut expected_query)) =
        (parts(&actual.path), parts(expected["path"].as_str().unwrap()));
    assert_eq!(path, expected_path, "{name}");
    // The one difference that the wire notes ask for: what has more than one default is always said.
    let said = match operation {
        "query" => Some(("limit", DEFAULT_LIMIT.to_string())),
        "export" => Some(("format", "json".to_owned())),
        _ => None,
    };
    if let Some((parameter, value)) = said {
        expected_query.entry(parameter.to_owned()).or_insert(value);
    }
    assert_eq!(query, expected_query, "{name}");
    let expected_headers: BTreeMap<String, String> =
        serde_json::from_value(expected["headers"].clone()).unwrap();
    assert_eq!(actual.protocol_headers(), expected_headers, "{name}");
    assert_eq!(actual.json(), expected["body"], "{name}");
}

fn compare_error(name: &str, error: &AuditledgeError, vector: &Value, expected: &Value) {
    let response = &vector["response"];
    if response.is_null() {
        if vector["request"].is_null() && name.starts_with("transport: ") {
            assert!(matches!(error, AuditledgeError::Transport(_)), "{name}: {error:?}");
            assert!(error.is_retryable() && !error.may_be_recorded(), "{name}");
        } else {
            assert!(matches!(error, AuditledgeError::Invalid(_)), "{name}: {error:?}");
        }
        assert_eq!((error.status(), error.message(), error.body()), (None, None, None), "{name}");
        return;
    }
    let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
    assert_eq!(error.status(), Some(status), "{name}");
    match error {
        AuditledgeError::Unauthorized(_) => assert_eq!(status, 401, "{name}"),
        AuditledgeError::NotFound(_) => assert_eq!(status, 404, "{name}"),
        AuditledgeError::QuotaReached(_) => assert_eq!(status, 429, "{name}"),
        AuditledgeError::Api(_) => assert!(![401, 404, 429].contains(&status), "{name}"),
        other => panic!("{name}: {other:?}"),
    }
    let waits = response["headers"]["retry-after"].as_str().map(|text| text.parse().unwrap());
    assert_eq!(error.retry_after().map(|time| time.as_secs()), waits, "{name}");
    // What is no text is not put into words; the body has it.
    let message = match &response["body"]["error"] {
        Value::Object(_) => json!(format!("HTTP {status}")),
        _ => expected["message"].clone(),
    };
    assert_eq!(error.message().map(Value::from), Some(message), "{name}");
    assert_eq!(error.body(), Some(&response["body"]), "{name}");
}

fn api(key: &str, base: &str) -> AuditledgeApi {
    AuditledgeApi::builder()
        .api_key(key)
        .api_base(format!("{base}/v1"))
        .retries(Retries::none())
        .build()
        .unwrap()
}

/// The event of a vector; `None` where it lacks what ours can't be made without.
fn event_call(event: &Value) -> Option<EventCall> {
    let (actor, resource) = (event.get("actor")?.as_object()?, event.get("resource")?.as_object()?);
    let text = |members: &Map<String, Value>, name: &str| {
        members.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let mut call = EventCall::new(
        event.get("action")?.as_str()?,
        actor.iter().fold(Actor::new(text(actor, "id")), |actor, (name, value)| {
            match (name.as_str(), value) {
                ("name", Value::String(name)) => actor.name(name),
                ("email", Value::String(email)) => actor.email(email),
                _ => actor.member(name, value.clone()),
            }
        }),
        resource.iter().fold(
            Resource::new(text(resource, "type"), text(resource, "id")),
            |resource, (name, value)| match (name.as_str(), value) {
                ("name", Value::String(name)) => resource.name(name),
                _ => resource.member(name, value.clone()),
            },
        ),
    );
    for (member, value) in event.as_object()? {
        call = match (member.as_str(), value) {
            ("actor" | "action" | "resource", _) => call,
            ("metadata", Value::Object(metadata)) => call.metadata(metadata.clone()),
            ("organization_id", Value::String(id)) => call.organization_id(id),
            ("timestamp", Value::String(text)) => call.timestamp(text),
            _ => call.member(member, value.clone()),
        };
    }
    Some(call)
}

fn query(filters: &Value) -> Query {
    let mut query = Query::from(query_filter(filters));
    if let Some(limit) = filters["limit"].as_u64() {
        query = query.limit(limit.try_into().unwrap());
    }
    if let Some(offset) = filters["offset"].as_u64() {
        query = query.offset(offset);
    }
    query
}

fn query_filter(filters: &Value) -> Filter {
    let texts =
        filters.as_object().into_iter().flatten().filter_map(|(name, value)| Some((name, value.as_str()?)));
    texts.fold(Filter::new(), |filter, (name, value)| match name.as_str() {
        "search" => filter.search(value),
        "actor_id" => filter.actor_id(value),
        "actor_name" => filter.actor_name(value),
        "action" => filter.action(value),
        "resource_type" => filter.resource_type(value),
        "organization_id" => filter.organization_id(value),
        "start_date" => filter.start_date(value),
        "end_date" => filter.end_date(value),
        "format" => filter,
        other => filter.parameter(other, value),
    })
}

/// The path, and its parameters, decoded.
fn parts(target: &str) -> (String, BTreeMap<String, String>) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let decoded: Vec<(String, String)> = pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            (decode(name), decode(value))
        })
        .collect();
    let count = decoded.len();
    let query: BTreeMap<_, _> = decoded.into_iter().collect();
    assert_eq!(query.len(), count, "a parameter is sent once: {target}");
    (path.to_owned(), query)
}

/// A form-encoded text (WHATWG URL, "application/x-www-form-urlencoded").
fn decode(text: &str) -> String {
    let (mut bytes, mut decoded) = (text.bytes(), Vec::new());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(decoded).unwrap()
}

fn answer_of(response: &Value) -> Step {
    let Some(status) = response["status"].as_u64() else { return Step::Close };
    let body = match &response["body"] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        json => json.to_string(),
    };
    let mut reply = Reply::text(status.try_into().unwrap(), &body);
    let headers = response["headers"].as_object().cloned().unwrap_or_default();
    for (name, value) in &headers {
        reply = reply.header(name, value.as_str().unwrap());
    }
    if !headers.contains_key("content-type") {
        reply = reply.header("content-type", "application/json");
    }
    Step::Reply(reply)
}

/// An address where nobody listens.
async fn closed_port() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
