mod left_behind;

use std::time::Duration;

use serde_json::{Value, json};

use super::super::full_event::rest_of_event;
use super::*;
use crate::event::{Actor, Change, Event, EventId, Retention};

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
    "tags": ["hr", "core"],
    "userVisible": true,
    "retention": "archive",
    "outcome": "failure",
    "reason": "function ok, response 500",
    "changes": [{"op": "replace", "path": "/role", "before": "admin", "after": null},
        {"op": "add", "path": "/ü \"q\"", "after": [1, "]"]},
        {"op": "replace", "path": "/role", "before": null, "after": "guest"}],
    "metadata": {"amount": 2.50, "zone": "eu"},
"#,
    rest_of_event!()
);

/// Written by hand from the table in the wire notes. A change here makes an event that is sent again another one.
const FULL_BODY: &str = concat!(
    r#"{"action":"organization.member.removed","#,
    r#""actor":{"data":{"email":"ada@example.com","internal_id":"u_17","name":"Ada Lovelace"},"type":"user"},"#,
    r#""context":{"location":"203.0.113.7","user_agent":"curl/8"},"external_id":"acme","#,
    r#""metadata":{"_audit":{"actor":{"badge":7,"onBehalfOf":[{"id":"u_18","kind":"user"}],"tenant":"acme"},"#,
    r#""changes":[{"after":null,"before":"admin","op":"replace","path":"/role"},"#,
    r#"{"after":[1,"]"],"op":"add","path":"/ü \"q\""},"#,
    r#"{"after":"guest","before":null,"op":"replace","path":"/role"}],"description":"Removed Bob","#,
    r#""event_id":"0199b1c0-0000-7000-8000-000000000001","future":{"a":[1]},"#,
    r#""idempotency_key":"billing_evt_webhook_1","occurred_at":"2026-05-15T12:00:00.123456Z","#,
    r#""operation":{"id":"op_1","index":0,"of":2},"#,
    r#""origin":{"environment":"production","host":"web-3","service":"members","version":"1.4.0"},"#,
    r#""outcome":"failure","personal":["amount"],"#,
    r#""previous":{"sequence":9,"writer":"0199b1c0-0000-7000-8000-000000000003"},"#,
    r#""reason":"function ok, response 500","related":[{"id":"t_1","kind":"team"}],"#,
    r#""request":{"clientRequestId":"c-1","durationMicros":1500,"ipSource":"socket","method":"DELETE","#,
    r#""route":"/members/{id}","spanId":"00f067aa0ba902b7","status":500},"request_id":"req-1","#,
    r#""sequence":3,"session_id":"hmac-sha256:ab","source":"mobile","#,
    r#""target":{"id":"mem_77","kind":"member","name":"Bob Smith","shelf":2},"#,
    r#""trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","#,
    r#""traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","#,
    r#""trimmed":[{"bytes":2000,"name":"description"}],"user_visible":true,"#,
    r#""writer":"0199b1c0-0000-7000-8000-000000000002"},"amount":2.5,"#,
    r#""new":{"/role":"guest","/ü \"q\"":[1,"]"]},"old":{"/role":"admin"},"zone":"eu"},"tags":["hr","core"]}"#
);

/// The least an event can have.
const BARE: &str = r#"{"id": "0199b1c0-0000-7000-8000-000000000001", "action": "invoice.delete",
    "actor": {"id": "unresolved", "kind": "unresolved"}, "target": {"kind": "unresolved", "id": "DELETE /invoices/{id}"},
    "userVisible": false, "outcome": "success", "occurredAt": "2026-05-15T12:00:00.000000Z",
    "idempotencyKey": "event_0199b1c0-0000-7000-8000-000000000001"}"#;

