use serde_json::json;

use super::super::full_event::rest_of_event;
use super::*;
use crate::event::{Actor, Change, EventId};

/// Every member that an event can have, and one that nobody knows.
const FULL: &str = concat!(
    r#"{
    "id": "0199b1c0-0000-7000-8000-000000000001",
    "action": "organization.member.removed",
    "actor": {"id": "u_17", "kind": "user", "name": "Ada Lovelace", "email": "ada@example.com", "tenant": "acme",
        "onBehalfOf": [{"id": "u_18", "kind": "user"}], "badge": 7},
    "target": {"kind": "member", "id": "mem_77", "name": "Bob Smith", "shelf": 2},
    "related": [{"kind": "team", "id": "t_1"}],
    "tenant": "acme",
    "description": "Removed Bob",
    "tags": ["hr"],
    "userVisible": true,
    "retention": "archive",
    "outcome": "failure",
    "reason": "function ok, response 500",
    "changes": [{"op": "replace", "path": "/role", "before": "admin", "after": null}],
    "metadata": {"amount": 2.50, "invoice": {"lines": [1]}},
"#,
    rest_of_event!()
);

/// Written by hand from the table in the wire notes. After a change here, events that are under way are not found again.
const FULL_BODY: &str = concat!(
    r#"{"action":"organization.member.removed","actor":{"email":"ada@example.com","id":"u_17","name":"Ada Lovelace"},"#,
    r#""metadata":{"_audit":{"actor":{"badge":7,"onBehalfOf":[{"id":"u_18","kind":"user"}],"tenant":"acme"},"#,
    r#""actor_type":"user","description":"Removed Bob","event_id":"0199b1c0-0000-7000-8000-000000000001","#,
    r#""future":{"a":[1]},"idempotency_key":"billing_evt_webhook_1","operation":{"id":"op_1","index":0,"of":2},"#,
    r#""origin":{"environment":"production","host":"web-3","service":"members","version":"1.4.0"},"#,
    r#""outcome":"failure","personal":["amount"],"#,
    r#""previous":{"sequence":9,"writer":"0199b1c0-0000-7000-8000-000000000003"},"#,
    r#""reason":"function ok, response 500","related":[{"id":"t_1","kind":"team"}],"#,
    r#""request":{"clientRequestId":"c-1","durationMicros":1500,"ipSource":"socket","method":"DELETE","#,
    r#""route":"/members/{id}","spanId":"00f067aa0ba902b7","status":500},"request_id":"req-1","sequence":3,"#,
    r#""session_id":"hmac-sha256:ab","source":"mobile","tags":["hr"],"target":{"shelf":2},"#,
    r#""trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","#,
    r#""traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","#,
    r#""trimmed":[{"bytes":2000,"name":"description"}],"user_visible":true,"#,
    r#""writer":"0199b1c0-0000-7000-8000-000000000002"},"#,
    r#""amount":2.5,"field":"/role","invoice":{"lines":[1]},"ip":"203.0.113.7","new_value":null,"old_value":"admin","#,
    r#""user_agent":"curl/8"},"organization_id":"acme","#,
    r#""resource":{"id":"mem_77","name":"Bob Smith","type":"member"},"timestamp":"2026-05-15T12:00:00.123456Z"}"#
);

/// The least an event can have.
const BARE: &str = r#"{"id": "0199b1c0-0000-7000-8000-000000000001", "action": "invoice.delete",
    "actor": {"id": "unresolved", "kind": "unresolved"}, "target": {"kind": "unresolved", "id": "DELETE /invoices/{id}"},
    "userVisible": false, "outcome": "success", "occurredAt": "2026-05-15T12:00:00.000000Z",
    "idempotencyKey": "event_0199b1c0-0000-7000-8000-000000000001"}"#;

const BARE_BODY: &str = concat!(
    r#"{"action":"invoice.delete","actor":{"id":"unresolved"},"#,
    r#""metadata":{"_audit":{"actor_type":"system","event_id":"0199b1c0-0000-7000-8000-000000000001","#,
    r#""idempotency_key":"event_0199b1c0-0000-7000-8000-000000000001","outcome":"success","user_visible":false}},"#,
    r#""resource":{"id":"DELETE /invoices/{id}","type":"route"},"timestamp":"2026-05-15T12:00:00.000000Z"}"#
);

fn event(json: &str) -> Event {
    serde_json::from_str(json).unwrap()
}

fn encoded(event: &Event) -> String {
    String::from_utf8(encode::encode(&event.to_canonical_json().unwrap()).unwrap()).unwrap()
}

fn metadata(event: &Event) -> Value {
    let body: Value = serde_json::from_str(&encoded(event)).unwrap();
    body["metadata"].clone()
}

#[test]
fn golden_a_full_event() {
    assert_eq!(encoded(&event(FULL)), FULL_BODY);
}

#[test]
fn golden_a_bare_event() {
    assert_eq!(encoded(&event(BARE)), BARE_BODY);
}

