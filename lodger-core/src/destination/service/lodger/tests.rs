use std::time::Duration;

use secrecy::SecretString;

use super::super::full_event::rest_of_event;
use super::*;
use crate::event::{Event, EventId};

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
    "metadata": {"amount": 2.50, "relatedReceiptIds": ["rcpt_1"]},
"#,
    rest_of_event!()
);

/// Written by hand from the table in the wire notes. A change here breaks retries of events that are under way.
const FULL_BODY: &str = concat!(
    r#"{"action":"organization.member.removed","actor":{"email":"ada@example.com","id":"u_17","type":"user"},"#,
    r#""metadata":{"_audit":{"actor":{"badge":7,"onBehalfOf":[{"id":"u_18","kind":"user"}],"tenant":"acme"},"#,
    r#""actorName":"Ada Lovelace","#,
    r#""changes":[{"after":null,"before":"admin","op":"replace","path":"/role"}],"description":"Removed Bob","#,
    r#""eventId":"0199b1c0-0000-7000-8000-000000000001","future":{"a":[1]},"ip":"203.0.113.7","#,
    r#""operation":{"id":"op_1","index":0,"of":2},"origin":{"service":"members","version":"1.4.0"},"#,
    r#""outcome":"failure","personal":["amount"],"#,
    r#""previous":{"sequence":9,"writer":"0199b1c0-0000-7000-8000-000000000003"},"#,
    r#""reason":"function ok, response 500","related":[{"id":"t_1","kind":"team"}],"#,
    r#""request":{"clientRequestId":"c-1","durationMicros":1500,"ipSource":"socket","method":"DELETE","#,
    r#""route":"/members/{id}","spanId":"00f067aa0ba902b7","status":500},"#,
    r#""sequence":3,"source":"mobile","tags":["hr"],"target":{"shelf":2},"#,
    r#""trimmed":[{"bytes":2000,"name":"description"}],"userAgent":"curl/8","#,
    r#""writer":"0199b1c0-0000-7000-8000-000000000002"},"#,
    r#""amount":2.5,"organizationId":"acme","relatedReceiptIds":["rcpt_1"]},"#,
    r#""occurredAt":"2026-05-15T12:00:00.123456Z","projectId":"core","retention":"archive","source":"api","#,
    r#""target":{"id":"mem_77","name":"Bob Smith","type":"member"},"userVisible":true,"workspaceId":"org_1"}"#
);

/// The least an event can have.
const BARE: &str = r#"{"id": "0199b1c0-0000-7000-8000-000000000001", "action": "invoice.delete",
    "actor": {"id": "unresolved", "kind": "unresolved"}, "target": {"kind": "unresolved", "id": "DELETE /invoices/{id}"},
    "userVisible": false, "outcome": "success", "occurredAt": "2026-05-15T12:00:00.000000Z",
    "idempotencyKey": "event_0199b1c0-0000-7000-8000-000000000001"}"#;

const BARE_BODY: &str = concat!(
    r#"{"action":"invoice.delete","actor":{"id":"unresolved","type":"system"},"#,
    r#""metadata":{"_audit":{"eventId":"0199b1c0-0000-7000-8000-000000000001","outcome":"success"}},"#,
    r#""occurredAt":"2026-05-15T12:00:00.000000Z","projectId":"core","retention":"locked","source":"api","#,
    r#""target":{"id":"DELETE /invoices/{id}","type":"route"},"userVisible":false,"workspaceId":"org_1"}"#
);

fn event(json: &str) -> Event {
    serde_json::from_str(json).unwrap()
}

