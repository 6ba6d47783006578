//! The vectors written from LogHub's documentation, against our client.
//!
//! Every `vectors/loghub*.json` is an array of {name, call, request, response, result}: what the user said, what had to arrive,
//! what was answered, what the user got. All of them are run.

#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests say what must hold")]

mod loopback;

use std::collections::BTreeMap;
use std::path::Path;

use lodger_core::service::Retries;
use lodger_core::service::loghub::{
    EventCall, ExternalId, Limit, ListCall, ListedEvent, LogHubApi, LogHubError, Order,
};
use serde_json::{Value, json};

use loopback::{Loopback, Recorded, Reply, Step};

#[tokio::test]
async fn every_vector_passes() {
    let mut run_so_far = 0;
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    for file in std::fs::read_dir(vectors).unwrap().map(Result::unwrap) {
        if !file.file_name().to_string_lossy().starts_with("loghub") {
            continue;
        }
        let vectors: Vec<Value> = serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap();
        for vector in &vectors {
            run(vector).await;
            run_so_far += 1;
        }
    }
    assert!(run_so_far >= 15, "{run_so_far}");
}

async fn run(vector: &Value) {
    let name = vector["name"].as_str().unwrap();
    let server = Loopback::start(answer_of(&vector["response"])).await;
    // The two headers are the client's, which the vectors' calls say nothing of.
    let header =
        |name: &str, default: &str| vector["request"]["headers"][name].as_str().unwrap_or(default).to_owned();
    let api = LogHubApi::builder(header("organization", "org_1"))
        .token(header("token", "secret_1"))
        .api_base(server.base())
        .retries(Retries::none())
        .build()
        .unwrap();
    let call = &vector["call"]["args"][0];
    let result = match vector["call"]["operation"].as_str().unwrap() {
        "create" => create(&api, call).await,
        "list" => list(&api, call).await,
        other => panic!("{name}: there is no {other}"),
    };
    match vector["request"].as_object() {
        None => assert_eq!(server.requests(), [], "{name}"),
        Some(_) => {
            let requests = server.requests();
            assert_eq!(requests.len(), 1, "{name}: the client makes exactly one request");
            compare_request(name, &vector["request"], &requests[0]);
        }
    }
    match (result, &vector["result"]) {
        (Ok(answer), expected) => assert_eq!(answer, expected["ok"], "{name}"),
        (Err(error), expected) => compare_error(name, &error, &expected["error"]),
    }
}

async fn create(api: &LogHubApi, call: &Value) -> Result<Value, LogHubError> {
    let actor = serde_json::from_value(call["actor"].clone()).unwrap();
    // A member that is missing can only be said as an empty one.
    let mut event = EventCall::new(actor, call["action"].as_str().unwrap_or_default(), external_id(call));
    for (member, value) in call.as_object().unwrap() {
        event = match member.as_str() {
            "metadata" => event.metadata(value.as_object().unwrap().clone()),
            "context" => event.context(value.as_object().unwrap().clone()),
            "tags" => event.tags(value.as_array().unwrap().iter().map(|tag| tag.as_str().unwrap())),
            "actor" | "action" | "external_id" => event,
            other => panic!("the vectors have a new member: {other}"),
        };
    }
    let created = api.create(event).await?;
    assert_eq!(created.extra, serde_json::Map::new());
    Ok(json!({"id": created.id, "timestampMs": created.timestamp}))
}

async fn list(api: &LogHubApi, call: &Value) -> Result<Value, LogHubError> {
    let order = match call["order"].as_str().unwrap() {
        "desc" => Order::NewestFirst,
        "asc" => Order::OldestFirst,
        other => panic!("the vectors have a new order: {other}"),
    };
    let limit = Limit::try_from(call["limit"].as_u64().unwrap())?;
    let list =
        ListCall::new(external_id(call)).page(call["page"].as_u64().unwrap()).limit(limit).order(order);
    let events: Vec<ListedEvent> = api.list(list).await?;
    Ok(json!({"events": events}))
}

fn external_id(call: &Value) -> ExternalId {
    call.get("external_id").map_or_else(|| ExternalId::from(""), |id| id.clone().try_into().unwrap())
}

fn compare_request(name: &str, expected: &Value, actual: &Recorded) {
    assert_eq!(actual.method, expected["method"], "{name}");
    let decoded = |target: &str| -> (String, Vec<(String, String)>) {
        let url = reqwest::Url::parse(&format!("http://loghub{target}")).unwrap();
        (url.path().to_owned(), url.query_pairs().into_owned().collect())
    };
    assert_eq!(decoded(&actual.path), decoded(expected["path"].as_str().unwrap()), "{name}");
    let headers: BTreeMap<String, String> = serde_json::from_value(expected["headers"].clone()).unwrap();
    assert_eq!(actual.protocol_headers(), headers, "{name}");
    assert_eq!(actual.json(), expected["body"], "{name}");
}

fn compare_error(name: &str, error: &LogHubError, expected: &Value) {
    assert!(expected.is_object(), "{name}: {error:?}");
    assert_eq!(error.is_retryable(), expected["retryable"].as_bool().unwrap(), "{name}");
    assert_eq!(error.status().map(u64::from), expected["status"].as_u64(), "{name}");
    if expected["status"].is_null() {
        assert!(matches!(error, LogHubError::Invalid(_)), "{name}: {error:?}");
        assert_eq!(error.to_string(), expected["message"].as_str().unwrap(), "{name}");
        return;
    }
    assert_eq!(error.code(), expected["code"].as_str(), "{name}");
    if let Some(raw) = expected["rawBody"].as_str() {
        assert_eq!(error.raw_body(), Some(raw), "{name}");
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
    let headers = response["headers"].as_object().cloned().unwrap_or_default();
    for (name, value) in &headers {
        reply = reply.header(name, value.as_str().unwrap());
    }
    if !headers.contains_key("content-type") {
        reply = reply.header("content-type", "application/json");
    }
    Step::Reply(reply)
}
