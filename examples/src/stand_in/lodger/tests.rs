use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;

const KEY: &str = "lodger_sk_1";
const READER: &str = "lodger_sk_2";

fn service() -> LodgerService {
    LodgerService::new("org_1", "core", KEY).key(READER, &[Scope::Read])
}

fn ask(service: &mut LodgerService, method: &str, target: &str, key: &str, body: &Value) -> (u16, Value) {
    ask_under(service, method, target, key, "event_000000", body)
}

fn ask_under(
    service: &mut LodgerService,
    method: &str,
    target: &str,
    key: &str,
    idempotency_key: &str,
    body: &Value,
) -> (u16, Value) {
    let mut headers = BTreeMap::from([
        ("authorization".to_owned(), format!("Bearer {key}")),
        ("idempotency-key".to_owned(), idempotency_key.to_owned()),
    ]);
    let mut bytes = Vec::new();
    if !body.is_null() {
        headers.insert("content-type".to_owned(), "application/json".to_owned());
        bytes = body.to_string().into_bytes();
    }
    let reply = service.answer(&Request::new(method, target, headers, bytes));
    (reply.status, serde_json::from_slice(&reply.body).unwrap())
}

fn paid(invoice: &str) -> Value {
    json!({"workspaceId": "org_1", "projectId": "core", "action": "invoice.paid", "actor": {"id": "u1", "type": "user"},
        "target": {"id": invoice, "type": "invoice"}, "occurredAt": "2026-05-15T14:00:00+02:00", "userVisible": true})
}

/// The detail of the refusal of a request with its status and error.
fn refused(answer: &(u16, Value)) -> (u16, &str, &str) {
    let member = |name: &str| answer.1.get(name).and_then(Value::as_str).unwrap();
    (answer.0, member("error"), member("detail"))
}

#[test]
fn a_repeated_key_gets_the_original_receipt() {
    let mut service = service();
    let first = ask(&mut service, "POST", "/v1/events", KEY, &paid("inv_1"));
    assert_eq!((first.0, first.1.get("receipt")), (202, Some(&json!("rcpt_0000000000000001"))));
    assert_eq!(first.1.get("timestamp"), Some(&json!("2026-05-15T14:00:00+02:00")), "untouched");
    assert_eq!(ask(&mut service, "POST", "/v1/events", KEY, &paid("inv_1")), first);
    let conflict = ask(&mut service, "POST", "/v1/events", KEY, &paid("inv_2"));
    assert_eq!(
        refused(&conflict),
        (409, "idempotency_conflict", "The idempotency key was used for another body.")
    );
    assert_eq!(service.stored().len(), 1);
}

#[test]
fn what_is_missing_is_named() {
    let mut service = service();
    for (name, detail) in [
        ("workspaceId", "workspaceId must be a non-empty string."),
        ("projectId", "projectId must be a non-empty string."),
        ("action", "action must be a non-empty string."),
        ("actor", "actor must be an object."),
        ("target", "target must be an object."),
    ] {
        let mut body = paid("inv_1");
        body.as_object_mut().unwrap().remove(name);
        let answer = ask(&mut service, "POST", "/v1/events", KEY, &body);
        assert_eq!(refused(&answer), (400, "invalid_field", detail));
    }
    let answer = ask_under(&mut service, "POST", "/v1/events", KEY, "short", &paid("inv_1"));
    assert_eq!(refused(&answer), (400, "invalid_field", "Idempotency-Key must be at least 12 characters."));
    assert_eq!(service.stored(), Vec::<Value>::new());
}

#[test]
fn a_key_may_do_what_its_scopes_say() {
    let mut service = service();
    let answer = ask(&mut service, "POST", "/v1/events", "lodger_sk_3", &paid("inv_1"));
    assert_eq!(refused(&answer), (401, "unauthorized", "API key is missing or invalid."));
    let answer = ask(&mut service, "POST", "/v1/events", READER, &paid("inv_1"));
    assert_eq!(refused(&answer), (403, "forbidden", "events:write is required."));
    let query = "/v1/workspaces/org_1/events?projectId=core";
    assert_eq!(ask(&mut service, "GET", query, READER, &Value::Null).0, 200);
    service.revoke(READER);
    assert_eq!(ask(&mut service, "GET", query, READER, &Value::Null).0, 401);
}

