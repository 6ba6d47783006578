//! The vectors of the Archiva API, against our client.
//!
//! `vectors/archiva*.json` are arrays of {name, call, request, response, result}: what the user said, what had to arrive,
//! what was answered, what the user got. Every one of them is run.

#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests say what must hold")]

mod loopback;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use lodger_core::service::Retries;
use lodger_core::service::archiva::{
    ActorType, ArchivaApi, ArchivaError, Authentication, Change, CreatedEvent, EventCall, ListCall,
};
use serde_json::{Map, Value, json};

use loopback::{Loopback, Recorded, Reply, Step};

#[tokio::test]
async fn every_vector_passes() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut run = 0;
    for file in std::fs::read_dir(vectors).unwrap() {
        let file = file.unwrap();
        if !file.file_name().to_str().unwrap().starts_with("archiva") {
            continue;
        }
        let vectors: Vec<Value> = serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap();
        for vector in &vectors {
            check(vector).await;
            run += 1;
        }
    }
    assert!(run >= 23, "{run}");
}

async fn check(vector: &Value) {
    let name = vector["name"].as_str().unwrap();
    let server = Loopback::start(answer_of(&vector["response"])).await;
    let (input, options) = (&vector["call"]["args"][0], &vector["call"]["args"][1]);
    let mut builder =
        ArchivaApi::builder().api_key("pk_test_example").api_base(server.base()).retries(Retries::none());
    if options["auth"] == "x-project-key" {
        builder = builder.authentication(Authentication::ProjectKey);
    }
    let api = builder.build().unwrap();
    let outcome = match vector["call"]["operation"].as_str().unwrap() {
        "createEvent" => api.create_event(event_call(input, options)).await.map(|event| shown(&event)),
        "listEvents" => api.list(list_call(input, options)).await.map(|page| {
            let events: Vec<_> = page.events.iter().map(|event| event.members().clone()).collect();
            json!({"events": events, "nextCursor": page.next_cursor})
        }),
        other => panic!("the vectors have a new operation: {other}"),
    };
    let requests = server.requests();
    match vector["request"].as_object() {
        None => assert_eq!(requests, [], "{name}"),
        Some(expected) => {
            assert_eq!(requests.len(), 1, "{name}: exactly one request");
            compare_request(name, expected, &requests[0]);
        }
    }
    match outcome {
        Ok(answer) => assert_eq!(answer, vector["result"]["ok"], "{name}"),
        Err(error) => compare_error(name, &error, &vector["result"]["error"]),
    }
}

fn shown(event: &CreatedEvent) -> Value {
    serde_json::to_value(event).unwrap()
}

fn compare_request(name: &str, expected: &Map<String, Value>, actual: &Recorded) {
    assert_eq!(actual.method, expected["method"], "{name}");
    let pairs = |path: &str| {
        let url = reqwest::Url::parse(&format!("http://localhost{path}")).unwrap();
        let query: BTreeSet<_> = url.query_pairs().into_owned().collect();
        (url.path().to_owned(), query)
    };
    assert_eq!(pairs(&actual.path), pairs(expected["path"].as_str().unwrap()), "{name}");
    let headers: BTreeMap<String, String> = serde_json::from_value(expected["headers"].clone()).unwrap();
    assert_eq!(actual.protocol_headers(), headers, "{name}");
    assert_eq!(actual.json(), expected["body"], "{name}");
}

fn compare_error(name: &str, error: &ArchivaError, expected: &Value) {
    assert!(expected.is_object(), "{name}: {error:?}");
    let code = match error {
        ArchivaError::Unauthorized(_) => json!("UNAUTHORIZED"),
        ArchivaError::RateLimited { .. } => json!("RATE_LIMITED"),
        ArchivaError::IdempotencyConflict(_) => json!("IDEMPOTENCY_CONFLICT"),
        ArchivaError::Invalid { .. } => json!("invalid_argument"),
        _ => Value::Null,
    };
    assert_eq!(code, expected["code"], "{name}");
    assert_eq!(error.status().map(u64::from), expected["status"].as_u64(), "{name}");
    assert_eq!(json!(error.is_retryable()), expected["retryable"], "{name}");
    assert_eq!(
        error.retry_after().map(|time| time.as_secs()),
        expected["retryAfterSeconds"].as_u64(),
        "{name}"
    );
    match (error, expected["message"].as_str()) {
        (ArchivaError::Invalid { .. }, Some(begin)) => {
            assert!(error.to_string().starts_with(begin), "{name}: {error}");
        }
        (_, Some(message)) => assert_eq!(error.message(), Some(message), "{name}"),
        (_, None) => {}
    }
    if let Some(raw) = expected.get("rawBody") {
        assert_eq!(error.body(), Some(raw), "{name}");
    }
}

