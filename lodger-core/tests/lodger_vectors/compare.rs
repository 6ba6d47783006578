//! Whether what arrived, and what came of it, is what a vector says.

use std::collections::BTreeMap;

use lodger_core::event::Timestamp;
use lodger_core::service::lodger::LodgerError;
use reqwest::Url;
use serde_json::{Map, Value};

use crate::loopback::Recorded;

pub(crate) fn request(name: &str, expected: &Map<String, Value>, actual: &Recorded) {
    assert_eq!(actual.method, expected["method"], "{name}");
    assert_eq!(address(&actual.path), address(expected["path"].as_str().unwrap()), "{name}");
    let expected_headers: BTreeMap<String, String> =
        serde_json::from_value(expected["headers"].clone()).unwrap();
    let headers = actual.protocol_headers();
    assert_eq!(headers.keys().collect::<Vec<_>>(), expected_headers.keys().collect::<Vec<_>>(), "{name}");
    for (header, expected) in &expected_headers {
        assert!(matches(expected, &headers[header]), "{name}: {header}: {}", headers[header]);
    }
    let body = actual.json();
    assert!(same(&expected["body"], &body), "{name}: {body} is not {}", expected["body"]);
}

/// The path as it stands, and the parameters in their order as they read.
fn address(path: &str) -> (String, Vec<(String, String)>) {
    let url = Url::parse(&format!("http://loopback{path}")).unwrap();
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    (path.to_owned(), url.query_pairs().into_owned().collect())
}

fn same(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::String(expected), Value::String(actual)) => matches(expected, actual),
        (Value::Array(expected), Value::Array(actual)) => {
            expected.len() == actual.len() && expected.iter().zip(actual).all(|(a, b)| same(a, b))
        }
        (Value::Object(expected), Value::Object(actual)) => {
            expected.len() == actual.len()
                && expected
                    .iter()
                    .all(|(name, value)| actual.get(name).is_some_and(|other| same(value, other)))
        }
        _ => expected == actual,
    }
}

/// Whether `actual` is what the placeholders of `wire/README.md` stand for.
pub(crate) fn matches(expected: &str, actual: &str) -> bool {
    if expected == "{{now}}" {
        let age = actual.parse::<Timestamp>().map(|time| Timestamp::now().as_micros() - time.as_micros());
        // A minute is a bound on "now", not a measurement.
        return actual.ends_with('Z')
            && actual.contains('.')
            && age.is_ok_and(|age| (0..60_000_000).contains(&age));
    }
    match expected.split_once("{{uuid}}") {
        Some((before, after)) => actual
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .is_some_and(|uuid| uuid.len() == 36 && uuid.parse::<uuid::Uuid>().is_ok()),
        None => actual == expected,
    }
}

/// Null and nothing are the same in an answer, to a client that keeps both as `None`.
pub(crate) fn answer(name: &str, operation: &str, actual: &Value, expected: &Value) {
    if operation == "request" || operation == "raw" {
        assert_eq!(actual, expected, "{name}");
    } else {
        assert_eq!(without_nulls(actual), without_nulls(expected), "{name}");
    }
}

pub(crate) fn error(name: &str, error: &LodgerError, expected: &Value) {
    if expected["status"].is_null() {
        assert!(matches!(error, LodgerError::Transport(_)), "{name}: {error:?}");
        assert_eq!(error.status(), None, "{name}");
        assert!(error.is_retryable(), "{name}");
        return;
    }
    assert!(matches!(error, LodgerError::Api(_)), "{name}: {error:?}");
    assert_eq!(error.status().map(u64::from), expected["status"].as_u64(), "{name}");
    assert_eq!(error.code(), expected["code"].as_str(), "{name}");
    assert_eq!(error.detail(), expected["detail"].as_str(), "{name}");
    assert_eq!(error.body(), Some(&expected["body"]), "{name}");
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), without_nulls(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}
