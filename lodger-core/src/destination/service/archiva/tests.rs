use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::super::full_event::rest_of_event;
use super::*;
use crate::destination::Effect;
use crate::destination::registry::open as open_text;
use crate::event::EventId;

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
    "changes": [{"op": "replace", "path": "/role", "before": "admin", "after": null},
        {"op": "add", "path": "/note", "after": {"x": [1]}}, {"op": "remove", "path": "/team", "before": "a,]b"}],
    "metadata": {"amount": 2.50, "order": "o_1"},
"#,
    rest_of_event!()
);

/// Written by hand from the table in the wire notes. A change here breaks retries of events that are under way.
const FULL_BODY: &str = concat!(
    r#"{"actionDescription":"Removed Bob","actionKey":"organization.member.removed","actorDisplay":"Ada Lovelace","#,
    r#""actorId":"u_17","actorType":"user","#,
    r#""changes":[{"after":null,"before":"admin","op":"set","path":"/role"},{"after":{"x":[1]},"op":"set","path":"/note"},"#,
    r#"{"before":"a,]b","op":"set","path":"/team"}],"#,
    r#""context":{"_audit":{"actor":{"badge":7,"onBehalfOf":[{"id":"u_18","kind":"user"}],"tenant":"acme"},"#,
    r#""actorEmail":"ada@example.com","entityName":"Bob Smith","eventId":"0199b1c0-0000-7000-8000-000000000001","#,
    r#""future":{"a":[1]},"ip":"203.0.113.7","operation":{"id":"op_1","index":0,"of":2},"#,
    r#""origin":{"environment":"production","host":"web-3","service":"members","version":"1.4.0"},"#,
    r#""outcome":"failure","personal":["amount"],"#,
    r#""previous":{"sequence":9,"writer":"0199b1c0-0000-7000-8000-000000000003"},"#,
    r#""reason":"function ok, response 500","related":[{"id":"t_1","kind":"team"}],"#,
    r#""request":{"clientRequestId":"c-1","durationMicros":1500,"ipSource":"socket","method":"DELETE","#,
    r#""route":"/members/{id}","spanId":"00f067aa0ba902b7","status":500},"requestId":"req-1","#,
    r#""sequence":3,"sessionId":"hmac-sha256:ab","tags":["hr"],"target":{"shelf":2},"#,
    r#""traceId":"4bf92f3577b34da6a3ce929d0e0e4736","#,
    r#""traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","#,
    r#""trimmed":[{"bytes":2000,"name":"description"}],"userAgent":"curl/8","userVisible":true,"#,
    r#""writer":"0199b1c0-0000-7000-8000-000000000002"},"amount":2.5,"order":"o_1"},"#,
    r#""entityId":"mem_77","entityType":"member","occurredAt":"2026-05-15T12:00:00.123456Z","source":"mobile","#,
    r#""tenantId":"acme"}"#
);

/// The least an event can have.
const BARE: &str = r#"{"id": "0199b1c0-0000-7000-8000-000000000001", "action": "invoice.delete",
    "actor": {"id": "unresolved", "kind": "unresolved"}, "target": {"kind": "unresolved", "id": "DELETE /invoices/{id}"},
    "userVisible": false, "outcome": "success", "occurredAt": "2026-05-15T12:00:00.000000Z",
    "idempotencyKey": "event_0199b1c0-0000-7000-8000-000000000001"}"#;

const BARE_BODY: &str = concat!(
    r#"{"actionKey":"invoice.delete","actorId":"unresolved","actorType":"system","#,
    r#""context":{"_audit":{"eventId":"0199b1c0-0000-7000-8000-000000000001","outcome":"success","userVisible":false}},"#,
    r#""entityId":"DELETE /invoices/{id}","entityType":"route","occurredAt":"2026-05-15T12:00:00.000000Z"}"#
);

const OWN_KEY: &str = "event_0199b1c0-0000-7000-8000-000000000001";

fn event(json: &str) -> Event {
    serde_json::from_str(json).unwrap()
}

fn call(event: &Event) -> encode::Call {
    encode::encode(&event.to_canonical_json().unwrap()).unwrap()
}

fn body(event: &Event) -> Value {
    serde_json::from_slice(&call(event).ready.body).unwrap()
}

