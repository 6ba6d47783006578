//! The envelope around every answer: {code, status, data}.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::ExternalId;
use super::error::{ApiError, LogHubError};
use crate::service::Response;

/// What an envelope says. Its own status decides, also under a 2xx: that anything but `ok` is a failure is inferred.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It is done. What there is to say about it; null where there is nothing.
    Done(Value),
    /// It is not done.
    Failed,
    /// There is no envelope, or none with a status.
    Unreadable,
}

/// What the body of a 2xx says.
pub(crate) fn verdict(body: &[u8]) -> Verdict {
    serde_json::from_slice(body).map_or(Verdict::Unreadable, opened)
}

fn opened(envelope: Value) -> Verdict {
    let Value::Object(mut envelope) = envelope else { return Verdict::Unreadable };
    match envelope.get("status") {
        Some(Value::String(status)) if status == "ok" => {
            Verdict::Done(envelope.remove("data").unwrap_or_default())
        }
        None | Some(Value::Null) => Verdict::Unreadable,
        Some(_) => Verdict::Failed,
    }
}

/// The answer to a direct call that is answered with one envelope.
pub(super) fn one(response: &Response) -> Result<Value, LogHubError> {
    if !response.is_success() {
        return Err(LogHubError::Api(ApiError::read(response)));
    }
    match verdict(&response.body) {
        Verdict::Done(data) => Ok(data),
        Verdict::Failed => Err(LogHubError::Api(ApiError::read(response))),
        Verdict::Unreadable => Err(LogHubError::Unreadable(ApiError::read(response))),
    }
}

/// The events of a page, in either shape: an array of envelopes with one event each, as documented, or one envelope around an
/// array, which is inferred.
pub(super) fn many(response: &Response) -> Result<Vec<Value>, LogHubError> {
    if !response.is_success() {
        return Err(LogHubError::Api(ApiError::read(response)));
    }
    let unreadable = || LogHubError::Unreadable(ApiError::read(response));
    let verdict = match serde_json::from_slice(&response.body) {
        Ok(Value::Array(envelopes)) => each(envelopes),
        Ok(envelope) => opened(envelope),
        Err(_) => Verdict::Unreadable,
    };
    match verdict {
        Verdict::Done(Value::Array(events)) => Ok(events),
        Verdict::Failed => Err(LogHubError::Api(ApiError::read(response))),
        Verdict::Done(_) | Verdict::Unreadable => Err(unreadable()),
    }
}

/// All of them, or the first that is not `ok`: a page with a hole in it would be taken for all that there is.
fn each(envelopes: Vec<Value>) -> Verdict {
    let mut events = Vec::with_capacity(envelopes.len());
    for envelope in envelopes {
        match opened(envelope) {
            Verdict::Done(event) => events.push(event),
            other => return other,
        }
    }
    Verdict::Done(Value::Array(events))
}

/// An id is opaque: a number is as good as a text.
pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    ExternalId::deserialize(deserializer).map(|id| id.to_string())
}

/// The same of an id that may be missing.
pub(super) fn perhaps_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<ExternalId>::deserialize(deserializer)?.map(|id| id.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_status_in_the_envelope_decides() {
        for (body, verdict) in [
            (r#"{"code":"X","status":"ok","data":{"id":"1"}}"#, Verdict::Done(json!({"id": "1"}))),
            (r#"{"status":"ok"}"#, Verdict::Done(Value::Null)),
            (r#"{"code":"X","status":"error","data":{"id":"1"}}"#, Verdict::Failed),
            (r#"{"status":"OK","data":{}}"#, Verdict::Failed),
            (r#"{"status":500}"#, Verdict::Failed),
            (r#"{"status":false}"#, Verdict::Failed),
            (r#"{"status":null,"data":{"id":"1"}}"#, Verdict::Unreadable),
            (r#"{"data":{"id":"1"}}"#, Verdict::Unreadable),
            ("[]", Verdict::Unreadable),
            (r#""ok""#, Verdict::Unreadable),
            (r#"{"status":"ok""#, Verdict::Unreadable),
            ("<html>ok</html>", Verdict::Unreadable),
            ("", Verdict::Unreadable),
        ] {
            assert_eq!(super::verdict(body.as_bytes()), verdict, "{body}");
        }
    }

    fn page(body: &Value) -> Result<Vec<Value>, LogHubError> {
        let body = body.to_string().into_bytes();
        many(&Response { status: 200, retry_after: None, content_type: None, whole: true, body })
    }

    #[test]
    fn a_page_is_read_in_either_shape() {
        let envelope = |data: Value| json!({"code": "READY", "status": "ok", "data": data});
        let array = json!([envelope(json!({"id": "1"})), envelope(json!({"id": "2"}))]);
        let one = envelope(json!([{"id": "1"}, {"id": "2"}]));
        for body in [array, one] {
            assert_eq!(page(&body).unwrap(), [json!({"id": "1"}), json!({"id": "2"})], "{body}");
        }
        assert_eq!(page(&json!([])).unwrap(), [] as [Value; 0]);
    }

    #[test]
    fn a_page_of_which_a_part_failed_is_no_page() {
        let ok = json!({"status": "ok", "data": {"id": "1"}});
        let failed = page(&json!([ok, {"code": "GONE", "status": "error"}])).unwrap_err();
        assert!(matches!(failed, LogHubError::Api(_)), "{failed:?}");
        for body in
            [json!([ok, {"id": "2"}]), json!([ok, 7]), json!({"status": "ok", "data": {"id": "1"}}), json!(7)]
        {
            assert!(matches!(page(&body).unwrap_err(), LogHubError::Unreadable(_)), "{body}");
        }
    }
}