fn event_call(input: &Value, options: &Value) -> EventCall {
    let text = |name: &str| input[name].as_str().unwrap_or_default();
    let (action, is_legacy) = match input["actionKey"].as_str() {
        Some(action) => (action, false),
        None => (text("action"), true),
    };
    let mut call = EventCall::new(action, text("entityType"), text("entityId"), text("actorId"));
    if is_legacy {
        call = call.legacy_action();
    }
    for (member, value) in input.as_object().unwrap() {
        let text = || value.as_str().unwrap();
        call = match member.as_str() {
            "actionDescription" => call.action_description(text()),
            "actorType" => call.actor_type(actor_type(text())),
            "actorDisplay" => call.actor_display(text()),
            "tenantId" => call.tenant_id(text()),
            "occurredAt" => call.occurred_at(text()),
            "source" => call.source(text()),
            "context" => call.context(context(value)),
            "changes" => call.changes(value.as_array().unwrap().iter().map(change).collect()),
            "action" | "actionKey" | "entityType" | "entityId" | "actorId" => call,
            other => panic!("the vectors have a new member: {other}"),
        };
    }
    for (option, value) in options.as_object().into_iter().flatten() {
        let text = value.as_str().unwrap();
        call = match option.as_str() {
            "idempotencyKey" => call.idempotency_key(text),
            "requestId" => call.request_id(text),
            "auth" => call,
            other => panic!("the vectors have a new option: {other}"),
        };
    }
    call
}

fn change(value: &Value) -> Change {
    let mut change = Change::set(value["path"].as_str().unwrap()).op(value["op"].as_str().unwrap());
    if let Some(before) = value.get("before") {
        change = change.before(before.clone());
    }
    if let Some(after) = value.get("after") {
        change = change.after(after.clone());
    }
    change
}

fn actor_type(word: &str) -> ActorType {
    match word {
        "user" => ActorType::User,
        "service" => ActorType::Service,
        "system" => ActorType::System,
        other => panic!("no such actor: {other}"),
    }
}

/// The object, with what its placeholders stand for.
fn context(value: &Value) -> Map<String, Value> {
    let mut context = value.as_object().unwrap().clone();
    for text in context.values_mut() {
        let length =
            text.as_str().and_then(|text| text.strip_prefix("{{string of ")?.strip_suffix(" bytes}}"));
        if let Some(length) = length {
            *text = json!("x".repeat(length.parse().unwrap()));
        }
    }
    context
}

fn list_call(input: &Value, options: &Value) -> ListCall {
    let mut call = ListCall::new();
    for (member, value) in input.as_object().unwrap() {
        let text = || value.as_str().unwrap();
        call = match member.as_str() {
            "entityId" => call.entity_id(text()),
            "entityType" => call.entity_type(text()),
            "tenantId" => call.tenant_id(text()),
            "actorId" => call.actor_id(text()),
            "actionKey" => call.action_key(text()),
            "actorType" => call.actor_type(actor_type(text())),
            "limit" => call.limit(value.as_u64().unwrap().try_into().unwrap()),
            "cursor" => call.cursor(text()),
            other => panic!("the vectors have a new filter: {other}"),
        };
    }
    match options["bearer"].as_str() {
        Some(token) => call.bearer(token),
        None => call,
    }
}

fn answer_of(response: &Value) -> Step {
    let Some(status) = response["status"].as_u64() else { return Step::Close };
    let body = match &response["body"] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        json => json.to_string(),
    };
    let mut reply = Reply::text(status.try_into().unwrap(), &body);
    for (name, value) in response["headers"].as_object().into_iter().flatten() {
        reply = reply.header(name, value.as_str().unwrap());
    }
    Step::Reply(reply)
}
