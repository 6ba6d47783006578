//! What the service says of an event that it was given.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::service::Response;

/// What the service says of an event that it has.
///
/// The status alone is documented: 201 for a new event, 200 for a repeat. Nobody says 201 by accident, so any JSON object will do
/// with it. A 200 can come from anybody in between, so it has to name the event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedEvent {
    /// The service's name for it, where the answer has one under `eventId`. (Inferred: its own client returns it under this
    /// name.)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// Whether it was there already, under the same idempotency key and with the same body. (Inferred: what a member
    /// `replayed` says, else 200 is a repeat and 201 a new event.)
    pub replayed: bool,
    /// Whatever else the service says.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What a success says; `None` where it is none that anybody has described: another status, a body that is no JSON object or
/// not all of it, or a 200 that names no event.
pub(crate) fn created(response: &Response) -> Option<CreatedEvent> {
    let is_repeat = match response.status {
        200 => true,
        201 => false,
        _ => return None,
    };
    let mut extra: Map<String, Value> =
        Some(&response.body).filter(|_| response.whole).and_then(|body| serde_json::from_slice(body).ok())?;
    // An id is opaque: a number is one as well.
    let event_id = match extra.get("eventId") {
        Some(Value::String(id)) if !id.trim().is_empty() => Some(id.clone()),
        Some(Value::Number(id)) => Some(id.to_string()),
        _ => None,
    };
    match &event_id {
        Some(_) => _ = extra.remove("eventId"),
        None if is_repeat => return None,
        None => {}
    }
    let replayed = extra.remove("replayed").and_then(|replayed| replayed.as_bool()).unwrap_or(is_repeat);
    Some(CreatedEvent { event_id, replayed, extra })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answered(status: u16, body: &str) -> Option<CreatedEvent> {
        created(&Response { status, retry_after: None, content_type: None, whole: true, body: body.into() })
    }

    #[test]
    fn a_member_says_whether_it_is_a_repeat_else_the_status_does() {
        for (status, body, replayed) in [
            (201, r#"{"eventId":"evt_1"}"#, false),
            (200, r#"{"eventId":"evt_1"}"#, true),
            (200, r#"{"eventId":"evt_1","replayed":false}"#, false),
            (201, r#"{"eventId":"evt_1","replayed":true}"#, true),
            (200, r#"{"eventId":"evt_1","replayed":null}"#, true),
            (201, r#"{"eventId":"evt_1","replayed":"yes"}"#, false),
        ] {
            assert_eq!(answered(status, body).map(|event| event.replayed), Some(replayed), "{status} {body}");
        }
    }

    #[test]
    fn an_id_is_opaque_and_unknown_members_are_kept() {
        let event = answered(201, r#"{"eventId":7,"projectId":"p_1"}"#).unwrap();
        assert_eq!((event.event_id.as_deref(), &event.extra["projectId"]), (Some("7"), &json!("p_1")));
    }

    #[test]
    fn an_object_that_names_no_event_is_a_success_without_a_name() {
        for body in ["{}", r#"{"eventId":""}"#, r#"{"eventId":null}"#, r#"{"id":"evt_1"}"#, r#" {"ok":true}"#]
        {
            let event = answered(201, body).unwrap();
            assert_eq!((event.event_id, event.replayed), (None, false), "{body}");
            let said: Value = serde_json::from_str(body).unwrap();
            assert_eq!(Value::from(event.extra), said, "{body}: nothing is lost");
        }
    }

    #[test]
    fn a_200_that_names_no_event_may_be_anybodys() {
        for body in
            ["{}", r#"{"ok":true}"#, r#"{"id":"evt_1"}"#, r#"{"eventId":" "}"#, r#"{"replayed":true}"#]
        {
            assert_eq!(answered(200, body), None, "{body}");
        }
    }

    #[test]
    fn what_is_no_whole_object_is_none() {
        for body in ["", "OK", "[]", "null", r#"["evt_1"]"#, r#"{"eventId":"ev"#, "<html>", r#"{"a":1} x"#] {
            assert_eq!(answered(201, body), None, "{body}");
        }
        let body = br#"{"eventId":"evt_1"}"#.to_vec();
        let cut = Response { status: 201, retry_after: None, content_type: None, whole: false, body };
        assert_eq!(created(&cut), None);
        assert_eq!(answered(202, r#"{"eventId":"evt_1"}"#), None, "a success that nobody has described");
    }
}