#[test]
fn an_anonymous_actor_is_the_word_and_its_id_is_not_lost() {
    let mut anonymous = event(BARE);
    anonymous.actor = Actor::anonymous();
    anonymous.actor.id = "visitor-9".to_owned();
    assert!(encoded(&anonymous).contains(r#""actor":{"id":"anonymous"}"#));
    assert_eq!(metadata(&anonymous)["_audit"]["actor"], json!({"id": "visitor-9"}));
    assert_eq!(metadata(&anonymous)["_audit"]["actor_type"], "system");
}

#[test]
fn one_change_is_shown_as_such_and_several_are_kept_together() {
    let (added, removed) =
        (Change::new("/a", None, Some(json!(1))), Change::new("/b", Some(json!({"x": "]"})), None));
    let mut event = event(BARE);
    event.changes = vec![added.clone()];
    let of_one = metadata(&event);
    assert_eq!([&of_one["field"], &of_one["new_value"]], [&json!("/a"), &json!(1)]);
    assert_eq!((of_one.get("old_value"), of_one["_audit"].get("changes")), (None, None));

    event.changes = vec![removed.clone()];
    let of_one = metadata(&event);
    assert_eq!([&of_one["field"], &of_one["old_value"]], [&json!("/b"), &json!({"x": "]"})]);
    assert_eq!((of_one.get("new_value"), of_one["_audit"].get("changes")), (None, None));

    event.changes = vec![added.clone(), removed];
    let of_two = metadata(&event);
    assert_eq!(of_two["_audit"]["changes"], serde_json::to_value(&event.changes).unwrap());
    assert_eq!((of_two.get("field"), of_two["_audit"].get("field")), (None, None));

    let mut says_more = added;
    says_more.extra.insert("why".to_owned(), json!("because"));
    event.changes = vec![says_more];
    let kept = metadata(&event);
    assert_eq!(kept["_audit"]["changes"], serde_json::to_value(&event.changes).unwrap());
    assert_eq!(kept.get("field"), None);
}

#[test]
fn the_users_own_members_are_never_overwritten() {
    let mut event = event(FULL);
    for name in ["new_value", "ip", "user_agent", "_audit"] {
        event.metadata.insert(name.to_owned(), "theirs".into());
    }
    let metadata = metadata(&event);
    for name in ["new_value", "ip", "user_agent"] {
        assert_eq!(metadata[name], "theirs", "{name}");
    }
    let audit = &metadata["_audit"];
    assert_eq!((&audit["ip"], &audit["user_agent"]), (&json!("203.0.113.7"), &json!("curl/8")));
    assert_eq!(audit["metadata"], json!({"_audit": "theirs"}));
    // Beside a value of theirs, the rest of ours would show a change that never was.
    assert_eq!((metadata.get("field"), metadata.get("old_value")), (None, None));
    assert_eq!(
        [&audit["field"], &audit["old_value"], &audit["new_value"]],
        [&json!("/role"), &json!("admin"), &Value::Null]
    );
    assert!(audit.get("new_value").is_some());
}

#[test]
fn an_event_of_a_newer_version_is_sent() {
    let text = String::from_utf8(event(BARE).to_canonical_json().unwrap()).unwrap();
    let newer = text.replace(r#""kind":"unresolved"},"id""#, r#""kind":"robot"},"id""#);
    let body = String::from_utf8(encode::encode(newer.as_bytes()).unwrap()).unwrap();
    assert!(newer != text && body.contains(r#""actor_type":"robot""#), "{body}");
    assert_eq!(encode::encode(b"{}"), None);
}

fn id() -> EventId {
    "0199b1c0-0000-7000-8000-000000000001".parse().unwrap()
}

fn delivery() -> Delivery {
    let event = Event::bare(id(), "a.b".into());
    let bytes = event.to_canonical_json().unwrap();
    Delivery::new(event.into(), bytes.into())
}

fn response(status: u16, body: &str) -> Response {
    let retry_after = Some(std::time::Duration::from_secs(7));
    Response { status, retry_after, content_type: None, whole: true, body: body.into() }
}

fn answered(status: u16, body: &str) -> Answer {
    answer(&delivery(), &response(status, body))
}

#[test]
fn a_stored_event_settles_with_its_id() {
    let body = r#"{"success":true,"event":{"id":"a1b2","x":1}}"#;
    for status in [200, 201, 202] {
        let Answer::Settled(receipt) = answered(status, body) else { panic!("{status}") };
        assert_eq!((receipt.id.as_deref(), receipt.destination.as_str()), (Some("a1b2"), "auditledge"));
        assert_eq!(receipt.detail["x"], 1);
    }
    assert_eq!(answer(&delivery().attempt(false), &response(201, body)), Answer::Taken);
}

#[test]
fn a_201_that_can_not_be_read_is_taken_and_any_other_success_is_not() {
    let unreadable = [
        "",
        "OK",
        "<html>maintenance</html>",
        r#"{"success":true}"#,
        "{}",
        "[]",
        r#"{"success":true"#,
        r#"{"event":{"id":7}}"#,
        r#"{"event":{"id":" "}}"#,
        r#"[true,{"id":"x"}]"#,
    ];
    for body in unreadable {
        assert_eq!(answered(201, body), Answer::Taken, "{body}");
        for status in [200, 202, 204, 299] {
            assert!(matches!(answered(status, body), Answer::Ambiguous(_)), "{status} {body}");
        }
    }
    assert!(
        matches!(answered(201, r#"{"success":false,"event":{"id":"a"}}"#), Answer::Ambiguous(_)),
        "it denies it"
    );
}

#[test]
fn every_status_means_what_the_design_says() {
    for status in 100..1000 {
        let name = match answered(status, "{}") {
            Answer::Settled(_) => "settled",
            Answer::Ambiguous(_) => "ambiguous",
            Answer::Retry { .. } => "retry",
            Answer::Pause(_) => "pause",
            Answer::Suspect(_) => "suspect",
            Answer::Refused(_) => "refused",
            Answer::Unfit(_) => "unfit",
            Answer::Duplicate(_) => "duplicate",
            Answer::Taken => "taken",
            Answer::Undecided(_) => "undecided",
        };
        let expected = match status {
            201 => "taken",
            300..=399 | 401 | 402 | 407 | 429 => "pause",
            400 | 409 | 413 | 422 => "refused",
            425 => "retry",
            408 | 500 | 502..=599 => "ambiguous",
            402..=499 | 501 => "suspect",
            _ => "ambiguous",
        };
        assert_eq!(name, expected, "{status}");
    }
}

#[test]
fn a_used_up_quota_says_what_to_do() {
    let Answer::Pause(refusal) = answered(429, r#"{"error":"Monthly event limit reached"}"#) else {
        panic!()
    };
    assert_eq!(refusal.status, Some(429));
    assert_eq!(
        refusal.reason,
        "the plan's events of this month are used up, so everything is kept: see `AuditledgeApi::usage()`, and raise the \
         plan or wait for the next month: Auditledge answered 429: Monthly event limit reached"
    );
}

#[test]
fn a_reason_is_bounded() {
    for status in [400, 429] {
        let body = json!({"error": "\n".repeat(20_000)}).to_string();
        let answer = answered(status, &body);
        assert_eq!(answer.refusal().unwrap().reason.chars().count(), 512);
    }
}

#[test]
fn only_the_retention_is_left_out() {
    let api = AuditledgeApi::builder().api_key("canary").api_base("http://127.0.0.1:1/v1/").build().unwrap();
    let destination = AuditledgeDestination::new(api);
    let misfits = destination.check(&event(FULL));
    let texts: Vec<String> = misfits.iter().map(ToString::to_string).collect();
    let expected =
        "`retention` is left out: Auditledge keeps events as long as the plan says; choose it by plan";
    assert_eq!(texts, [expected]);
    assert_eq!(destination.check(&event(BARE)), []);
    assert_eq!(destination.identity(), Identity::new("auditledge", "http://127.0.0.1:1/v1"));
    assert_eq!((destination.max_batch(), destination.max_in_flight()), (1, 16));
    assert_eq!((destination.reads_events(), destination.repeats()), (false, Repeats::Stored));
    assert!(!format!("{destination:?}").contains("canary"));
}

fn opened(pairs: &[(&str, &str)]) -> Result<Identity, String> {
    let settings =
        |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    open(&settings).map(|destination| destination.identity()).map_err(|error| error.to_string())
}

#[test]
fn the_environment_names_key_and_address() {
    const KEY: (&str, &str) = ("AUDITLEDGE_API_KEY", "al_1");
    const BASE: &str = "AUDITLEDGE_API_BASE";
    assert_eq!(opened(&[KEY]), Ok(Identity::new("auditledge", "https://api.auditledge.com/v1")));
    let local = opened(&[KEY, (BASE, "http://127.0.0.1:8080/v1/")]);
    assert_eq!(local, Ok(Identity::new("auditledge", "http://127.0.0.1:8080/v1")));
    let plain = [KEY, (BASE, "http://audit.internal/v1"), ("AUDITLEDGE_ALLOW_PLAIN_HTTP", "1")];
    assert_eq!(opened(&plain), Ok(Identity::new("auditledge", "http://audit.internal/v1")));
    let refused = opened(&plain[..2]).unwrap_err();
    assert!(refused.contains("allow it with AUDITLEDGE_ALLOW_PLAIN_HTTP=1"), "{refused}");
    let missing = opened(&[]).unwrap_err();
    assert!(missing.contains("set AUDITLEDGE_API_KEY"), "{missing}");
    let wrong =
        opened(&[("AUDITLEDGE_API_KEY", "a canary"), ("AUDITLEDGE_ALLOW_PLAIN_HTTP", "canary")]).unwrap_err();
    assert!(wrong.contains("is neither `1` nor `0`; the API key holds spaces"), "{wrong}");
    assert!(!wrong.contains("canary"), "{wrong}");
}

#[test]
fn a_client_without_a_key_is_not_built() {
    let problem = AuditledgeApi::builder().build().unwrap_err();
    assert_eq!(problem.to_string(), "the API key is missing: set one with `api_key`");
}
