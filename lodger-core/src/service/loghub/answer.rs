//! The envelope around every answer: {code, status, data}.

use serde_json::Value;

use super::error::{ApiError, LogHubError};
use crate::service::Response;

/// What an envelope says. Its own status decides, also under a 2xx: that anything but `ok` is a failure is inferred.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It is done. What there is to say about it; null where there is nothing.
    Done(Value),
    /// It is not done.
    Failed,
    /// There is no envelope, none with a status, or not all of it. A gateway may have said that, and not the service: nobody
    /// knows whether it is done.
    Unreadable,
}

/// What the body of a 2xx says.
pub(crate) fn verdict(response: &Response) -> Verdict {
    whole(response).map_or(Verdict::Unreadable, opened)
}

/// The body, unless it broke off or was longer than what is read of it: then not even what could be read of it counts.
fn whole(response: &Response) -> Option<Value> {
    serde_json::from_slice(&response.body).ok().filter(|_| response.whole)
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
    match verdict(response) {
        Verdict::Done(data) => Ok(data),
        Verdict::Failed => Err(LogHubError::Api(ApiError::read(response))),
        Verdict::Unreadable => Err(LogHubError::Unreadable(ApiError::read(response))),
    }
}

/// What stands on a page, one for one, in either shape: an array of envelopes with one event each, as documented, or one envelope
/// around an array, which is inferred.
pub(super) fn many(response: &Response) -> Result<Vec<Verdict>, LogHubError> {
    if !response.is_success() {
        return Err(LogHubError::Api(ApiError::read(response)));
    }
    let envelope = match whole(response) {
        Some(Value::Array(envelopes)) => return Ok(envelopes.into_iter().map(opened).collect()),
        Some(envelope) => opened(envelope),
        None => Verdict::Unreadable,
    };
    match envelope {
        Verdict::Done(Value::Array(events)) => Ok(events.into_iter().map(Verdict::Done).collect()),
        Verdict::Failed => Err(LogHubError::Api(ApiError::read(response))),
        Verdict::Done(_) | Verdict::Unreadable => Err(LogHubError::Unreadable(ApiError::read(response))),
    }
}

/// The events of a page, all of them or none: a page with a hole in it would be taken for all that there is.
pub(super) fn all(response: &Response) -> Result<Vec<Value>, LogHubError> {
    let event = |verdict| match verdict {
        Verdict::Done(event) => Ok(event),
        Verdict::Failed => Err(LogHubError::Api(ApiError::read(response))),
        Verdict::Unreadable => Err(LogHubError::Unreadable(ApiError::read(response))),
    };
    many(response)?.into_iter().map(event).collect()
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
            assert_eq!(super::verdict(&response(body)), verdict, "{body}");
        }
    }

    #[test]
    fn what_broke_off_is_unreadable_whatever_it_says() {
        for body in [r#"{"status":"ok","data":{"id":"1"}}"#, r#"{"status":"error"}"#, "[]"] {
            let cut = Response { whole: false, ..response(body) };
            assert_eq!(super::verdict(&cut), Verdict::Unreadable, "{body}");
            assert!(matches!(many(&cut), Err(LogHubError::Unreadable(_))), "{body}");
        }
    }

    fn response(body: &str) -> Response {
        Response { status: 200, retry_after: None, content_type: None, whole: true, body: body.into() }
    }

    fn page(body: &Value) -> Result<Vec<Value>, LogHubError> {
        all(&response(&body.to_string()))
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
        let with_a_hole = json!([{"status": "error"}, ok]).to_string();
        let expected = [Verdict::Failed, Verdict::Done(json!({"id": "1"}))];
        assert_eq!(many(&response(&with_a_hole)).unwrap(), expected);
    }
}
