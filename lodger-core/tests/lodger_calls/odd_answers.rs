//! Answers that are cut, endless, or of another shape than they should be.

use lodger_core::service::lodger::LodgerError;
use serde_json::{Value, json};

use crate::api;
use crate::loopback::{Loopback, Reply, Step};
use crate::operations::{Operation, operations};

/// What the client makes of this answer, asked once.
async fn told(operation: &Operation, body: &[u8]) -> Result<Value, LodgerError> {
    let mut reply = Reply::text(200, "").header("content-type", "application/json");
    reply.body = body.to_vec();
    let server = Loopback::replying(reply).await;
    operation.make(&api(&server.base())).await
}

/// The operations whose answer has a shape.
fn typed() -> impl Iterator<Item = Operation> {
    operations().into_iter().filter(|operation| operation.name != "request")
}

#[tokio::test]
async fn what_is_no_answer_is_unreadable() {
    for operation in typed() {
        for body in ["", " ", "ok", "{", "{}x", "\u{feff}{", "<html>", "\0"] {
            let error = told(&operation, body.as_bytes()).await.unwrap_err();
            assert!(matches!(error, LodgerError::Unreadable(_)), "{} {body:?}: {error:?}", operation.name);
        }
        if !operation.shapeless {
            let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
            for body in ["null", "5", "\"ok\"", "true", "[]", "{}", "[[]]", "[true,1]", &nested] {
                let error = told(&operation, body.as_bytes()).await.unwrap_err();
                assert!(matches!(error, LodgerError::Unreadable(_)), "{}: {error:?}", operation.name);
            }
        }
        // A mark in front and half of a surrogate pair, as JavaScript reads them.
        let marked = operation.answer.to_string().replacen('{', "\u{feff}{\"novel\":\"\\ud83d\",", 1);
        let read = told(&operation, marked.as_bytes()).await.unwrap();
        assert_eq!(read["novel"], "\u{fffd}", "{}", operation.name);
    }
}

#[tokio::test]
async fn half_an_answer_is_no_answer() {
    for operation in operations() {
        let half = operation.answer.to_string();
        let half = Reply::text(202, &half[..half.len() - 1]);
        let server = Loopback::start(Step::Truncated(half)).await;
        let outcome = operation.make(&api(&server.base())).await;
        let asked = server.requests().len();
        assert!(matches!(outcome, Err(LodgerError::Unreadable(_))), "{}: {outcome:?}", operation.name);
        assert_eq!(asked, if operation.harmless { 3 } else { 1 }, "{}", operation.name);
        if operation.shapeless {
            // JSON, but of another number.
            let server = Loopback::start(Step::Truncated(Reply::text(200, "7"))).await;
            let error = operation.make(&api(&server.base())).await.unwrap_err();
            assert!(matches!(error, LodgerError::Unreadable(_)), "{}: {error:?}", operation.name);
            assert_eq!(error.body(), Some(&json!(7)));
        }
    }
}

#[tokio::test]
async fn a_whole_answer_may_be_as_long_as_the_limit() {
    for (name, limit) in [("policy_token", 64 * 1024), ("event", 1024 * 1024), ("request", 16 * 1024 * 1024)]
    {
        let operation = operations().into_iter().find(|operation| operation.name == name).unwrap();
        let mut body = operation.answer.to_string();
        body.push_str(&" ".repeat(limit - body.len()));
        assert_eq!(told(&operation, body.as_bytes()).await.unwrap(), operation.answer, "{name}");
        body.push(' ');
        let error = told(&operation, body.as_bytes()).await.unwrap_err();
        assert!(error.to_string().contains(&format!("more than the {limit} bytes")), "{error}");
    }
}

#[tokio::test]
async fn a_receipt_that_quotes_many_links_is_read_whole() {
    let operation = operations().into_iter().find(|operation| operation.name == "event").unwrap();
    let mut answer = operation.answer.clone();
    answer["metadata"] = json!({"relatedReceiptIds": vec!["rcpt_093a339cc2c2ffed"; 10_000]});
    assert_eq!(told(&operation, answer.to_string().as_bytes()).await.unwrap(), answer);
}

