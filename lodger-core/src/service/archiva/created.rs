//! What the service says of an event that it was given.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::service::Response;

/// What the service says of an event that it has.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CreatedEvent {
    /// The service's name for it. (Inferred: its own client returns it under this name.)
    pub event_id: String,
    /// Whether it was there already, under the same idempotency key and with the same body. (Inferred: what a member
    /// `replayed` says, else 200 is a repeat and 201 a new event.)
    pub replayed: bool,
    /// Whatever else the service says.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What a success says; `None` where it is none that anybody has described.
pub(crate) fn created(response: &Response) -> Option<CreatedEvent> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        event_id: Value,
        #[serde(default)]
        replayed: Value,
        #[serde(flatten)]
        extra: Map<String, Value>,
    }
    let is_repeat = match response.status {
        200 => true,
        201 => false,
        _ => return None,
    };
    // A struct is read from an array, too.
    let object = Some(&response.body).filter(|body| body.trim_ascii_start().starts_with(b"{"))?;
    let Answer { event_id, replayed, extra } = serde_json::from_slice(object).ok()?;
    // An id is opaque: a number is one as well.
    let event_id = match event_id {
        Value::String(id) if !id.trim().is_empty() => id,
        Value::Number(id) => id.to_string(),
        _ => return None,
    };
    Some(CreatedEvent { event_id, replayed: replayed.as_bool().unwrap_or(is_repeat), extra })
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
        assert_eq!((event.event_id.as_str(), &event.extra["projectId"]), ("7", &json!("p_1")));
    }

    #[test]
    fn what_names_no_event_is_none() {
        for body in [
            "",
            "OK",
            "{}",
            "[]",
            r#"["evt_1"]"#,
            r#"{"eventId":""}"#,
            r#"{"eventId":null}"#,
            r#"{"eventId":"ev"#,
        ] {
            assert_eq!(answered(201, body), None, "{body}");
        }
        assert_eq!(answered(202, r#"{"eventId":"evt_1"}"#), None, "a success that nobody has described");
    }
}
