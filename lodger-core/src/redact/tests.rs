//! The canaries, and what the rules do to each part of an event.

use std::collections::BTreeSet;

use proptest::strategy::Strategy;
use serde_json::{Value, json};

use super::*;
use crate::event::{Actor, Change, Event, RequestInfo, Target};

/// Rows of name, value and secret: true (the whole value), the part of the value that is secret, or false. A `¦` in
/// a value is left out on reading: it keeps scanners for leaked keys from taking the file for a leak.
const CANARIES: &str = include_str!("canaries.json");

/// What users read about the holes.
const DOCS: &str = include_str!("../../../docs/redaction.md");

fn key() -> HashKey {
    HashKey::from_bytes([7; 32])
}

fn event() -> Event {
    Event::builder("user.update").actor(Actor::user("ada")).target(Target::new("user", 7)).build().unwrap()
}

fn applied(rules: &Rules, name: &str, value: Value) -> Value {
    let mut event = event();
    event.metadata.insert(name.into(), value);
    rules.apply(&mut event, &key());
    event.metadata.remove(name).unwrap()
}

fn canaries() -> Vec<(String, Value, Value)> {
    serde_json::from_str(&CANARIES.replace('¦', "")).unwrap()
}

/// The texts and numbers in a value.
fn leaves(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(leaves).collect(),
        Value::Object(members) => members.values().flat_map(leaves).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

fn line(name: &str, value: &Value) -> String {
    let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    format!("| `{name}` | `{value}` |")
}

/// The rows of the table below this heading that have a third column with something in it.
fn documented(heading: &str) -> BTreeSet<String> {
    let section = DOCS.split_once(heading).unwrap().1;
    let table = section
        .lines()
        .skip_while(|line| !line.starts_with("| `"))
        .take_while(|line| line.starts_with("| `"));
    table
        .map(|row| {
            let (row, reason) = row.trim_end_matches(" |").rsplit_once(" | ").unwrap();
            assert!(reason.len() > 10, "no reason: {row}");
            format!("{row} |")
        })
        .collect()
}

#[test]
fn at_most_a_twentieth_of_the_canaries_escape_and_each_stands_in_the_docs() {
    let secret: Vec<_> = canaries().into_iter().filter(|(_, _, secret)| *secret != json!(false)).collect();
    assert!(secret.len() >= 200, "{}", secret.len());
    let mut missed = BTreeSet::new();
    for (name, value, secret) in &secret {
        let redacted = leaves(&applied(&Rules::default(), name, value.clone()));
        let escaped = match secret.as_str() {
            Some(part) => redacted.iter().any(|text| text.contains(part)),
            None => leaves(value).iter().any(|leaf| redacted.contains(leaf)),
        };
        if escaped {
            missed.insert(line(name, value));
        }
    }
    println!("{} of {} missed: {missed:#?}", missed.len(), secret.len());
    assert_eq!(missed, documented("## What it misses"));
    assert!(missed.len() * 20 <= secret.len(), "{} of {}", missed.len(), secret.len());
}

#[test]
fn what_is_no_secret_stays() {
    let harmless: Vec<_> = canaries().into_iter().filter(|(_, _, secret)| *secret == json!(false)).collect();
    assert!(harmless.len() >= 100, "{}", harmless.len());
    let changed: Vec<_> = harmless
        .iter()
        .filter(|(name, value, _)| applied(&Rules::default(), name, value.clone()) != *value)
        .map(|(name, value, _)| line(name, value))
        .collect();
    assert_eq!(changed, [""; 0]);
}

#[test]
fn redacting_twice_is_redacting_once() {
    for (name, value, _) in canaries() {
        let once = applied(&Rules::default(), &name, value);
        assert_eq!(applied(&Rules::default(), &name, once.clone()), once, "{name}");
    }
}

#[test]
fn every_part_of_an_event_that_can_hold_a_text_is_looked_at() {
    let leak = || "Bearer abc.def-123".to_owned();
    let clean = json!("Bearer [redacted]");
    let mut event = event();
    event.description = Some(leak());
    event.reason = Some(leak());
    event.tags = vec![leak()];
    event.actor = Actor::user("ada").name(leak()).on_behalf_of(Actor::user("bob").name(leak()));
    event.actor.extra.insert("note".into(), json!(leak()));
    event.actor.on_behalf_of[0].extra.insert("api_key".into(), json!("x"));
    event.target.name = Some(leak());
    event.related = vec![Target::new("a", 1).name(leak())];
    event.related[0].extra.insert("token".into(), json!("x"));
    event.request = Some(RequestInfo { user_agent: Some(leak()), ..RequestInfo::default() });
    event.request.as_mut().unwrap().extra.insert("cookie".into(), json!("x"));
    event.origin.extra.insert("password".into(), json!("x"));
    event.extra.insert("secret".into(), json!("x"));
    event.changes = vec![Change::new("/note", Some(json!(leak())), Some(json!([leak()])))];
    event.changes[0].extra.insert("token".into(), json!("x"));
    Rules::default().apply(&mut event, &key());
    let json = serde_json::to_value(&event).unwrap();
    for path in [
        "/description",
        "/reason",
        "/tags/0",
        "/actor/name",
        "/actor/note",
        "/actor/onBehalfOf/0/name",
        "/target/name",
        "/related/0/name",
        "/request/userAgent",
        "/changes/0/before",
        "/changes/0/after/0",
    ] {
        assert_eq!(json.pointer(path), Some(&clean), "{path}");
    }
    for path in [
        "/actor/onBehalfOf/0/api_key",
        "/related/0/token",
        "/request/cookie",
        "/origin/password",
        "/secret",
        "/changes/0/token",
    ] {
        assert_eq!(json.pointer(path), Some(&json!("[redacted]")), "{path}");
    }
}

#[test]
fn the_path_of_a_change_names_its_values() {
    let mut event = event();
    let change = |path: &str| Change::new(path, Some(json!("old")), Some(json!(1)));
    event.changes = vec![
        change("/login/password"),
        change("/api~1key"),
        change("/tokens/0"),
        change("/credentials/user"),
        change("/password_policy"),
        change("/author"),
        Change::new("/password", None, Some(json!("new"))),
        Change::new("/password", Some(Value::Null), None),
    ];
    Rules::default().apply(&mut event, &key());
    let is_redacted: Vec<bool> = event
        .changes
        .iter()
        .map(|change| change.before.iter().chain(&change.after).all(|value| *value == json!("[redacted]")))
        .collect();
    assert_eq!(is_redacted, [true, true, true, true, false, false, true, false]);
    // What happened stays visible.
    assert_eq!(event.changes[6].before, None);
    assert_eq!(event.changes[7].before, Some(Value::Null));
}

#[test]
fn names_can_be_added_exempted_and_correlated() {
    let rules = Rules::default().redact(["salary"]).exempt(["token", "order_number"]).correlate(["e-mail"]);
    assert_eq!(applied(&rules, "baseSalary2", json!(1)), json!("[redacted]"));
    assert_eq!(applied(&rules, "base_salary", json!(1)), json!("[redacted]"));
    assert_eq!(applied(&rules, "Token", json!("blue")), json!("blue"));
    assert_eq!(applied(&rules, "access_token", json!("x")), json!("[redacted]"));
    assert_eq!(applied(&rules, "orderNumber", json!("4111111111111111")), json!("4111111111111111"));
    assert_eq!(applied(&rules, "token", json!({"password": "x"})), json!({"password": "[redacted]"}));
    let hash = key().hash("field:e_mail", "ada@example.com");
    assert_eq!(applied(&rules, "eMail", json!("ada@example.com")), json!(hash));
    // And a hash stays, also under a name that is secret.
    assert_eq!(applied(&rules, "api_key", json!(hash)), json!(hash));
}

#[test]
fn each_net_can_be_switched_off() {
    let card = json!("4111111111111111");
    assert_eq!(applied(&Rules::default().names(false), "password", json!("x")), json!("x"));
    assert_eq!(applied(&Rules::default().names(false), "memo", card.clone()), json!("[redacted]"));
    assert_eq!(applied(&Rules::default().shapes(false), "memo", card.clone()), card);
    assert_eq!(applied(&Rules::default().shapes(false), "password", json!("x")), json!("[redacted]"));
    assert_eq!(applied(&Rules::off(), "password", card.clone()), card);
    assert_eq!(applied(&Rules::off().redact(["memo"]), "memo", card), json!("[redacted]"));
}

#[test]
fn a_session_is_hashed_whatever_the_rules() {
    let mut event = event();
    event.request = Some(RequestInfo { session: Some("38afes7a8".into()), ..RequestInfo::default() });
    Rules::off().apply(&mut event, &key());
    let hash = key().hash("session", "38afes7a8");
    assert_eq!(event.request.as_ref().unwrap().session.as_ref(), Some(&hash));
    Rules::off().apply(&mut event, &key());
    assert_eq!(event.request.as_ref().unwrap().session.as_ref(), Some(&hash));
}

#[test]
fn a_secret_nested_without_end_is_found_without_overflowing_the_stack() {
    let deep = |leaf: Value| (0..100_000).fold(leaf, |inner, _| Value::Array(vec![inner]));
    let mut event = event();
    event.metadata.insert("a".into(), deep(json!("Bearer abc.def-123")));
    event.metadata.insert("password".into(), deep(json!(1)));
    Rules::default().apply(&mut event, &key());
    assert_eq!(event.metadata["password"], json!("[redacted]"));
    let mut leaf = event.metadata.remove("a").unwrap();
    while let Value::Array(mut items) = leaf {
        leaf = items.pop().unwrap();
    }
    assert_eq!(leaf, json!("Bearer [redacted]"));
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 2_000, ..Default::default() })]

    #[test]
    fn whatever_stands_around_a_secret_the_net_neither_panics_nor_misses_it(
        pieces in proptest::collection::vec(
            proptest::prop_oneof![
                "\\PC{0,6}",
                "[ =:\"'\\\\&;,/@.-]{0,3}",
                proptest::sample::select(vec![
                    "Bearer ", "basic ", "password", "token=", "\"secret\":", "Cookie: ", "eyJhbGciOiJIUzI1NiJ9", "AKIA",
                    "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "://a:b@c", "-----BEGIN PRIVATE KEY-----",
                    "lodger_sk_0123456789", "\n", "é", "[redacted]", "authorization: Bearer ",
                ]).prop_map(str::to_owned),
            ],
            0..12,
        ),
    ) {
        let (before, after) = pieces.split_at(pieces.len() / 2);
        let text = format!("{} lodger_sk_canary0123456789 {}", before.concat(), after.concat());
        let redacted = shapes::redacted(&text).unwrap();
        proptest::prop_assert!(!redacted.contains("canary"), "{}", redacted);
    }

    #[test]
    fn what_looks_ordinary_at_first_sight_is_ordinary_to_every_rule(
        pieces in proptest::collection::vec(
            proptest::prop_oneof![
                "\\PC{0,3}",
                "[ _./-]{0,2}",
                "[a-zA-Z]{0,5}",
                "[0-9]{0,5}",
                "[bB][aAeE][aAsS][rRiI][eEcC]r? ",
                proptest::sample::select(vec![
                    "Bearer ", "basic ", "dTpw", "abc.def-123", "eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxIn0", "AKIA",
                    "IOSFODNN7EXAMPLE", "sk-", "hvs.", "0123456789abcdefghij0123456789abcdefghijklmnop", "4111", "4111111111111111",
                    "1111 1111 1111", "DE89 3704 0044 0532 0130 00", "DE89370400440532013000", "://a", ":b@c", "--", "---BEGIN ",
                    "PRIVATE KEY-----", "lodger_sk_", "=", "token", "é",
                ]).prop_map(str::to_owned),
            ],
            0..8,
        ),
    ) {
        let text = pieces.concat();
        proptest::prop_assert_eq!(shapes::redacted(&text), shapes::search(&text).filter(|_| text.len() >= 7));
    }
}
