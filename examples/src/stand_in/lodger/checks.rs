//! What a request must be like, and what is answered to one that isn't.

use lodger_core::event::Timestamp;
use serde_json::{Map, Value, json};

use crate::stand_in::{Reply, Request};

/// Why a request is refused.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) status: u16,
    pub(super) error: &'static str,
    pub(super) detail: String,
}

impl Problem {
    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self { status: 400, error: "invalid_field", detail: detail.into() }
    }

    pub(super) fn unauthorized() -> Self {
        Self { status: 401, error: "unauthorized", detail: "API key is missing or invalid.".to_owned() }
    }

    pub(super) fn forbidden(detail: &str) -> Self {
        Self { status: 403, error: "forbidden", detail: detail.to_owned() }
    }

    pub(super) fn not_found(detail: &str) -> Self {
        Self { status: 404, error: "not_found", detail: detail.to_owned() }
    }

    pub(super) fn conflict() -> Self {
        let detail = "The idempotency key was used for another body.".to_owned();
        Self { status: 409, error: "idempotency_conflict", detail }
    }

    pub(super) fn reply(self) -> Reply {
        Reply::json(self.status, &json!({"error": self.error, "detail": self.detail}))
    }
}

/// The segments of a path, decoded.
pub(super) fn segments(path: &str) -> Result<Vec<String>, Problem> {
    let segments = path.strip_prefix('/').unwrap_or(path).split('/').map(decoded).collect::<Option<_>>();
    segments.ok_or_else(|| Problem::invalid("The path is not percent-encoded UTF-8."))
}

fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

/// The token of the `Authorization` header.
pub(super) fn bearer(request: &Request) -> Option<&str> {
    request.header("authorization")?.strip_prefix("Bearer ").filter(|token| !token.is_empty())
}

/// The header's value, where there is one.
pub(super) fn header_value<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.header(name).map(str::trim).filter(|value| !value.is_empty())
}

/// The body, which has to be an object and to say so.
pub(super) fn json_object(request: &Request) -> Result<Value, Problem> {
    let says_so = request.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    let body: Option<Value> = request.json().filter(|_| says_so).filter(Value::is_object);
    body.ok_or_else(|| Problem::invalid("Body must be a JSON object."))
}

/// A text that must be there.
pub(super) fn text<'a>(body: &'a Value, name: &str) -> Result<&'a str, Problem> {
    let text = body.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    text.ok_or_else(|| Problem::invalid(format!("{name} must be a non-empty string.")))
}

/// One of some words, or the default.
pub(super) fn word<'a>(
    body: &'a Value,
    name: &str,
    words: &[&str],
    default: &'a str,
) -> Result<&'a str, Problem> {
    let Some(value) = body.get(name) else { return Ok(default) };
    let word = value.as_str().filter(|word| words.contains(word));
    word.ok_or_else(|| Problem::invalid(format!("{name} must be one of {}.", words.join(", "))))
}

/// An actor, a target or a subject.
pub(super) fn party(body: &Value, name: &str, types: Option<&[&str]>) -> Result<Value, Problem> {
    let party = body.get(name).filter(|party| party.is_object());
    let party = party.ok_or_else(|| Problem::invalid(format!("{name} must be an object.")))?;
    let wrong = |Problem { detail, .. }| Problem::invalid(format!("{name}.{detail}"));
    text(party, "id").map_err(wrong)?;
    match types {
        Some(types) => word(party, "type", types, "user").map_err(wrong)?,
        None => text(party, "type").map_err(wrong)?,
    };
    Ok(party.clone())
}

/// An object that may be left out.
pub(super) fn object(body: &Value, name: &str) -> Result<Option<Map<String, Value>>, Problem> {
    match body.get(name) {
        None => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members.clone())),
        Some(_) => Err(Problem::invalid(format!("{name} must be an object."))),
    }
}

/// True or false, or nothing, which is false.
pub(super) fn flag(body: &Value, name: &str) -> Result<bool, Problem> {
    let flag = body.get(name).map_or(Some(false), Value::as_bool);
    flag.ok_or_else(|| Problem::invalid(format!("{name} must be a boolean.")))
}

/// A time as ISO 8601.
pub(super) fn time(text: &str, name: &str) -> Result<Timestamp, Problem> {
    text.parse().map_err(|_| Problem::invalid(format!("{name} must be an ISO 8601 time.")))
}

/// A query parameter that is a number.
pub(super) fn number(request: &Request, name: &str) -> Result<Option<u64>, Problem> {
    let wrong = |_| Problem::invalid(format!("{name} must be a non-negative integer."));
    request.parameter(name).map(|text| text.parse().map_err(wrong)).transpose()
}