#[tokio::test]
async fn what_need_not_be_there_may_be_of_any_type_and_is_kept() {
    let odd = json!({
        "hash": 7, "receivedAt": 1_747_310_400, "batchTarget": 7, "lane": ["x"], "storageClass": {"a": 1},
        "provenance": {
            "receivedAt": 7, "apiKey": "x", "environment": [], "request": 7,
            "consistency": {
                "relatedEventIds": [null, "evt_1"], "relatedReceiptIds": "rcpt_1", "matchedRelatedEvents": "2",
                "warnings": 7,
            },
        },
        "acceptedAt": 7, "metadata": [1], "userVisible": "yes", "retention": 1, "source": {}, "batchId": 1.5,
        "archiveEligibleAt": true,
    });
    let nested = json!({"provenance": {"apiKey": {"id": 7}, "request": {"id": 7, "connected": "x"}, "consistency": []}});
    let array = json!({"provenance": []});
    for operation in typed() {
        for odd in [&odd, &nested, &array] {
            let mut answer = operation.answer.clone();
            for place in ["/events/0", "/entry", "/receipt", ""] {
                if let Some(members) = answer.pointer_mut(place).and_then(Value::as_object_mut) {
                    let certain = |name: &str| place.starts_with("/e") && matches!(name, "hash" | "lane");
                    let odd = odd.as_object().unwrap().clone().into_iter();
                    members.extend(odd.filter(|(name, _)| !certain(name)));
                    if operation.name != "receipt" {
                        break;
                    }
                }
            }
            let read = told(&operation, answer.to_string().as_bytes()).await.unwrap();
            assert_eq!(read, answer, "{}", operation.name);
        }
    }
    // Of these two nothing is kept, and they are no error.
    for (name, member) in [("activity", "query"), ("policy_token", "expiresAt")] {
        let operation = operations().into_iter().find(|operation| operation.name == name).unwrap();
        let mut answer = operation.answer.clone();
        answer[member] = 7.into();
        assert!(told(&operation, answer.to_string().as_bytes()).await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn an_endless_answer_is_read_no_further_than_its_limit_and_not_asked_for_again() {
    const KIB: usize = 1024;
    for operation in operations() {
        let limit = match operation.name {
            "query" | "activity" | "request" => 16 * KIB * KIB,
            "event" | "consent" | "receipt" | "published_policy" => KIB * KIB,
            _ => 64 * KIB,
        };
        let server = Loopback::start(Step::Endless(200)).await;
        let error = operation.make(&api(&server.base())).await.unwrap_err();
        assert!(matches!(error, LodgerError::Unreadable(_)), "{}: {error:?}", operation.name);
        assert_eq!(error.body().unwrap().as_str().unwrap().len(), 64 * KIB, "{}", operation.name);
        assert!(error.to_string().contains(&format!("more than the {limit} bytes")), "{error}");
        assert!(!error.is_retryable());
        assert_eq!(server.requests().len(), 1, "{}", operation.name);
    }
}

#[tokio::test]
async fn a_page_of_the_largest_events_is_read_whole() {
    for operation in operations().into_iter().filter(|operation| operation.answer["events"].is_array()) {
        let mut answer = operation.answer.clone();
        let mut entry = answer["events"][0].clone();
        entry["metadata"] = json!({"note": "x".repeat(64 * 1024)});
        answer["events"] = vec![entry; 100].into();
        let read = told(&operation, answer.to_string().as_bytes()).await.unwrap();
        assert_eq!(read["events"], answer["events"], "{}", operation.name);
    }
}

/// Where a value stands in an answer.
fn places(value: &Value, at: String, all: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in inner {
        let place = format!("{at}/{name}");
        all.push(place.clone());
        places(value, place, all);
    }
}

#[tokio::test]
async fn every_member_may_be_missing_or_odd_and_nothing_panics() {
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(18_446_744_073_709_551_615_u64),
        json!(""),
        json!([]),
        json!([[null]]),
        json!({}),
        json!({"a": {"b": [1]}}),
    ];
    for operation in typed() {
        let mut all = Vec::new();
        places(&operation.answer, String::new(), &mut all);
        let server = Loopback::start(Step::Close).await;
        let api = api(&server.base());
        for place in all {
            let (parent, name) = place.rsplit_once('/').unwrap();
            let mut answers = vec![operation.answer.clone(); odd.len() + 1];
            for (answer, odd) in answers.iter_mut().zip(&odd) {
                *answer.pointer_mut(&place).unwrap() = odd.clone();
            }
            if let Some(members) = answers.last_mut().unwrap().pointer_mut(parent).unwrap().as_object_mut() {
                members.remove(name);
            }
            for answer in answers {
                server.script([Step::Reply(Reply::json(200, &answer))]);
                match operation.make(&api).await {
                    Ok(_) | Err(LodgerError::Unreadable(_)) => {}
                    Err(error) => panic!("{} {place}: {error:?}", operation.name),
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_certain_may_not_be_missing() {
    for operation in typed() {
        // Of one token nothing but itself is certain, of a policy nothing at all.
        for name in operation.answer.as_object().unwrap().keys() {
            let mut answer = operation.answer.clone();
            answer.as_object_mut().unwrap().remove(name);
            let optional = matches!(name.as_str(), "entry" | "policyVersion" | "version");
            let outcome = told(&operation, answer.to_string().as_bytes()).await;
            assert_eq!(outcome.is_ok(), optional, "{} without {name}: {outcome:?}", operation.name);
        }
    }
}

#[tokio::test]
async fn members_that_nobody_knows_are_kept_wherever_they_stand() {
    for operation in typed() {
        let mut all = vec![String::new()];
        places(&operation.answer, String::new(), &mut all);
        let mut answer = operation.answer.clone();
        for place in all {
            if let Some(members) = answer.pointer_mut(&place).unwrap().as_object_mut() {
                members.insert("novel".to_owned(), json!({"a": [1, null, {"b": "ü"}]}));
            }
        }
        let read = told(&operation, answer.to_string().as_bytes()).await.unwrap();
        assert_eq!(read, answer, "{}", operation.name);
    }
}

#[tokio::test]
async fn an_answer_that_denies_what_its_status_says_is_no_receipt() {
    for operation in operations().into_iter().filter(|operation| operation.keyed) {
        let place = if operation.name == "consent" { "/receipt" } else { "" };
        for (name, value) in [("accepted", json!(false)), ("receipt", json!("")), ("receipt", json!("  "))] {
            let mut answer = operation.answer.clone();
            answer.pointer_mut(place).unwrap()[name] = value;
            let error = told(&operation, answer.to_string().as_bytes()).await.unwrap_err();
            assert!(matches!(error, LodgerError::Unreadable(_)), "{}: {error:?}", operation.name);
        }
    }
}

#[tokio::test]
async fn no_token_is_in_a_debug_form() {
    use lodger_core::service::lodger::{ActivityToken, EvidenceToken, PolicyToken, ReceiptToken};

    let answer = |name: &str| {
        let mut answer = operations().into_iter().find(|operation| operation.name == name).unwrap().answer;
        for (name, value) in answer.as_object_mut().unwrap() {
            if name == "token" || name.ends_with("Url") {
                *value = "canary".into();
            }
        }
        answer["novel"] = "canary".into();
        answer
    };
    let texts = [
        format!("{:?}", serde_json::from_value::<ActivityToken>(answer("activity_token")).unwrap()),
        format!("{:?}", serde_json::from_value::<ReceiptToken>(answer("receipt_token")).unwrap()),
        format!("{:?}", serde_json::from_value::<PolicyToken>(answer("policy_token")).unwrap()),
        format!("{:?}", serde_json::from_value::<EvidenceToken>(answer("evidence_token")).unwrap()),
    ];
    for text in texts {
        assert!(text.contains("Token {") && !text.contains("canary"), "{text}");
    }
}
