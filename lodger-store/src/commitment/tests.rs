use lodger_core::event::Timestamp;
use serde_json::json;

use super::*;
use crate::Digest;
use crate::chain::{Place, link};

const ID: &str = "0199b1c0-0000-7000-8000-000000000001";

/// An event with a personal value in every place where one can be.
const FULL: &str = concat!(
    r#"{"action":"invoice.update","actor":{"badge":7,"email":"ada@example.com","id":"ada","kind":"user","#,
    r#""name":"Ada Lovelace","onBehalfOf":[{"id":"bob","kind":"user"}],"tenant":"acme"},"#,
    r#""changes":[{"after":2900,"before":1900.5,"op":"replace","path":"/amount"}],"#,
    r#""description":"Ünë \"quoted\" line\n","future":{"a":[1,0.1234567890123456]},"#,
    r#""id":"0199b1c0-0000-7000-8000-000000000001","#,
    r#""idempotencyKey":"event_0199b1c0-0000-7000-8000-000000000001","#,
    r#""metadata":{"a/b~c":null,"phone":"+49 30 1","plan":"pro"},"occurredAt":"2026-05-15T12:00:00.123456Z","#,
    r#""outcome":"success","personal":["phone","a/b~c","phone","absent"],"reason":"asked","#,
    r#""related":[{"id":"c1","kind":"customer","name":"Acme"},{"id":"p2","kind":"plan"}],"#,
    r#""request":{"id":"r1","ip":"192.0.2.7","ipSource":"socket","session":"hmac-sha256:00","status":200,"#,
    r#""userAgent":"curl/8"},"target":{"id":"7","kind":"invoice","shelf":2},"tenant":"acme","userVisible":false}"#
);

const PATHS: [&str; 18] = [
    "/actor/badge",
    "/actor/email",
    "/actor/id",
    "/actor/name",
    "/actor/onBehalfOf",
    "/changes",
    "/description",
    "/metadata/a~1b~0c",
    "/metadata/phone",
    "/reason",
    "/related/0/id",
    "/related/0/name",
    "/related/1/id",
    "/request/ip",
    "/request/session",
    "/request/userAgent",
    "/target/id",
    "/target/shelf",
];

fn full() -> Value {
    serde_json::from_str(FULL).unwrap()
}

/// The first path's salt is 32 times 0x01, the second's 32 times 0x02, …
fn counted(paths: &[&str]) -> Salts {
    Salts(paths.iter().zip(1..).map(|(path, byte)| ((*path).to_owned(), [byte; 32])).collect())
}

fn first_place(accepted_at: &str) -> Place<'_> {
    Place {
        workspace: "default",
        project: "core",
        sequence: 1,
        receipt: "rcpt_000102030405060708090a0b0c0d0e0f",
        accepted_at: accepted_at.parse::<Timestamp>().unwrap(),
    }
}

#[test]
fn every_personal_value_is_committed_to_and_nothing_else() {
    let mut event = full();
    let salts = commit(&mut event, ID).unwrap();
    assert_eq!(salts.0.keys().map(String::as_str).collect::<Vec<_>>(), PATHS);

    let before = full();
    for path in PATHS {
        let commitment = event.pointer(path).unwrap().as_str().unwrap();
        assert!(commitment.starts_with("sha256:") && commitment.len() == 71, "{path}: {commitment}");
        *event.pointer_mut(path).unwrap() = before.pointer(path).unwrap().clone();
    }
    assert_eq!(event, before);
}

#[test]
fn every_salt_is_fresh() {
    let (mut one, mut other) = (full(), full());
    let salts = [commit(&mut one, ID).unwrap(), commit(&mut other, ID).unwrap()];
    let different: BTreeSet<&Salt> = salts.iter().flat_map(|salts| salts.0.values()).collect();
    assert_eq!(different.len(), 2 * PATHS.len());
}

// The expected values were computed with Python's hashlib over parts joined by hand, as docs/store-format.md shows.
#[test]
fn a_commitment_is_the_documented_hash() {
    let mut event = full();
    recommit(&mut event, ID, &counted(&PATHS)).unwrap();
    assert_eq!(
        event.pointer("/actor/id").unwrap(),
        &json!("sha256:710c8fa31b3886e9046a675219b77366b21fe957ba2fb42f7d7ae710a04b0ac3")
    );
}

#[test]
fn the_hashes_are_those_of_the_documented_example() {
    let text = concat!(
        r#"{"action":"invoice.update","actor":{"id":"ada","kind":"user"},"#,
        r#""id":"0199b1c0-0000-7000-8000-000000000001","#,
        r#""idempotencyKey":"event_0199b1c0-0000-7000-8000-000000000001","#,
        r#""occurredAt":"2026-05-15T12:00:00.000000Z","outcome":"success","#,
        r#""target":{"id":"7","kind":"invoice"},"userVisible":false}"#
    );
    let mut event: Value = serde_json::from_str(text).unwrap();
    recommit(&mut event, ID, &counted(&["/actor/id", "/target/id"])).unwrap();
    let event_hash = first_place("2026-05-15T12:00:01Z").event_hash(&event).unwrap();
    assert_eq!(event_hash.to_string(), "becac5188a60fb78d44ebe5055f3326fc65704f95a803ed69276fa776d861455");
    let hash = link(&Digest::ZERO, &event_hash);
    assert_eq!(hash.to_string(), "8e970be2f6619f32ba51e51393e57771d3e9daf40137aa3317da136313a14ea7");
}

#[test]
fn the_hashes_of_an_event_with_everything_in_it_are_those_of_another_implementation() {
    let mut event = full();
    recommit(&mut event, ID, &counted(&PATHS)).unwrap();
    let event_hash = first_place("2026-05-15T12:00:01Z").event_hash(&event).unwrap();
    assert_eq!(event_hash.to_string(), "0e540431cf6111bc9e6feff870b564a36b433b35539c2834cb012f36384ace66");
    let hash = link(&Digest::ZERO, &event_hash);
    assert_eq!(hash.to_string(), "3ad7c3ad8ebf94e50cf394fda8c1ceed7142821bee83abb0045408b78396f810");
}

#[test]
fn a_missing_and_a_surplus_salt_are_named() {
    let mut salts = counted(&PATHS);
    salts.0.remove("/reason");
    assert!(
        matches!(recommit(&mut full(), ID, &salts), Err(CommitError::Missing(path)) if path == "/reason")
    );
    let mut salts = counted(&PATHS);
    salts.0.insert("/metadata/plan".into(), [0; 32]);
    assert!(
        matches!(recommit(&mut full(), ID, &salts), Err(CommitError::Surplus(path)) if path == "/metadata/plan")
    );
}

#[test]
fn salts_have_one_text() {
    let salts = counted(&["/a", "/b"]);
    let text = format!(r#"{{"/a":"{}","/b":"{}"}}"#, "01".repeat(32), "02".repeat(32));
    assert_eq!(salts.to_text().unwrap(), text);
    assert_eq!(Salts::from_text(&text).unwrap(), salts);
    for other in [text.replace(',', ", "), text.replace("01", "0A"), text.replace("01", "1"), "[]".into()] {
        assert_eq!(Salts::from_text(&other), None, "{other}");
    }
}