#[test]
fn pages_follow_the_cursor_to_an_empty_one() {
    let mut service = service();
    for number in 0..5 {
        let key = format!("event_{number:08}");
        let body = paid(&format!("inv_{number}"));
        assert_eq!(ask_under(&mut service, "POST", "/v1/events", KEY, &key, &body).0, 202);
    }
    let mut sizes = Vec::new();
    let mut cursor = 0;
    loop {
        let target = format!("/v1/workspaces/org_1/events?projectId=core&limit=2&cursor={cursor}&query=INV_");
        let (_, page) = ask(&mut service, "GET", &target, KEY, &Value::Null);
        let member = |name: &str| page.get(name).and_then(Value::as_u64).unwrap();
        sizes.push(member("returned"));
        assert_eq!(member("total"), 5);
        if member("returned") == 0 {
            assert_eq!(member("nextCursor"), cursor, "it does not move");
            break;
        }
        cursor = member("nextCursor");
    }
    assert_eq!(sizes, [2, 2, 1, 0]);
}

#[test]
fn a_private_receipt_opens_with_a_key_or_its_own_token() {
    let mut service = service().private();
    ask(&mut service, "POST", "/v1/events", KEY, &paid("inv_1"));
    let receipt = "/v1/receipts/rcpt_0000000000000001";
    let answer = ask(&mut service, "GET", receipt, "", &Value::Null);
    assert_eq!(refused(&answer), (401, "unauthorized", "Receipt is private."));
    assert_eq!(ask(&mut service, "GET", receipt, READER, &Value::Null).0, 200);
    let mint = "/v1/workspaces/org_1/receipts/rcpt_0000000000000001/token";
    let answer = ask(&mut service, "POST", mint, KEY, &json!({"expiresInSeconds": 59}));
    assert_eq!(
        refused(&answer),
        (400, "invalid_field", "expiresInSeconds must be an integer from 60 to 2592000.")
    );
    let (status, token) = ask(&mut service, "POST", mint, KEY, &json!({"expiresInSeconds": 60}));
    assert_eq!(status, 200);
    let token = token.get("token").and_then(Value::as_str).unwrap();
    assert_eq!(ask(&mut service, "GET", receipt, token, &Value::Null).0, 200);
    assert_eq!(ask(&mut service, "GET", "/v1/receipts/rcpt_2", token, &Value::Null).0, 401);
}

#[test]
fn an_activity_token_shows_its_subject_what_customers_may_see() {
    let mut service = service();
    let mut hidden = paid("inv_2");
    hidden.as_object_mut().unwrap().insert("userVisible".to_owned(), json!(false));
    let mut of_another = paid("inv_3");
    of_another.as_object_mut().unwrap().insert("actor".to_owned(), json!({"id": "u2", "type": "user"}));
    for (number, body) in [paid("inv_1"), hidden, of_another].iter().enumerate() {
        let key = format!("event_{number:08}");
        assert_eq!(ask_under(&mut service, "POST", "/v1/events", KEY, &key, body).0, 202);
    }
    let mint = json!({"projectId": "core", "subject": "u1"});
    let (_, token) = ask(&mut service, "POST", "/v1/workspaces/org_1/activity-tokens", KEY, &mint);
    let token = token.get("token").and_then(Value::as_str).unwrap();
    let activity = "/v1/workspaces/org_1/activity?limit=50";
    let (status, page) = ask(&mut service, "GET", activity, token, &Value::Null);
    assert_eq!(
        (status, page.get("subject"), page.get("returned")),
        (200, Some(&json!("u1")), Some(&json!(1)))
    );
    assert_eq!(page.pointer("/events/0/target/id"), Some(&json!("inv_1")));
    let answer = ask(&mut service, "GET", activity, KEY, &Value::Null);
    assert_eq!(refused(&answer), (401, "invalid_token", "Activity token is invalid."));
}

#[test]
fn ids_in_paths_are_decoded() {
    let mut service = LodgerService::new("org ü/1", "core", KEY);
    let target = "/v1/workspaces/org%20%C3%BC%2F1/events?projectId=core";
    assert_eq!(ask(&mut service, "GET", target, KEY, &Value::Null).0, 200);
    assert_eq!(ask(&mut service, "GET", "/v1/workspaces/%ZZ/events", KEY, &Value::Null).0, 400);
}
