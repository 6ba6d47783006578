//! The vectors captured from the official TypeScript client, against ours.
//!
//! `vectors/*.json` are arrays of {name, call, request, response, result}: what the user said, what had to arrive,
//! what was answered, what the user got. Every one of them is run, or stands in [`SKIPPED`] with its reason.

#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests say what must hold")]

mod loopback;

use std::collections::BTreeMap;

use lodger_core::event::{Retention, Timestamp};
use lodger_core::service::lodger::{
    CallOptions, EventCall, EventReceipt, EventType, LodgerApi, LodgerApiBuilder, LodgerError, Party,
    ReceiptCall, RequestContext, Source,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use loopback::{Loopback, Recorded, Reply, Step};

const EVENTS: &str = include_str!("vectors/lodger-events.json");
const ERRORS: &str = include_str!("vectors/lodger-errors.json");
const RECEIPTS: &str = include_str!("vectors/lodger-receipts.json");

/// Vectors that are not run as they stand, and why.
const SKIPPED: [(&str, &str); 4] = [
    (
        "event: quirk - explicit undefined idempotencyKey suppresses the generated key",
        "a quirk not to copy: a key is always sent (tested below)",
    ),
    (
        "event: quirk - empty idempotencyKey sends no header",
        "a quirk not to copy: a key is always sent (tested below)",
    ),
    ("query: 403 missing events:read", "the client has no queries"),
    ("activityToken: 403 activity links disabled", "the client has no activity tokens"),
];

fn vectors(file: &str) -> Vec<Value> {
    let all: Vec<Value> = serde_json::from_str(file).unwrap();
    all.into_iter().filter(|vector| SKIPPED.iter().all(|(name, _)| vector["name"] != *name)).collect()
}

#[tokio::test]
async fn every_event_vector_passes() {
    let vectors = vectors(EVENTS);
    for vector in &vectors {
        run(vector).await;
    }
    assert_eq!(vectors.len(), 18);
}

#[tokio::test]
async fn every_receipt_vector_passes() {
    let vectors = vectors(RECEIPTS);
    for vector in &vectors {
        run(vector).await;
    }
    assert_eq!(vectors.len(), 5);
}

#[tokio::test]
async fn every_error_vector_of_events_and_receipts_passes() {
    let vectors = vectors(ERRORS);
    for vector in &vectors {
        run(vector).await;
    }
    assert_eq!(vectors.len(), 22);
}

#[test]
fn every_skipped_vector_exists() {
    let all = format!("{EVENTS}{RECEIPTS}{ERRORS}");
    for (name, _) in SKIPPED {
        assert!(all.contains(&format!("\"{name}\"")), "{name}");
    }
}

#[tokio::test]
async fn where_the_official_client_sends_no_key_we_send_one() {
    let server = Loopback::replying(Reply::json(202, &receipt())).await;
    let api = client(&json!({}), &server.base()).build().unwrap();
    for options in [CallOptions::new(), CallOptions::new().idempotency_key("")] {
        api.event(EventCall::new("account.user.login", "u", "t").options(options)).await.unwrap();
    }
    for request in server.requests() {
        assert!(matches("event_{{uuid}}", &request.headers["idempotency-key"]), "{request:?}");
    }
}

#[tokio::test]
async fn a_receipt_is_verified_in_the_context_of_a_call_and_under_its_own_bearer_only() {
    let vectors: Vec<Value> = serde_json::from_str(RECEIPTS).unwrap();
    let server = Loopback::replying(Reply::json(200, &vectors[0]["response"]["body"])).await;
    let options = json!({"environment": "production", "server": "web-1"});
    let api = client(&options, &server.base()).build().unwrap();
    api.receipt("rcpt 1/2").await.unwrap();
    let call = ReceiptCall::new("rcpt_1")
        .workspace("org 1/2")
        .bearer(" rct_token\n")
        .environment("staging")
        .server(" ")
        .request(RequestContext {
            request_id: Some("req_1".to_owned()),
            session_id: Some("ses_1".to_owned()),
            trace_id: Some("trc_1".to_owned()),
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        });
    api.receipt(call).await.unwrap();

    let requests = server.requests();
    let headers = |number: usize| serde_json::to_value(requests[number].protocol_headers()).unwrap();
    assert_eq!(requests[0].path, "/v1/receipts/rcpt%201%2F2");
    assert_eq!(headers(0), json!({"x-lodger-environment": "production", "x-lodger-server": "web-1"}));
    assert_eq!(requests[1].path, "/v1/workspaces/org%201%2F2/receipts/rcpt_1");
    assert_eq!(
        headers(1),
        json!({
            "authorization": "Bearer rct_token",
            "x-lodger-environment": "staging",
            "x-request-id": "req_1",
            "x-session-id": "ses_1",
            "x-trace-id": "trc_1",
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        })
    );
}

#[tokio::test]
async fn a_receipt_call_that_would_lead_elsewhere_sends_nothing() {
    let server = Loopback::replying(Reply::json(200, &json!({}))).await;
    let api = client(&json!({}), &server.base()).build().unwrap();
    let token = ReceiptCall::new("rcpt_1").bearer(" ");
    for call in [ReceiptCall::new(".."), ReceiptCall::new(""), ReceiptCall::new("r").workspace("."), token] {
        let error = api.receipt(call).await.unwrap_err();
        assert!(matches!(error, LodgerError::Invalid(_)), "{error:?}");
    }
    assert_eq!(server.requests(), []);
}

#[tokio::test]
async fn the_receipt_of_the_largest_event_is_read_whole() {
    let vectors: Vec<Value> = serde_json::from_str(RECEIPTS).unwrap();
    let mut body = vectors[0]["response"]["body"].clone();
    body["entry"]["metadata"]["note"] = json!("x".repeat(64 * 1024));
    let server = Loopback::replying(Reply::json(200, &body)).await;
    let api = client(&json!({}), &server.base()).build().unwrap();
    let verified = api.receipt("rcpt_1").await.unwrap();
    assert_eq!(verified.entry.unwrap().metadata.unwrap()["note"], body["entry"]["metadata"]["note"]);
}

async fn run(vector: &Value) {
    let name = vector["name"].as_str().unwrap();
    let server = Loopback::start(answer_of(&vector["response"])).await;
    let call = &vector["call"];
    let base = if name == "transport: connection refused" { closed_port().await } else { server.base() };
    let options = &call["client"];
    let outcome = match client(options, &base).build() {
        Err(invalid) => {
            assert_eq!(call["operation"], "new", "{name}: {invalid}");
            assert!(invalid.to_string().contains("is blank"), "{name}: {invalid}");
            Err(None)
        }
        Ok(api) if call["args"][2]["signal"] == "<already aborted>" => {
            // The counterpart of an aborted signal: a call that is dropped before anybody polled it.
            drop(api.event(event_call(call)));
            Err(None)
        }
        Ok(api) => match call["operation"].as_str().unwrap() {
            "receipt" => answer(api.receipt(receipt_call(call)).await),
            "log" => answer(api.log(event_call(call)).await),
            _ => answer(api.event(event_call(call)).await),
        },
    };

    match vector["request"].as_object() {
        None => assert_eq!(server.requests(), [], "{name}"),
        Some(expected) => {
            let requests = server.requests();
            assert_eq!(requests.len(), 1, "{name}: the client makes exactly one request");
            compare_request(name, expected, &requests[0]);
        }
    }
    match (outcome, &vector["result"]) {
        (Ok(answer), expected) => assert_eq!(answer, without_nulls(&expected["ok"]), "{name}"),
        (Err(None), expected) => assert!(expected["error"].is_object(), "{name}"),
        (Err(Some(error)), expected) => compare_error(name, &error, &expected["error"]),
    }
}

/// A result as JSON, to be compared with that of the vector. An error is `None` where nothing was called.
fn answer(result: Result<impl Serialize, LodgerError>) -> Result<Value, Option<LodgerError>> {
    result.map(|answer| serde_json::to_value(answer).unwrap()).map_err(Some)
}

fn compare_request(name: &str, expected: &Map<String, Value>, actual: &Recorded) {
    assert_eq!(actual.method, expected["method"], "{name}");
    assert_eq!(actual.path, expected["path"], "{name}");
    let expected_headers: BTreeMap<String, String> =
        serde_json::from_value(expected["headers"].clone()).unwrap();
    let headers = actual.protocol_headers();
    assert_eq!(headers.keys().collect::<Vec<_>>(), expected_headers.keys().collect::<Vec<_>>(), "{name}");
    for (header, expected) in &expected_headers {
        assert!(matches(expected, &headers[header]), "{name}: {header}: {}", headers[header]);
    }
    let mut body = actual.json();
    if expected["body"]["occurredAt"] == "{{now}}" {
        assert!(matches("{{now}}", body["occurredAt"].as_str().unwrap()), "{name}: {body}");
        body["occurredAt"] = json!("{{now}}");
    }
    assert_eq!(body, expected["body"], "{name}");
}

fn compare_error(name: &str, error: &LodgerError, expected: &Value) {
    if expected["status"].is_null() {
        assert!(matches!(error, LodgerError::Transport(_)), "{name}: {error:?}");
        assert_eq!(error.status(), None, "{name}");
        assert!(error.is_retryable(), "{name}");
        return;
    }
    assert_eq!(error.status().map(u64::from), expected["status"].as_u64(), "{name}");
    assert_eq!(error.code(), expected["code"].as_str(), "{name}");
    assert_eq!(error.detail(), expected["detail"].as_str(), "{name}");
    assert_eq!(error.body(), Some(&expected["body"]), "{name}");
}

/// The client of a vector, from the official client's options.
fn client(options: &Value, base: &str) -> LodgerApiBuilder {
    let text = |name: &str, default: &str| options[name].as_str().unwrap_or(default).to_owned();
    let base = text("apiBase", "<base>").replace("<base>", base);
    let mut builder = LodgerApi::builder(text("workspaceId", "org_1"), text("projectId", "core"))
        .api_key(text("apiKey", "lodger_sk_test_key"))
        .api_base(base);
    if let Some(environment) = options["environment"].as_str() {
        builder = builder.environment(environment);
    }
    if let Some(server) = options["server"].as_str() {
        builder = builder.server(server);
    }
    builder
}

/// The call of a vector: `[action, input, options]` or `[input with action, options]`.
fn event_call(call: &Value) -> EventCall {
    let args = call["args"].as_array().unwrap();
    let (action, input, options) = match args[0].as_str() {
        Some(action) => (action, &args[1], args.get(2)),
        None => (args[0]["action"].as_str().unwrap(), &args[0], args.get(1)),
    };
    let mut event = match call.get("catalog") {
        Some(catalog) => {
            EventCall::of(&catalogued(catalog, action), party(&input["actor"]), party(&input["target"]))
        }
        None => EventCall::new(action, party(&input["actor"]), party(&input["target"])),
    };
    // `tags` and `description` of one vector have no counterpart: what the official client drops can't be said here.
    for (member, value) in input.as_object().unwrap() {
        event = match member.as_str() {
            "occurredAt" => event.occurred_at(value.as_str().unwrap()),
            "metadata" => event.metadata(value.as_object().unwrap().clone()),
            "userVisible" => event.user_visible(value.as_bool().unwrap()),
            "retention" => event.retention(serde_json::from_value::<Retention>(value.clone()).unwrap()),
            "source" => event.source(source(value.as_str().unwrap())),
            "workspaceId" => event.workspace(value.as_str().unwrap()),
            "projectId" => event.project(value.as_str().unwrap()),
            "action" | "actor" | "target" | "tags" | "description" => event,
            other => panic!("the vectors have a new member: {other}"),
        };
    }
    event.options(options.map_or_else(CallOptions::new, call_options))
}

/// The call of a vector: `[id, options]`.
fn receipt_call(call: &Value) -> ReceiptCall {
    let args = call["args"].as_array().unwrap();
    let mut receipt = ReceiptCall::new(args[0].as_str().unwrap());
    for (member, value) in args.get(1).and_then(Value::as_object).into_iter().flatten() {
        let value = value.as_str().unwrap();
        receipt = match member.as_str() {
            "workspaceId" => receipt.workspace(value),
            "bearer" => receipt.bearer(value),
            other => panic!("the vectors have a new member: {other}"),
        };
    }
    receipt
}

/// An entry of a vector's catalog. Texts are leaked: a catalog is made of constants.
fn catalogued(catalog: &Value, action: &str) -> EventType {
    let leak = |text: &str| -> &'static str { text.to_owned().leak() };
    let entry = &catalog[action];
    let mut kind = EventType::new(leak(action));
    if let Some(target_type) = entry["targetType"].as_str() {
        kind = kind.target_type(leak(target_type));
    }
    if entry["userVisible"] == true { kind.user_visible() } else { kind }
}

fn party(value: &Value) -> Party {
    match value {
        Value::String(id) => Party::from(id.as_str()),
        object => serde_json::from_value(object.clone()).unwrap(),
    }
}

fn source(word: &str) -> Source {
    match word {
        "api" => Source::Api,
        "automation" => Source::Automation,
        "dashboard" => Source::Dashboard,
        "system" => Source::System,
        other => panic!("no such source: {other}"),
    }
}

fn call_options(value: &Value) -> CallOptions {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let request = &value["request"];
    let mut options = CallOptions::new().request(RequestContext {
        request_id: text(&request["requestId"]),
        session_id: text(&request["sessionId"]),
        trace_id: text(&request["traceId"]),
        traceparent: text(&request["traceparent"]),
    });
    if let Some(key) = text(&value["idempotencyKey"]) {
        options = options.idempotency_key(key);
    }
    if let Some(environment) = text(&value["environment"]) {
        options = options.environment(environment);
    }
    if let Some(server) = text(&value["server"]) {
        options = options.server(server);
    }
    options
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

/// Whether `actual` is what the placeholders of `wire/README.md` stand for.
fn matches(expected: &str, actual: &str) -> bool {
    if expected == "{{now}}" {
        let age = actual.parse::<Timestamp>().map(|time| Timestamp::now().as_micros() - time.as_micros());
        // A minute is a bound on "now", not a measurement.
        return actual.ends_with('Z')
            && actual.contains('.')
            && age.is_ok_and(|age| (0..60_000_000).contains(&age));
    }
    match expected.split_once("{{uuid}}") {
        Some((before, after)) => actual
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .is_some_and(|uuid| uuid.len() == 36 && uuid.parse::<uuid::Uuid>().is_ok()),
        None => actual == expected,
    }
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), without_nulls(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// An address where nobody listens.
async fn closed_port() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn receipt() -> Value {
    let vectors: Vec<Value> = serde_json::from_str(EVENTS).unwrap();
    let receipt = vectors[0]["response"]["body"].clone();
    assert!(serde_json::from_value::<EventReceipt>(receipt.clone()).is_ok());
    receipt
}