const BARE_BODY: &str = concat!(
    r#"{"action":"invoice.delete","actor":{"data":{"description":"unresolved"},"type":"system"},"context":{},"#,
    r#""external_id":"no-tenant","metadata":{"_audit":{"actor_id":"unresolved","#,
    r#""event_id":"0199b1c0-0000-7000-8000-000000000001","#,
    r#""idempotency_key":"event_0199b1c0-0000-7000-8000-000000000001","#,
    r#""occurred_at":"2026-05-15T12:00:00.000000Z","outcome":"success","#,
    r#""target":{"id":"DELETE /invoices/{id}","kind":"unresolved"},"user_visible":false}}}"#
);

fn event(json: &str) -> Event {
    serde_json::from_str(json).unwrap()
}

fn encoded(event: &Event) -> String {
    let call = encode::encode(&event.to_canonical_json().unwrap(), "no-tenant").unwrap();
    String::from_utf8(call.body).unwrap()
}

fn body(event: &Event) -> Value {
    serde_json::from_str(&encoded(event)).unwrap()
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
fn who_is_no_user_is_a_system_with_a_description_and_nothing_is_lost() {
    let mut event = event(BARE);
    for (actor, description, folded) in [
        (Actor::system("cron"), "cron", json!({"actor_id": "cron"})),
        (Actor::system("cron").name("Nightly run"), "Nightly run", json!({"actor_id": "cron"})),
        (
            Actor::service("billing").name("Billing").email("billing@example.com"),
            "Billing",
            json!({"actor_id": "billing", "actor": {"email": "billing@example.com", "kind": "service"}}),
        ),
        (Actor::anonymous(), "anonymous", json!({"actor_id": "anonymous"})),
    ] {
        event.actor = actor;
        let body = body(&event);
        assert_eq!(body["actor"], json!({"type": "system", "data": {"description": description}}));
        let audit = &body["metadata"]["_audit"];
        assert_eq!(
            (&audit["actor_id"], &audit["actor"]),
            (&folded["actor_id"], &folded.get("actor").cloned().unwrap_or_default())
        );
    }
    event.actor = Actor::anonymous();
    event.actor.id = "visitor-9".to_owned();
    let audit = &body(&event)["metadata"]["_audit"];
    assert_eq!((&audit["actor_id"], &audit["actor"]), (&json!("anonymous"), &json!({"id": "visitor-9"})));
}

#[test]
fn a_user_without_a_name_is_traceable() {
    let mut event = event(BARE);
    event.actor = Actor::user("u_17");
    assert_eq!(body(&event)["actor"], json!({"type": "user", "data": {"internal_id": "u_17"}}));
    assert_eq!(body(&event)["metadata"]["_audit"]["actor_id"], Value::Null);
}

#[test]
fn the_users_own_members_are_never_overwritten() {
    let mut event = event(BARE);
    event.changes = vec![Change::new("/role", Some("admin".into()), Some("guest".into()))];
    event.metadata.insert("_audit".to_owned(), "theirs".into());
    for theirs in ["old", "new"] {
        let mut event = event.clone();
        event.metadata.insert(theirs.to_owned(), "theirs".into());
        let metadata = &body(&event)["metadata"];
        assert_eq!(metadata[theirs], "theirs");
        assert_eq!(metadata.as_object().unwrap().len(), 2, "half of a pair of ours: {metadata}");
        let audit = &metadata["_audit"];
        assert_eq!((&audit["old"], &audit["new"]), (&json!({"/role": "admin"}), &json!({"/role": "guest"})));
        assert_eq!(audit["changes"][0]["path"], "/role");
        assert_eq!(audit["metadata"], json!({"_audit": "theirs"}));
    }
}

#[test]
fn the_tenant_is_the_external_id_and_a_blank_one_is_none() {
    let mut event = event(BARE);
    for (tenant, external_id, folded) in [
        (None, "no-tenant", Value::Null),
        (Some("42"), "42", Value::Null),
        (Some(" "), "no-tenant", json!(" ")),
    ] {
        event.tenant = tenant.map(str::to_owned);
        assert_eq!(body(&event)["external_id"], external_id);
        assert_eq!(body(&event)["metadata"]["_audit"]["tenant"], folded);
    }
}

fn api() -> LogHubApi {
    LogHubApi::builder("org_1").token("secret_1").api_base("http://127.0.0.1:1").build().unwrap()
}

#[test]
fn without_an_agreed_external_id_there_is_no_destination() {
    let invalid = LogHubDestination::new(api(), " ").unwrap_err();
    assert!(invalid.to_string().contains("choose that of events without a tenant"), "{invalid}");
    let destination = LogHubDestination::new(api(), " none ").unwrap();
    assert_eq!(destination.repeats(), Repeats::Stored);
}

#[test]
fn what_waits_is_not_stranded_by_another_external_id() {
    let expected = Identity::new("loghub", "http://127.0.0.1:1").in_project("org_1", "");
    for external_id in ["none", "other"] {
        let identity = LogHubDestination::new(api(), external_id).unwrap().identity();
        assert_eq!(identity, expected);
        assert_eq!(identity.to_string(), "loghub:http://127.0.0.1:1 (org_1)");
    }
}

#[test]
fn what_is_left_out_is_named() {
    let destination = LogHubDestination::new(api(), "none").unwrap();
    let misfits: Vec<_> =
        destination.check(&event(FULL)).iter().map(|misfit| misfit.field.to_string()).collect();
    assert_eq!(misfits, ["retention"]);
    let mut plain = event(FULL);
    plain.retention = None;
    assert_eq!(destination.check(&plain), []);
    plain.retention = Some(Retention::Locked);
    assert!(!encoded(&plain).contains("locked"));
}

fn delivery() -> Delivery {
    let event = event(BARE);
    let bytes = event.to_canonical_json().unwrap();
    Delivery::new(event.into(), bytes.into())
}

fn response(status: u16, body: &str, retry_after: Option<u64>) -> Response {
    let retry_after = retry_after.map(Duration::from_secs);
    Response { status, retry_after, content_type: None, whole: true, body: body.into() }
}

fn answered(status: u16, body: &str) -> Answer {
    answer(&delivery(), &response(status, body, None))
}

#[test]
fn any_2xx_whose_envelope_is_ok_settles() {
    let ok = r#"{"code":"CREATE_EVENT_OK","status":"ok","data":{"id":"d71331b8","timestamp":1713035172197}}"#;
    for status in [200, 201, 202, 299] {
        let Answer::Settled(receipt) = answered(status, ok) else { panic!("{status}") };
        assert_eq!((receipt.id.as_deref(), receipt.destination.as_str()), (Some("d71331b8"), "loghub"));
        assert_eq!(receipt.detail["timestamp"], 1_713_035_172_197_u64);
    }
    for (data, id) in [("null", None), ("{}", None), (r#"{"id":true}"#, None), (r#"{"id":42}"#, Some("42"))] {
        let body = format!(r#"{{"status":"ok","data":{data}}}"#);
        let Answer::Settled(receipt) = answered(200, &body) else { panic!("{body}") };
        assert_eq!(receipt.id.as_deref(), id, "{body}");
    }
    let nobody_waits = delivery().attempt(false);
    assert_eq!(answer(&nobody_waits, &response(200, ok, None)), Answer::Taken);
}

#[test]
fn a_2xx_whose_envelope_is_not_ok_is_no_success() {
    let body = r#"{"code":"CREATE_EVENT_ERROR","status":"error","data":null}"#;
    let reason = format!("LogHub answered 200 CREATE_EVENT_ERROR: {}", body.escape_debug());
    assert_eq!(answered(200, body), Answer::Suspect(Refusal::http(200, reason)));
    for body in [r#"{"status":"OK"}"#, r#"{"status":500}"#, r#"{"status":"","data":{"id":"1"}}"#] {
        assert!(matches!(answered(201, body), Answer::Suspect(_)), "{body}");
    }
}

#[test]
fn a_2xx_without_a_whole_envelope_settles_nothing() {
    let cut_off = r#"{"code":"CREATE_EVENT_ERROR","st"#;
    for body in [
        "",
        "ok",
        "<html>",
        r#"{"status":"ok","#,
        "[]",
        r#"{"data":{"id":"1"}}"#,
        r#"{"status":null}"#,
        cut_off,
    ] {
        for status in [200, 202, 204] {
            let answer = answered(status, body);
            assert!(answer.leaves_doubt(), "{status} {body}: {answer:?}");
            let Answer::Ambiguous(refusal) = answer else { panic!("{status} {body}: {answer:?}") };
            assert_eq!(refusal.status, Some(status));
            let reason = format!("it can't be read whether the event was recorded: LogHub answered {status}");
            assert!(refusal.reason.starts_with(&reason), "{}", refusal.reason);
        }
    }
    let ok = r#"{"code":"CREATE_EVENT_OK","status":"ok","data":{"id":"1"}}"#;
    let broken_off = Response { whole: false, ..response(200, ok, None) };
    assert!(matches!(answer(&delivery(), &broken_off), Answer::Ambiguous(_)));
}

#[test]
fn what_may_pass_is_tried_again_when_the_service_says() {
    for status in [408, 425, 429, 500, 502, 503, 504, 599] {
        let refusal = Refusal::http(status, format!("LogHub answered {status}: error"));
        let later = answer(&delivery(), &response(status, "error", Some(7)));
        assert_eq!(later, Answer::Retry { refusal, after: Some(Duration::from_secs(7)) });
    }
}

#[test]
fn every_other_status_is_as_everywhere() {
    assert!(matches!(answered(401, ""), Answer::Pause(_)));
    assert!(matches!(answered(302, ""), Answer::Pause(_)));
    assert!(matches!(answered(400, ""), Answer::Refused(_)));
    assert!(matches!(answered(403, ""), Answer::Suspect(_)));
    assert!(matches!(answered(501, ""), Answer::Suspect(_)));
    assert!(matches!(answered(600, ""), Answer::Ambiguous(_)));
}

fn configured(pairs: &[(&str, &str)]) -> Result<Identity, String> {
    let settings =
        |name: &str| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    open(&settings).map(|destination| destination.identity()).map_err(|error| error.to_string())
}

#[test]
fn every_missing_setting_is_named() {
    const GIVEN: [(&str, &str); 3] =
        [("LOGHUB_TOKEN", "canary"), ("LOGHUB_ORGANIZATION_ID", "org_1"), ("LOGHUB_EXTERNAL_ID", "none")];
    assert_eq!(
        configured(&[]).unwrap_err(),
        "the destination `loghub` needs more settings: set LOGHUB_TOKEN, LOGHUB_ORGANIZATION_ID, LOGHUB_EXTERNAL_ID"
    );
    assert!(configured(&GIVEN[..2]).unwrap_err().ends_with("set LOGHUB_EXTERNAL_ID"));
    let expected = Identity::new("loghub", "https://api.loghub.app").in_project("org_1", "");
    assert_eq!(configured(&GIVEN).unwrap(), expected);
    let [token, organization, external_id] = GIVEN;
    let plain = ("LOGHUB_API_BASE", "http://loghub.internal/v1");
    let problem = configured(&[token, organization, external_id, plain]).unwrap_err();
    assert!(problem.contains("or allow it with LOGHUB_ALLOW_PLAIN_HTTP=1"), "{problem}");
    assert!(!problem.contains("canary"), "{problem}");
    let allowed = |switch| [token, organization, external_id, plain, ("LOGHUB_ALLOW_PLAIN_HTTP", switch)];
    assert_eq!(configured(&allowed("1")).unwrap().address, "http://loghub.internal");
    assert!(configured(&allowed("yes")).unwrap_err().contains("neither `1` nor `0`"));
}

#[test]
fn the_time_in_an_id_is_read() {
    // 0x0199b1c00000 milliseconds.
    let id: EventId = "0199b1c0-0000-7000-8000-000000000001".parse().unwrap();
    assert_eq!(look_up::captured(id).unwrap().as_micros(), 1_759_623_774_208_000);
    let other: EventId = "0199b1c0-0000-4000-8000-000000000001".parse().unwrap();
    assert_eq!(look_up::captured(other), None);
}
