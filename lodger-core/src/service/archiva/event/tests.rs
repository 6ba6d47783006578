use serde_json::json;

use super::*;

fn call() -> EventCall {
    EventCall::new("invoice.create", "invoice", "inv_001", "usr_123")
}

fn refused(call: &EventCall) -> String {
    let error = call.checked().unwrap_err();
    assert!(matches!(error, ArchivaError::Invalid { .. }) && !error.is_retryable(), "{error:?}");
    error.to_string()
}

fn context(bytes: usize) -> Map<String, Value> {
    // {"blob":"…"} has 11 bytes around the text.
    Map::from_iter([("blob".to_owned(), Value::from("x".repeat(bytes - 11)))])
}

#[test]
fn the_body_has_what_was_said_and_nothing_else() {
    let Ready { body, headers } = call().checked().unwrap();
    assert_eq!(
        String::from_utf8(body).unwrap(),
        r#"{"actionKey":"invoice.create","entityType":"invoice","entityId":"inv_001","actorId":"usr_123"}"#
    );
    assert_eq!(headers, []);

    let full = call()
        .legacy_action()
        .action_description("Created")
        .actor_type(ActorType::System)
        .actor_display("Cron")
        .tenant_id("acme")
        .occurred_at("2026-05-15T14:00+02:00")
        .source("background-job")
        .context(Map::from_iter([("amount".to_owned(), json!(2.50))]))
        .change(Change::set("status").before(Value::Null).after("paid"))
        .change(Change::set("note").op("unset"))
        .idempotency_key("key 1")
        .request_id("req_1");
    let Ready { body, headers } = full.checked().unwrap();
    assert_eq!(
        String::from_utf8(body).unwrap(),
        concat!(
            r#"{"action":"invoice.create","actionDescription":"Created","entityType":"invoice","entityId":"inv_001","#,
            r#""actorType":"system","actorId":"usr_123","actorDisplay":"Cron","tenantId":"acme","#,
            r#""occurredAt":"2026-05-15T14:00+02:00","source":"background-job","context":{"amount":2.5},"#,
            r#""changes":[{"op":"set","path":"status","before":null,"after":"paid"},{"op":"unset","path":"note"}]}"#
        )
    );
    assert_eq!(headers, [("idempotency-key", "key 1".to_owned()), ("x-request-id", "req_1".to_owned())]);
}

#[test]
fn an_action_has_64_characters_and_no_more() {
    let action = |length: usize| EventCall::new("ü".repeat(length), "invoice", "inv_001", "usr_123");
    assert!(action(64).checked().is_ok());
    assert_eq!(refused(&action(65)), "actionKey is longer than 64 characters: it has 65");
    assert!(action(65).legacy_action().checked().is_ok(), "no limit is documented for it");
}

#[test]
fn a_context_has_10240_bytes_and_no_more() {
    assert!(call().context(context(10_240)).checked().is_ok());
    assert_eq!(
        refused(&call().context(context(10_241))),
        "context is larger than 10 KB: it has 10241 bytes of JSON, of which 10240 fit"
    );
}

#[test]
fn what_the_service_requires_is_missed_by_name() {
    for (call, field) in [
        (EventCall::new(" ", "invoice", "inv_001", "usr_123"), "actionKey"),
        (EventCall::new("", "invoice", "inv_001", "usr_123").legacy_action(), "action"),
        (EventCall::new("a.b", "", "inv_001", "usr_123"), "entityType"),
        (EventCall::new("a.b", "invoice", "\t", "usr_123"), "entityId"),
        (EventCall::new("a.b", "invoice", "inv_001", ""), "actorId"),
    ] {
        assert_eq!(refused(&call), format!("{field} is blank; the service requires it"));
    }
}

#[test]
fn a_header_that_would_be_another_one_is_refused_by_name() {
    assert_eq!(
        refused(&call().idempotency_key("a\r\nx-evil: 1")),
        "Idempotency-Key may hold visible ASCII and inner spaces only"
    );
    assert_eq!(refused(&call().idempotency_key(" ")), "Idempotency-Key is blank; leave it out instead");
    assert_eq!(refused(&call().request_id("ü")), "X-Request-Id may hold visible ASCII and inner spaces only");
}
