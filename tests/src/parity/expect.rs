//! Comparing an event with the literal one.
//!
//! What a case writes is a merge patch (RFC 7396) over [`usual`], so that it names what it is about; `null` says that
//! a member must be absent. Members that differ from run to run are checked for their form and set aside; everything
//! else must be equal, and nothing may be there that isn't expected.
//!
//! Placeholders: `{{any}}`, `{{number}}`, `{{uuid}}`, `{{hmac}}` stand for such a value; `{{minted}}` for a UUID that must be the
//! same wherever the case says `{{minted}}`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// What nearly all events have in common: the client calls from this machine without a request id of its own.
fn usual() -> Value {
    json!({
        "userVisible": false,
        "request": {"id": "{{uuid}}", "ip": "127.0.0.1", "ipSource": "socket", "durationMicros": "{{number}}"},
    })
}

/// Compares the events of a case with those that came, and says every difference in a line of its own.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    bound: BTreeMap<String, Value>,
    pub(super) differences: Vec<String>,
}

impl Comparison {
    pub(super) fn events(&mut self, whose: &str, expected: &[Value], actual: &[Value]) {
        if expected.len() != actual.len() {
            self.differences.push(format!("expected {} {whose}, got {}", expected.len(), actual.len()));
        }
        for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
            let at = format!("{whose}[{index}]");
            let mut literal = usual();
            merge(&mut literal, expected);
            let plain = self.without_volatile(&at, actual.clone());
            self.value(&at, Some(&literal), Some(&plain));
        }
    }

    /// Compares two values; `None` is an absent member.
    pub(super) fn value(&mut self, at: &str, expected: Option<&Value>, actual: Option<&Value>) {
        match (expected, actual) {
            (Some(Value::Object(expected)), Some(Value::Object(actual))) => {
                let names: std::collections::BTreeSet<_> = expected.keys().chain(actual.keys()).collect();
                for name in names {
                    self.value(&format!("{at}.{name}"), expected.get(name), actual.get(name));
                }
            }
            (Some(Value::Array(expected)), Some(Value::Array(actual))) => {
                for index in 0..expected.len().max(actual.len()) {
                    self.value(&format!("{at}[{index}]"), expected.get(index), actual.get(index));
                }
            }
            (Some(Value::String(placeholder)), Some(actual)) if placeholder.starts_with("{{") => {
                if !self.fits(placeholder, actual) {
                    self.differ(at, expected, Some(actual));
                }
            }
            (expected, actual) if expected == actual => {}
            (expected, actual) => self.differ(at, expected, actual),
        }
    }

    fn differ(&mut self, at: &str, expected: Option<&Value>, actual: Option<&Value>) {
        let show = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
        self.differences.push(format!("{at}: expected {}, got {}", show(expected), show(actual)));
    }

    fn fits(&mut self, placeholder: &str, actual: &Value) -> bool {
        let text = actual.as_str().unwrap_or_default();
        match placeholder {
            "{{any}}" => true,
            "{{number}}" => actual.is_u64(),
            "{{uuid}}" => is_uuid_v7(text),
            "{{hmac}}" => text
                .strip_prefix("hmac-sha256:")
                .is_some_and(|hash| hash.len() == 64 && hash.bytes().all(is_hex)),
            "{{minted}}" => {
                let first = self.bound.entry(placeholder.to_owned()).or_insert_with(|| actual.clone());
                is_uuid_v7(text) && first == actual
            }
            other => panic!("no such placeholder: {other}"),
        }
    }

    /// Checks the form of what differs from run to run, and takes it out.
    fn without_volatile(&mut self, at: &str, mut event: Value) -> Value {
        let Some(members) = event.as_object_mut() else { return event };
        let id = members.remove("id").unwrap_or_default();
        self.form(at, "id", &id, is_uuid_v7(id.as_str().unwrap_or_default()));
        for (name, right) in [
            ("occurredAt", is_time as fn(&Value) -> bool),
            ("writer", |value| value.is_string()),
            ("sequence", |value| value.as_u64().is_some_and(|sequence| sequence > 0)),
        ] {
            let value = members.remove(name).unwrap_or_default();
            self.form(at, name, &value, right(&value));
        }
        for name in ["previous", "origin"] {
            members.remove(name);
        }
        let default_key = format!("event_{}", id.as_str().unwrap_or_default());
        if members.get("idempotencyKey") == Some(&Value::String(default_key)) {
            members.remove("idempotencyKey");
        }
        event
    }

    fn form(&mut self, at: &str, name: &str, value: &Value, right: bool) {
        if !right {
            self.differences.push(format!("{at}.{name} has the wrong form: {value}"));
        }
    }
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let members = target.as_object_mut().unwrap();
    for (name, value) in patch {
        if value.is_null() {
            members.remove(name);
        } else {
            merge(members.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn is_uuid_v7(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            14 => byte == b'7',
            _ => is_hex(byte),
        })
}

fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() == 27 && text.ends_with('Z'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differences(expected: &Value, came: &Value) -> Vec<String> {
        let mut event = json!({
            "id": "0199b1c0-0000-7000-8000-000000000001", "idempotencyKey": "event_0199b1c0-0000-7000-8000-000000000001",
            "occurredAt": "2026-05-15T12:00:00.000000Z", "userVisible": false, "sequence": 1,
            "writer": "0199b1c0-0000-7000-8000-000000000002",
            "request": {"id": "r1", "ip": "127.0.0.1", "ipSource": "socket", "durationMicros": 7},
        });
        merge(&mut event, came);
        let mut comparison = Comparison::default();
        comparison.events("events", std::slice::from_ref(expected), &[event]);
        comparison.differences
    }

    #[test]
    fn equal_events_have_no_difference() {
        let said = json!({"action": "a.b", "request": {"id": "r1"}});
        assert_eq!(differences(&said, &said), [""; 0]);
    }

    #[test]
    fn a_member_too_many_and_one_too_few_are_differences() {
        assert_eq!(
            differences(&json!({"reason": "x", "request": {"id": "r1"}}), &json!({"tenant": "acme"})),
            [
                r#"events[0].reason: expected "x", got nothing"#,
                r#"events[0].tenant: expected nothing, got "acme""#
            ]
        );
    }

    #[test]
    fn a_null_says_that_a_usual_member_is_absent() {
        let expected = json!({"request": {"id": "r1", "ip": null, "ipSource": null}});
        assert_eq!(differences(&expected, &json!({"request": {"ip": null, "ipSource": null}})), [""; 0]);
        assert_eq!(differences(&expected, &json!({})).len(), 2);
    }

    #[test]
    fn a_minted_id_is_the_same_wherever_the_case_says_so() {
        let mut comparison = Comparison::default();
        let [first, second] =
            [json!("0199b1c0-0000-7000-8000-000000000001"), json!("0199b1c0-0000-7000-8000-000000000002")];
        comparison.value("a", Some(&json!("{{minted}}")), Some(&first));
        comparison.value("b", Some(&json!("{{minted}}")), Some(&first));
        assert!(comparison.differences.is_empty());
        comparison.value("c", Some(&json!("{{minted}}")), Some(&second));
        assert_eq!(comparison.differences.len(), 1);
    }

    #[test]
    fn a_given_idempotency_key_is_not_set_aside() {
        let came = json!({"idempotencyKey": "charge-2026-05"});
        assert_eq!(differences(&json!({"request": {"id": "r1"}}), &came).len(), 1);
    }
}