/// Body and headers, as they leave.
fn encoded(event: &Event) -> (String, Vec<(&'static str, String)>) {
    let call = encode::encode(&event.to_canonical_json().unwrap(), "org_1", "core").unwrap();
    (String::from_utf8(call.body).unwrap(), call.options.sent_headers())
}

fn folded(event: &Event) -> Value {
    let body: Value = serde_json::from_str(&encoded(event).0).unwrap();
    body["metadata"]["_audit"].clone()
}

#[test]
fn golden_a_full_event() {
    let (body, headers) = encoded(&event(FULL));
    assert_eq!(body, FULL_BODY);
    let expected = [
        ("idempotency-key", "billing_evt_webhook_1"),
        ("x-lodger-environment", "production"),
        ("x-lodger-server", "web-3"),
        ("x-request-id", "req-1"),
        ("x-session-id", "hmac-sha256:ab"),
        ("x-trace-id", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ];
    assert_eq!(headers, expected.map(|(name, value)| (name, value.to_owned())));
}

#[test]
fn golden_a_bare_event() {
    let (body, headers) = encoded(&event(BARE));
    assert_eq!(body, BARE_BODY);
    assert_eq!(headers, [("idempotency-key", "event_0199b1c0-0000-7000-8000-000000000001".to_owned())]);
}

#[test]
fn an_anonymous_actor_is_the_word_and_its_id_is_not_lost() {
    let mut anonymous = event(BARE);
    anonymous.actor = crate::event::Actor::anonymous();
    assert!(encoded(&anonymous).0.contains(r#""actor":{"id":"anonymous","type":"system"}"#));
    assert_eq!(folded(&anonymous)["actor"], Value::Null);
    anonymous.actor.id = "visitor-9".to_owned();
    assert!(encoded(&anonymous).0.contains(r#""actor":{"id":"anonymous","type":"system"}"#));
    assert_eq!(folded(&anonymous)["actor"], serde_json::json!({"id": "visitor-9"}));
}

#[test]
fn each_of_the_services_four_sources_is_sent_as_such() {
    for source in ["api", "automation", "dashboard", "system"] {
        let mut event = event(BARE);
        event.source = Some(source.to_owned());
        assert!(encoded(&event).0.contains(&format!(r#""source":"{source}","#)), "{source}");
        assert_eq!(folded(&event)["source"], Value::Null, "{source}");
    }
}

#[test]
fn the_users_own_members_are_never_overwritten() {
    let mut event = event(BARE);
    event.tenant = Some("acme".to_owned());
    event.metadata.insert("organizationId".to_owned(), "theirs".into());
    event.metadata.insert("_audit".to_owned(), "theirs".into());
    let body: Value = serde_json::from_str(&encoded(&event).0).unwrap();
    assert_eq!(body["metadata"]["organizationId"], "theirs");
    assert_eq!(body["metadata"]["_audit"]["organizationId"], "acme");
    assert_eq!(body["metadata"]["_audit"]["metadata"], serde_json::json!({"_audit": "theirs"}));
}

#[test]
fn what_can_not_be_a_header_is_folded() {
    let mut event = event(FULL);
    event.origin.environment = Some("Prüfstand".to_owned());
    event.origin.host = Some("x".repeat(257));
    event.idempotency_key = "ключ-ключ-ключ".to_owned();
    let (_, headers) = encoded(&event);
    let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["idempotency-key", "x-request-id", "x-session-id", "x-trace-id", "traceparent"]);
    assert_eq!(headers[0].1, "event_0199b1c0-0000-7000-8000-000000000001");
    assert_eq!(folded(&event)["origin"]["environment"], "Prüfstand");
    assert_eq!(folded(&event)["origin"]["host"], "x".repeat(257));
}

fn id() -> EventId {
    "0199b1c0-0000-7000-8000-000000000001".parse().unwrap()
}

fn answered(status: u16, body: &str) -> Answer {
    answered_under(&format!("event_{}", id()), status, body)
}

fn answered_under(key: &str, status: u16, body: &str) -> Answer {
    let mut event = Event::bare(id(), "a.b".into());
    event.idempotency_key = key.to_owned();
    let bytes = event.to_canonical_json().unwrap();
    let call = encode::encode(&bytes, "org_1", "core").unwrap();
    let response = Response {
        status,
        retry_after: Some(Duration::from_secs(7)),
        content_type: None,
        whole: true,
        body: body.into(),
    };
    answer(&Delivery::new(event.into(), bytes.into()), call.key_is_given, &response)
}

#[test]
fn any_2xx_with_a_receipt_settles() {
    for status in [200, 201, 202, 299] {
        let Answer::Settled(receipt) = answered(status, r#"{"accepted":true,"receipt":"rcpt_1","x":1}"#)
        else {
            panic!("{status}");
        };
        assert_eq!(receipt.id.as_deref(), Some("rcpt_1"));
        assert_eq!((receipt.destination.as_str(), receipt.event), ("lodger", id()));
        assert_eq!(receipt.detail["x"], 1);
    }
}

#[test]
fn a_receipt_that_nobody_waits_for_is_looked_at_and_thrown_away() {
    let event = Event::bare(id(), "a.b".into());
    let delivery = Delivery::new(event.into(), Vec::new().into()).attempt(false);
    let answered = |body: &str| {
        answer(
            &delivery,
            false,
            &Response { status: 202, retry_after: None, content_type: None, whole: true, body: body.into() },
        )
    };
    assert_eq!(answered(r#"{"accepted":true,"receipt":"rcpt_\u0031","x":1}"#), Answer::Taken);
    assert!(matches!(answered(r#"{"accepted":false,"receipt":"rcpt_1"}"#), Answer::Ambiguous(_)));
}

#[test]
fn an_event_of_a_newer_version_is_sent_unless_its_actor_is_of_a_kind_that_nobody_knows() {
    let event = event(BARE).to_canonical_json().unwrap();
    let text = String::from_utf8(event).unwrap();
    let newer = text.replace(r#""outcome":"success""#, r#""outcome":{"new":[1]}"#);
    let call = encode::encode(newer.as_bytes(), "org_1", "core").unwrap();
    assert!(String::from_utf8(call.body).unwrap().contains(r#""outcome":{"new":[1]}"#));
    let robot = text.replace(r#""kind":"unresolved"},"id""#, r#""kind":"robot"},"id""#);
    assert!(robot != text && encode::encode(robot.as_bytes(), "org_1", "core").is_none());
}

#[test]
fn a_receipt_that_can_not_be_read_whole_settles_without_detail() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for odd in ["1e999", &deep] {
        let body = format!(r#"{{"accepted":true,"receipt":"rcpt_1","x":{odd}}}"#);
        let Answer::Settled(receipt) = answered(202, &body) else { panic!("{body}") };
        assert_eq!((receipt.id.as_deref(), receipt.detail), (Some("rcpt_1"), Value::Null));
    }
    let Answer::Settled(receipt) = answered(202, "\u{feff}{\"receipt\":\"rcpt_1\",\"x\":\"\\ud83d\"}") else {
        panic!()
    };
    assert_eq!(receipt.detail["x"], "\u{fffd}");
}

#[test]
fn a_2xx_that_is_no_receipt_is_ambiguous() {
    for body in [
        "",
        "OK",
        "{}",
        r#"{"receipt":""}"#,
        r#"{"receipt":7}"#,
        r#"{"accepted":false,"receipt":"rcpt_1"}"#,
        "[]",
        r#"["rcpt_1",true]"#,
        r#"{"receipt":"rc"#,
    ] {
        assert!(matches!(answered(202, body), Answer::Ambiguous(_)), "{body}");
    }
}

#[test]
fn every_status_means_what_the_design_says() {
    for status in 100..1000 {
        let answer = answered(status, "{}");
        let name = match answer {
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
            200..=299 => "ambiguous",
            300..=399 | 401 | 402 | 407 => "pause",
            400 | 409 | 413 | 422 => "refused",
            408 | 425 | 429 | 500 | 502..=599 => "retry",
            404..=499 | 403 | 501 => "suspect",
            _ => "ambiguous",
        };
        assert_eq!(name, expected, "{status}");
    }
}

#[test]
fn a_409_under_a_key_of_the_applications_is_a_duplicate_and_no_other_status_is() {
    let body = r#"{"error":"idempotency_conflict","detail":"Another body."}"#;
    let reason = "the service has another event under this idempotency key: Lodger answered 409 \
                  idempotency_conflict: Another body.";
    let webhook = "webhook_evt_0001";
    assert_eq!(answered_under(webhook, 409, body), Answer::Duplicate(Refusal::http(409, reason)));
    for status in (100..200).chain(300..1000).filter(|status| *status != 409) {
        assert_eq!(answered_under(webhook, status, body), answered(status, body), "{status}");
    }
    // Neither was sent: the event's own key was, under which nobody else records anything.
    for unfit in ["", "ключ-ключ-ключ"] {
        assert!(matches!(answered_under(unfit, 409, body), Answer::Refused(_)), "{unfit:?}");
    }
}

#[test]
fn retry_after_and_the_services_words_are_handed_on() {
    let answer = answered(429, r#"{"error":"rate_limited","detail":"Too many requests."}"#);
    let refusal = Refusal::http(429, "Lodger answered 429 rate_limited: Too many requests.");
    assert_eq!(answer, Answer::Retry { refusal, after: Some(Duration::from_secs(7)) });
}

#[test]
fn a_reason_is_bounded() {
    let body =
        serde_json::json!({"error": "\u{202e}".repeat(400), "detail": "\n".repeat(20_000)}).to_string();
    let Answer::Refused(refusal) = answered(400, &body) else { panic!() };
    assert_eq!(refusal.reason.chars().count(), 512);
}

#[test]
fn the_identity_is_the_place_and_not_the_key() {
    let api = LodgerApi::builder("org_1", "core")
        .api_key("canary")
        .api_base("http://127.0.0.1:1/")
        .build()
        .unwrap();
    let destination = LodgerDestination::new(api);
    assert_eq!(
        destination.identity(),
        Identity::new("lodger", "http://127.0.0.1:1").in_project("org_1", "core")
    );
    assert_eq!((destination.max_batch(), destination.max_in_flight()), (1, 64));
    assert!(!format!("{destination:?}").contains("canary"));
}

#[test]
fn every_event_fits_but_for_a_key_that_no_header_carries() {
    let api = LodgerApi::builder("org_1", "core").build().unwrap();
    let destination = LodgerDestination::new(api);
    let mut event = event(FULL);
    event.origin.environment = Some("Prüfstand".to_owned());
    event.action = "a".repeat(4096).into();
    assert_eq!(destination.check(&event), []);
    event.idempotency_key = "ключ-ключ-ключ".to_owned();
    let misfits: Vec<String> = destination.check(&event).iter().map(ToString::to_string).collect();
    assert_eq!(
        misfits,
        [
            "`idempotencyKey` is left out: it may hold visible ASCII and inner spaces only; the event is sent under its id"
        ]
    );
}

#[tokio::test]
async fn without_a_key_everything_waits_for_one() {
    let api = LodgerApi::builder("org_1", "core").api_base("http://127.0.0.1:1").build().unwrap();
    let event = event(BARE);
    let bytes = event.to_canonical_json().unwrap();
    let batch = [Delivery::new(event.into(), bytes.into())];
    let destination = LodgerDestination::new(api);
    let answers = destination.deliver(&batch).await;
    assert!(
        matches!(&answers[..], [Answer::Pause(refusal)] if refusal.reason.contains("needs an API key")),
        "{answers:?}"
    );
    destination.api().replace_api_key(SecretString::from("lodger_sk_1")).unwrap();
    let answers = destination.deliver(&batch).await;
    assert!(matches!(&answers[..], [Answer::Retry { .. }]), "nobody listens there: {answers:?}");
}