#[test]
fn golden_a_full_event() {
    let call = call(&event(FULL));
    assert_eq!(String::from_utf8(call.ready.body).unwrap(), FULL_BODY);
    assert_eq!(
        call.ready.headers,
        [("idempotency-key", "billing_evt_webhook_1".to_owned()), ("x-request-id", "req-1".to_owned())]
    );
    assert!(call.key_is_given && call.misfits.is_empty());
}

#[test]
fn golden_a_bare_event() {
    let call = call(&event(BARE));
    assert_eq!(String::from_utf8(call.ready.body).unwrap(), BARE_BODY);
    assert_eq!(call.ready.headers, [("idempotency-key", OWN_KEY.to_owned())]);
    assert!(!call.key_is_given && call.misfits.is_empty());
}

#[test]
fn an_anonymous_actor_is_the_word_and_its_id_is_not_lost() {
    let mut anonymous = event(BARE);
    anonymous.actor = crate::event::Actor::anonymous();
    anonymous.actor.id = "visitor-9".to_owned();
    let body = body(&anonymous);
    assert_eq!((&body["actorId"], &body["actorType"]), (&json!("anonymous"), &json!("system")));
    assert_eq!(body["context"]["_audit"]["actor"], json!({"id": "visitor-9"}));
}

#[test]
fn the_users_own_reserved_member_is_not_lost() {
    let mut event = event(BARE);
    event.metadata.insert("_audit".to_owned(), "theirs".into());
    event.metadata.insert("note".to_owned(), "too".into());
    let body = body(&event);
    assert_eq!(body["context"]["note"], "too");
    assert_eq!(body["context"]["_audit"]["metadata"], json!({"_audit": "theirs"}));
    assert_eq!(body["context"]["_audit"]["outcome"], "success");
}

#[test]
fn what_can_not_be_a_header_is_folded() {
    let mut event = event(FULL);
    event.idempotency_key = "ключ-ключ-ключ".to_owned();
    event.request.as_mut().unwrap().id = Some("ü".to_owned());
    let call = call(&event);
    assert_eq!(call.ready.headers, [("idempotency-key", OWN_KEY.to_owned())]);
    assert!(!call.key_is_given);
    let folded = &body(&event)["context"]["_audit"];
    assert_eq!((&folded["idempotencyKey"], &folded["requestId"]), (&json!("ключ-ключ-ключ"), &json!("ü")));
    event.request.as_mut().unwrap().id = Some("x".repeat(257));
    assert_eq!(body(&event)["context"]["_audit"]["requestId"], "x".repeat(257));
    assert_eq!(self::call(&event).ready.headers.len(), 1);
}

#[test]
fn changes_that_say_more_than_the_service_can_are_folded_as_a_whole() {
    let ordinary = json!({"op": "replace", "path": "/a", "before": 1, "after": 2});
    for strange in [
        json!({"op": "add", "path": "/b", "before": 1, "after": 2}),
        json!({"op": "remove", "path": "/b", "before": 1, "after": 2}),
        json!({"op": "replace", "path": "/b", "after": 2}),
        json!({"op": "replace", "path": "/b", "before": 1, "after": 2, "why": "a note"}),
    ] {
        let mut event: Value = serde_json::from_str(BARE).unwrap();
        event["changes"] = json!([ordinary, strange]);
        let body = body(&serde_json::from_value(event.clone()).unwrap());
        assert_eq!(body.get("changes"), None, "{strange}");
        assert_eq!(body["context"]["_audit"]["changes"], event["changes"], "{strange}");
    }
}

/// An event whose context has so many bytes.
fn with_context_of(bytes: usize) -> Event {
    let mut event = event(BARE);
    event.metadata.insert("note".to_owned(), "".into());
    let empty = body(&event)["context"].to_string().len();
    event.metadata.insert("note".to_owned(), "x".repeat(bytes - empty).into());
    assert_eq!(body(&event)["context"].to_string().len(), bytes);
    event
}

fn destination() -> ArchivaDestination {
    let api = ArchivaApi::builder().api_key("pk_test_canary").api_base("http://127.0.0.1:1/");
    ArchivaDestination::new(api.build().unwrap())
}

