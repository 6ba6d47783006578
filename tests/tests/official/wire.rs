//! A request as JSON, with everything generated replaced by its shape.

use lodger_core::event::Timestamp;
use reqwest::Url;
use serde_json::{Map, Value, json};

use crate::loopback::Recorded;

/// What a case put on the wire: null where nothing arrived, a list where it was more than one request.
pub(crate) fn of_case(requests: &[Recorded], number: usize) -> Value {
    let base = format!("/{number}");
    let below = |request: &&Recorded| {
        request.path.strip_prefix(&base).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    };
    let mut wires: Vec<Value> = requests.iter().filter(below).map(|request| wire(request, &base)).collect();
    match wires.len() {
        0 => Value::Null,
        1 => wires.remove(0),
        _ => wires.into(),
    }
}

fn wire(request: &Recorded, base: &str) -> Value {
    let target = &request.path[base.len()..];
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Map<String, Value> = request
        .protocol_headers()
        .into_iter()
        .filter(|(name, _)| !OF_FETCH.contains(&name.as_str()))
        .map(|(name, value)| (name, Value::from(without_uuid(&value))))
        .collect();
    let mut body = request.json();
    if let Some(Value::String(at)) = body.get_mut("occurredAt")
        && is_now(at)
    {
        *at = "{{now}}".to_owned();
    }
    json!({"method": request.method, "path": path, "query": pairs(query), "headers": headers, "body": numbers(body)})
}

/// What node's `fetch` adds to every request of anybody.
const OF_FETCH: [&str; 2] = ["accept-language", "sec-fetch-mode"];

/// By name, the values of a form-encoded query, in their order.
fn pairs(query: &str) -> Value {
    let url = Url::parse(&format!("http://localhost/?{query}")).unwrap();
    let mut pairs: Map<String, Value> = Map::new();
    for (name, value) in url.query_pairs() {
        let values = pairs.entry(name).or_insert_with(|| json!([]));
        values.as_array_mut().unwrap().push(Value::from(value));
    }
    pairs.into()
}

/// A UUID at the end becomes `{{uuid}}`.
fn without_uuid(text: &str) -> String {
    let hyphens = [8, 13, 18, 23];
    let is_uuid = |tail: &str| {
        tail.char_indices().all(|(at, character)| match hyphens.contains(&at) {
            true => character == '-',
            false => character.is_ascii_hexdigit() && !character.is_ascii_uppercase(),
        })
    };
    match text.len().checked_sub(36).and_then(|at| text.split_at_checked(at)) {
        Some((before, tail)) if is_uuid(tail) => format!("{before}{{{{uuid}}}}"),
        _ => text.to_owned(),
    }
}

/// Whether it is a time of the last minutes, in UTC, with milliseconds or finer.
fn is_now(text: &str) -> bool {
    let age = text.parse::<Timestamp>().map(|at| Timestamp::now().as_micros() - at.as_micros());
    // A bound on "now", not a measurement.
    text.ends_with('Z') && text.contains('.') && age.is_ok_and(|age| (-1_000..600_000_000).contains(&age))
}

/// 1.0 and 1 are one number in JSON.
fn numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let whole = number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 9e15);
            whole.map_or(Value::Number(number), |whole| Value::from(whole as i64))
        }
        Value::Array(items) => items.into_iter().map(numbers).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, numbers(value))).collect(),
        other => other,
    }
}
