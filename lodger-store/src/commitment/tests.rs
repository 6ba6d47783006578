use lodger_core::event::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::chain::{Place, link};
use crate::{Digest, personal};

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

fn full() -> Layout<'static> {
    personal::find(FULL).unwrap()
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
    let (committed, salts) = full().commit(&mut Random::new()).unwrap();
    assert_eq!(salts.0.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), PATHS);

    let before: Value = serde_json::from_str(FULL).unwrap();
    let mut event: Value = serde_json::from_str(&committed).unwrap();
    for path in PATHS {
        let commitment = event.pointer(path).unwrap().as_str().unwrap();
        assert!(commitment.starts_with("sha256:") && commitment.len() == 71, "{path}: {commitment}");
        *event.pointer_mut(path).unwrap() = before.pointer(path).unwrap().clone();
    }
    assert_eq!(event, before);
}

#[test]
fn every_salt_is_fresh() {
    let mut random = Random::new();
    let salts = [(); 2].map(|()| full().commit(&mut random).unwrap().1);
    let different: BTreeSet<Salt> = salts.iter().flat_map(|salts| &salts.0).map(|(_, salt)| *salt).collect();
    assert_eq!(different.len(), 2 * PATHS.len());
}

#[test]
fn salts_stand_in_the_order_of_their_paths_however_the_values_stand() {
    // A tenth of ten comes before the second, "~1" behind a letter, and UTF-16's order is another than UTF-8's.
    let related: Vec<String> = (0..11).map(|at| format!(r#"{{"id":"{at}"}}"#)).collect();
    let actor = "{\"/\":1,\"a\":2,\"q\\\"\":3,\"\u{1f600}\":4,\"\u{e000}\":5}";
    let text = format!(r#"{{"actor":{actor},"related":[{}]}}"#, related.join(","));
    let salts = personal::find(&text).unwrap().commit(&mut Random::new()).unwrap().1.to_text();
    let as_value: Value = serde_json::from_str(&salts).unwrap();
    assert_eq!(serde_json_canonicalizer::to_string(&as_value).unwrap(), salts);
    assert_eq!(as_value.as_object().unwrap().len(), 16);
    assert!(as_value.get("/actor/~1").is_some() && as_value.get("/actor/q\"").is_some());
}

// The expected values were computed with Python's hashlib over parts joined by hand, as docs/store-format.md shows.
#[test]
fn a_commitment_is_the_documented_hash() {
    let committed = full().recommit(&counted(&PATHS)).unwrap();
    let event: Value = serde_json::from_str(&committed).unwrap();
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
    let layout = personal::find(text).unwrap();
    let committed = layout.recommit(&counted(&["/actor/id", "/target/id"])).unwrap();
    let event_hash = first_place("2026-05-15T12:00:01Z").event_hash(&committed);
    assert_eq!(event_hash.to_string(), "becac5188a60fb78d44ebe5055f3326fc65704f95a803ed69276fa776d861455");
    let hash = link(&Digest::ZERO, &event_hash);
    assert_eq!(hash.to_string(), "8e970be2f6619f32ba51e51393e57771d3e9daf40137aa3317da136313a14ea7");
}

#[test]
fn the_hashes_of_an_event_with_everything_in_it_are_those_of_another_implementation() {
    let committed = full().recommit(&counted(&PATHS)).unwrap();
    let event_hash = first_place("2026-05-15T12:00:01Z").event_hash(&committed);
    assert_eq!(event_hash.to_string(), "0e540431cf6111bc9e6feff870b564a36b433b35539c2834cb012f36384ace66");
    let hash = link(&Digest::ZERO, &event_hash);
    assert_eq!(hash.to_string(), "3ad7c3ad8ebf94e50cf394fda8c1ceed7142821bee83abb0045408b78396f810");
}

#[test]
fn a_missing_and_a_surplus_salt_are_named() {
    let without: Vec<&str> = PATHS.into_iter().filter(|path| *path != "/reason").collect();
    assert_eq!(full().recommit(&counted(&without)), Err(CommitError::Missing("/reason".into())));
    let mut with = PATHS.to_vec();
    with.insert(9, "/metadata/plan");
    assert_eq!(full().recommit(&counted(&with)), Err(CommitError::Surplus("/metadata/plan".into())));
}

#[test]
fn salts_have_one_text() {
    let salts = counted(&["/a", "/b"]);
    let text = format!(r#"{{"/a":"{}","/b":"{}"}}"#, "01".repeat(32), "02".repeat(32));
    assert_eq!(salts.to_text(), text);
    assert_eq!(Salts::from_text(&text).unwrap(), salts);
    for other in [text.replace(',', ", "), text.replace("01", "0A"), text.replace("01", "1"), "[]".into()] {
        assert_eq!(Salts::from_text(&other), None, "{other}");
    }
}