#[test]
fn what_breaks_a_limit_is_known_before_it_is_sent() {
    let check = |event: &Event| {
        destination()
            .check(event)
            .iter()
            .map(|misfit| (misfit.effect, misfit.to_string()))
            .collect::<Vec<_>>()
    };
    assert_eq!(check(&event(BARE)), []);
    assert_eq!(check(&with_context_of(10_240)), []);
    let mut long = event(BARE);
    long.action = "ü".repeat(64).into();
    assert_eq!(check(&long), []);

    long.action = "ü".repeat(65).into();
    assert_eq!(
        check(&long),
        [(
            Effect::Refused,
            "`action` makes the event a dead letter: it has 65 characters, of which Archiva takes 64"
                .to_owned()
        )]
    );
    // {"eventId":"0199b1c0-0000-7000-8000-000000000001","outcome":"success","userVisible":false} has 90.
    assert_eq!(
        check(&with_context_of(10_241)),
        [(
            Effect::Refused,
            "`metadata` makes the event a dead letter: it becomes a context of 10241 bytes, of which Archiva takes 10240; \
             90 of them are what has no other place there, under `_audit`"
                .to_owned()
        )]
    );
    assert_eq!(
        check(&event(FULL)),
        [(Effect::LeftOut, "`retention` is left out: Archiva has no place for it".to_owned())]
    );
}

async fn delivered(destination: &ArchivaDestination, event: Event) -> Answer {
    let bytes = event.to_canonical_json().unwrap();
    destination.deliver(&[Delivery::new(event.into(), bytes.into())]).await.remove(0)
}

#[tokio::test]
async fn what_breaks_a_limit_is_a_dead_letter_and_nothing_is_sent() {
    let mut both = with_context_of(10_241);
    both.action = "a".repeat(65).into();
    let reason = "not sent: `action` does not fit: it has 65 characters, of which Archiva takes 64; `metadata` does not fit: \
                  it becomes a context of 10241 bytes, of which Archiva takes 10240; 90 of them are what has no other place \
                  there, under `_audit`";
    // Nobody listens there: what was sent would be tried again.
    assert_eq!(delivered(&destination(), both).await, Answer::Unfit(Refusal::new(reason)));
    assert!(matches!(delivered(&destination(), event(BARE)).await, Answer::Retry { .. }));
}

