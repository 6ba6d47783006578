//! The vectors captured from the official TypeScript client, against ours.
//!
//! `vectors/lodger-*.json` are arrays of {name, call, request, response, result}: what the user said, what had to arrive,
//! what was answered, what the user got. Every one of every such file is run, but for those that name themselves quirks not to
//! copy. `lodger-more.json` is ours: what the official client makes of further inputs, recorded in the same way.

#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests say what must hold")]

mod calls;
mod compare;
#[path = "../loopback/mod.rs"]
mod loopback;

use std::fs;
use std::path::Path;

use lodger_core::service::lodger::{CallOptions, EventCall, LodgerError, ReceiptCall, RequestContext};
use serde_json::{Value, json};

use loopback::{Loopback, Reply, Step};

/// All vectors, with the file that each stands in.
fn vectors() -> Vec<(String, Value)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut all = Vec::new();
    for file in fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with("lodger-") {
            let vectors: Vec<Value> = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            all.extend(vectors.into_iter().map(|vector| (name.clone(), vector)));
        }
    }
    all
}

/// What the service answers in the vector of this name.
fn body_of(name: &str) -> Value {
    let vector = vectors().into_iter().find(|(_, vector)| vector["name"] == name);
    vector.unwrap().1["response"]["body"].clone()
}

#[tokio::test]
async fn every_vector_passes() {
    let (mut quirks, mut passed, mut failed) = (0, 0, Vec::new());
    for (file, vector) in vectors() {
        let name = format!("{file}: {}", vector["name"].as_str().unwrap());
        if name.contains("quirk") {
            quirks += 1;
        } else if tokio::spawn(run(name.clone(), vector)).await.is_ok() {
            passed += 1;
        } else {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(passed >= 395, "{passed}");
    assert!(quirks >= 2, "an idempotency key is always sent: see the next test");
}

#[tokio::test]
async fn where_the_official_client_sends_no_key_we_send_one() {
    let server = Loopback::replying(Reply::json(202, &body_of("log: alias of event"))).await;
    let api = calls::client(&json!({}), &server.base()).build().unwrap();
    for options in [CallOptions::new(), CallOptions::new().idempotency_key("")] {
        api.event(EventCall::new("account.user.login", "u", "t").options(options)).await.unwrap();
    }
    for request in server.requests() {
        assert!(compare::matches("event_{{uuid}}", &request.headers["idempotency-key"]), "{request:?}");
    }
}

#[tokio::test]
async fn a_receipt_is_verified_in_the_context_of_a_call_and_under_its_own_bearer_only() {
    let server =
        Loopback::replying(Reply::json(200, &body_of("receipt: global, no authorization header"))).await;
    let options = json!({"environment": "production", "server": "web-1"});
    let api = calls::client(&options, &server.base()).build().unwrap();
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
    let api = calls::client(&json!({}), &server.base()).build().unwrap();
    let token = ReceiptCall::new("rcpt_1").bearer(" ");
    for call in [ReceiptCall::new(".."), ReceiptCall::new(""), ReceiptCall::new("r").workspace("."), token] {
        let error = api.receipt(call).await.unwrap_err();
        assert!(matches!(error, LodgerError::Invalid(_)), "{error:?}");
    }
    assert_eq!(server.requests(), []);
}

#[tokio::test]
async fn the_receipt_of_the_largest_event_is_read_whole() {
    let mut body = body_of("receipt: global, no authorization header");
    body["entry"]["metadata"]["note"] = json!("x".repeat(64 * 1024));
    let server = Loopback::replying(Reply::json(200, &body)).await;
    let api = calls::client(&json!({}), &server.base()).build().unwrap();
    let verified = api.receipt("rcpt_1").await.unwrap();
    assert_eq!(verified.entry.unwrap().metadata.unwrap()["note"], body["entry"]["metadata"]["note"]);
}

async fn run(name: String, mut vector: Value) {
    vector["call"] = calls::understood(&vector["call"]);
    let call = &vector["call"];
    let operation = call["operation"].as_str().unwrap();
    let server = Loopback::start(answer_of(&vector["response"])).await;
    let base = if name.ends_with("connection refused") { closed_port().await } else { server.base() };
    let aborted =
        call["args"].as_array().into_iter().flatten().any(|arg| arg["signal"] == "<already aborted>");

    let outcome = match calls::client(&call["client"], &base).build() {
        Err(invalid) => {
            assert!(vector["request"].is_null(), "{name}: {invalid}");
            None
        }
        Ok(api) if aborted => {
            // The counterpart of an aborted signal: a call that is dropped before anybody polled it.
            drop(calls::make(&api, &base, &vector));
            None
        }
        Ok(api) => Some(calls::make(&api, &base, &vector).await),
    };

    match vector["request"].as_object() {
        None => assert_eq!(server.requests(), [], "{name}"),
        Some(expected) => {
            let requests = server.requests();
            assert_eq!(requests.len(), 1, "{name}: the client makes exactly one request: {outcome:?}");
            compare::request(&name, expected, &requests[0]);
        }
    }
    let result = &vector["result"];
    match outcome {
        None => assert!(result["error"].is_object(), "{name}"),
        Some(Ok(answer)) => compare::answer(&name, operation, &answer, &result["ok"]),
        // The official client hands on whatever came.
        Some(Err(LodgerError::Unreadable(_))) => {
            assert!(result.get("ok").is_some_and(|ok| !ok.is_object()) && operation != "request", "{name}");
        }
        Some(Err(LodgerError::Invalid(why))) => {
            assert!(vector["request"].is_null() && result["error"].is_object(), "{name}: {why}");
        }
        Some(Err(error)) => compare::error(&name, &error, &result["error"]),
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

/// An address where nobody listens.
async fn closed_port() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