#[test]
fn an_event_of_a_newer_version_is_sent_unless_its_actor_is_of_a_kind_that_nobody_knows() {
    let text = String::from_utf8(event(BARE).to_canonical_json().unwrap()).unwrap();
    let newer = text.replace(r#""outcome":"success""#, r#""outcome":{"new":[1]}"#);
    let call = encode::encode(newer.as_bytes()).unwrap();
    assert!(String::from_utf8(call.ready.body).unwrap().contains(r#""outcome":{"new":[1]}"#));
    let robot = text.replace(r#""kind":"unresolved"},"id""#, r#""kind":"robot"},"id""#);
    assert!(robot != text && encode::encode(robot.as_bytes()).is_none());
}

fn id() -> EventId {
    "0199b1c0-0000-7000-8000-000000000001".parse().unwrap()
}

fn answered_under(key_is_given: bool, status: u16, body: &str) -> Answer {
    let delivery = Delivery::new(Event::bare(id(), "a.b".into()).into(), Vec::new().into());
    let retry_after = Some(Duration::from_secs(7));
    answer(
        &delivery,
        key_is_given,
        &Response { status, retry_after, content_type: None, whole: true, body: body.into() },
    )
}

fn answered(status: u16, body: &str) -> Answer {
    answered_under(false, status, body)
}

#[test]
fn a_new_event_and_a_repeat_settle() {
    for (status, repeated) in [(201, false), (200, true)] {
        let Answer::Settled(receipt) = answered(status, r#"{"eventId":"evt_1","x":1}"#) else {
            panic!("{status}")
        };
        assert_eq!((receipt.id.as_deref(), receipt.repeated), (Some("evt_1"), repeated));
        assert_eq!((receipt.destination.as_str(), receipt.event), ("archiva", id()));
        assert_eq!(receipt.detail["x"], 1);
    }
    let delivery = Delivery::new(Event::bare(id(), "a.b".into()).into(), Vec::new().into()).attempt(false);
    let body = br#"{"eventId":"evt_1"}"#.to_vec();
    let response = Response { status: 201, retry_after: None, content_type: None, whole: true, body };
    assert_eq!(answer(&delivery, false, &response), Answer::Taken);
}

#[test]
fn an_object_that_names_no_event_settles_without_a_name() {
    for body in ["{}", r#"{"eventId":""}"#, r#"{"id":"evt_1","ok":true}"#] {
        let Answer::Settled(receipt) = answered(201, body) else { panic!("{body}") };
        assert_eq!((receipt.id, receipt.repeated), (None, false), "{body}");
        assert_eq!(receipt.detail.to_string(), body);
    }
}

#[test]
fn a_success_that_is_no_whole_object_is_ambiguous() {
    for body in ["", "OK", "[]", r#"["evt_1"]"#, r#"{"eventId":"ev"#, "<html></html>", "null"] {
        assert!(matches!(answered(201, body), Answer::Ambiguous(_)), "{body}");
    }
    assert!(matches!(answered(202, r#"{"eventId":"evt_1"}"#), Answer::Ambiguous(_)));
    assert!(matches!(answered(200, "{}"), Answer::Ambiguous(_)), "it may be anybody's");
    let delivery = Delivery::new(Event::bare(id(), "a.b".into()).into(), Vec::new().into());
    let body = br#"{"eventId":"evt_1"}"#.to_vec();
    let cut = Response { status: 201, retry_after: None, content_type: None, whole: false, body };
    assert!(matches!(answer(&delivery, false, &cut), Answer::Ambiguous(_)));
}

#[tokio::test]
async fn what_the_service_requires_is_missed_by_name_and_nothing_is_sent() {
    let mut blank = event(BARE);
    blank.action = " ".into();
    blank.actor = crate::event::Actor::user("\t");
    blank.target.kind = "\u{2003}".into();
    blank.target.id = " ".into();
    let misfits: Vec<_> = destination().check(&blank).iter().map(ToString::to_string).collect();
    let missed = ["action", "actor.id", "target.id", "target.kind"].map(|field| {
        format!("`{field}` makes the event a dead letter: it is blank, and Archiva requires it")
    });
    assert_eq!(misfits, missed);
    // Nobody listens there: what was sent would be tried again.
    let answer = delivered(&destination(), blank).await;
    assert!(matches!(answer, Answer::Unfit(_)), "{answer:?}");
    let mut anonymous = event(BARE);
    anonymous.actor = crate::event::Actor::anonymous();
    anonymous.actor.id = " ".to_owned();
    assert_eq!(destination().check(&anonymous), [], "its id is the word");
}

#[test]
fn every_status_means_what_the_design_says() {
    for status in 100..1000 {
        let name = match answered(status, "") {
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
            300..=399 | 401 | 402 | 407 => "pause",
            400 | 409 | 413 | 422 => "refused",
            408 | 425 | 429 | 500 | 502..=599 => "retry",
            403..=499 | 501 => "suspect",
            _ => "ambiguous",
        };
        assert_eq!(name, expected, "{status}");
    }
}

#[test]
fn a_409_is_never_retried_and_under_the_applications_key_a_duplicate() {
    let refusal = || {
        let reason =
            "the service has another event under this idempotency key: Archiva answered 409: Another body.";
        Refusal::http(409, reason)
    };
    let body = r#"{"error":"Another body."}"#;
    assert_eq!(answered_under(true, 409, body), Answer::Duplicate(refusal()));
    assert_eq!(answered_under(false, 409, body), Answer::Refused(refusal()));
}

#[test]
fn retry_after_and_the_services_words_are_handed_on_within_bounds() {
    let refusal = Refusal::http(429, "Archiva answered 429: Rate limit exceeded");
    let expected = Answer::Retry { refusal, after: Some(Duration::from_secs(7)) };
    assert_eq!(answered(429, r#"{"error":"Rate limit exceeded"}"#), expected);
    let Answer::Refused(refusal) = answered(400, &json!({"error": "\u{202e}".repeat(400)}).to_string())
    else {
        panic!()
    };
    assert_eq!(refusal.reason.chars().count(), 512);
}

#[test]
fn the_identity_is_the_place_and_not_the_key() {
    let destination = destination();
    assert_eq!(destination.identity(), Identity::new("archiva", "http://127.0.0.1:1"));
    assert_eq!((destination.max_batch(), destination.max_in_flight()), (1, 8));
    assert!(!format!("{destination:?}").contains("canary"));
}

#[test]
fn no_more_is_under_way_than_may_be_sent_at_once() {
    let api =
        ArchivaApi::builder().api_key("pk_test_slow").api_base("http://127.0.0.1:1").requests_per_minute(2);
    assert_eq!(ArchivaDestination::new(api.build().unwrap()).max_in_flight(), 1);
}

#[tokio::test]
async fn without_a_key_everything_waits_for_one() {
    let api = ArchivaApi::builder().api_base("http://127.0.0.1:1").build().unwrap();
    let destination = ArchivaDestination::new(api);
    let answer = delivered(&destination, event(BARE)).await;
    assert_eq!(answer, Answer::Pause(Refusal::new("API key is missing: set one with `api_key`")));
    destination.api().replace_api_key(SecretString::from("pk_test_1")).unwrap();
    let answer = delivered(&destination, event(BARE)).await;
    assert!(matches!(answer, Answer::Retry { .. }), "nobody listens there: {answer:?}");
}

fn opened(settings: &[(&str, &str)]) -> Result<Identity, String> {
    let read =
        |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    open_text("archiva", &read).map(|destination| destination.identity()).map_err(|error| error.to_string())
}

#[test]
fn the_environment_describes_it() {
    let key = ("ARCHIVA_SECRET_KEY", "pk_live_canary");
    assert_eq!(opened(&[key]), Ok(Identity::new("archiva", "https://api.archiva.app")));
    let base = ("ARCHIVA_API_BASE", "http://audit.internal/");
    let refused = opened(&[key, base]).unwrap_err();
    assert!(refused.contains("allow it with ARCHIVA_ALLOW_PLAIN_HTTP=1"), "{refused}");
    assert!(!refused.contains("canary"), "{refused}");
    let allowed = opened(&[key, base, ("ARCHIVA_ALLOW_PLAIN_HTTP", "1")]);
    assert_eq!(allowed, Ok(Identity::new("archiva", "http://audit.internal")));
    let project = Identity::new("archiva", "https://api.archiva.app").in_project("", "billing");
    assert_eq!(project.to_string(), "archiva:https://api.archiva.app (billing)");
    let spelled = ("ARCHIVA_API_BASE", "https://API.archiva.app:443/");
    let more = [("ARCHIVA_AUTH", "project-key"), ("ARCHIVA_REQUESTS_PER_MINUTE", "24")];
    assert_eq!(opened(&[key, spelled, ("ARCHIVA_PROJECT", " billing"), more[0], more[1]]), Ok(project));
    let wrong = [("ARCHIVA_AUTH", "basic"), ("ARCHIVA_REQUESTS_PER_MINUTE", "many")];
    let wrong = opened(&[key, wrong[0], wrong[1]]).unwrap_err();
    let both = "ARCHIVA_AUTH is neither `bearer` nor `project-key`; ARCHIVA_REQUESTS_PER_MINUTE is no number";
    assert!(wrong.contains(both), "{wrong}");
    let too_many = opened(&[key, ("ARCHIVA_REQUESTS_PER_MINUTE", "100")]).unwrap_err();
    assert!(too_many.contains("100 requests per minute are not between 2 and 99"), "{too_many}");
    let missing = opened(&[]).unwrap_err();
    assert_eq!(missing, "the destination `archiva` needs more settings: set ARCHIVA_SECRET_KEY");
    let wrong = opened(&[key, ("ARCHIVA_ALLOW_PLAIN_HTTP", "yes")]).unwrap_err();
    assert!(wrong.contains("ARCHIVA_ALLOW_PLAIN_HTTP is neither `1` nor `0`"), "{wrong}");
}

#[test]
fn what_the_service_would_not_take_is_no_rate() {
    let build = |base: &str, most| {
        let builder = ArchivaApi::builder().api_base(base).requests_per_minute(most);
        builder.build().map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(build("https://api.archiva.app", 99), Ok(()));
    assert_eq!(build("https://api.archiva.app", 2), Ok(()));
    assert_eq!(build("http://127.0.0.1:1", 100_000), Ok(()));
    for (base, most) in
        [("https://api.archiva.app", 100), ("https://api.archiva.app/", 1), ("http://127.0.0.1:1", 0)]
    {
        assert_eq!(
            build(base, most),
            Err(format!("{most} requests per minute are not between 2 and 99, which the service takes"))
        );
    }
}
