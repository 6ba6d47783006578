//! What changed between two states of a thing.

use serde_json::Value;

use crate::event::Change;

/// The differences between two values, as one [`Change`] per differing member, in the order of the paths.
///
/// Objects are compared member by member, down to the leaves; arrays and scalars are compared as wholes, because
/// an audit reader wants to see the list before and after, not an edit script. Paths are JSON Pointers (RFC 6901).
#[must_use]
pub fn diff(before: &Value, after: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    compare("", Some(before), Some(after), &mut changes);
    changes
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<Change>) {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
                compare(&path, before.get(name), after.get(name), changes);
            }
        }
        (None, None) => {}
        (before, after) => changes.push(Change::new(path, before.cloned(), after.cloned())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(before: &Value, after: &Value) -> Value {
        serde_json::to_value(diff(before, after)).unwrap()
    }

    #[test]
    fn only_differing_leaves_are_named() {
        let before = json!({"amount": 1900, "paid": false, "to": {"city": "Bonn", "zip": "53111"}});
        let after = json!({"amount": 2900, "paid": false, "to": {"city": "Köln", "zip": "53111"}});
        assert_eq!(
            shown(&before, &after),
            json!([
                {"op": "replace", "path": "/amount", "before": 1900, "after": 2900},
                {"op": "replace", "path": "/to/city", "before": "Bonn", "after": "Köln"},
            ])
        );
    }

    #[test]
    fn appearing_vanishing_and_null_are_told_apart() {
        let before = json!({"gone": 1, "nulled": 1});
        let after = json!({"new": 2, "nulled": null});
        assert_eq!(
            shown(&before, &after),
            json!([
                {"op": "remove", "path": "/gone", "before": 1},
                {"op": "add", "path": "/new", "after": 2},
                {"op": "replace", "path": "/nulled", "before": 1, "after": null},
            ])
        );
    }

    #[test]
    fn lists_are_compared_as_wholes_and_names_are_escaped() {
        let before = json!({"a/b": [1, 2]});
        let after = json!({"a/b": [1, 3]});
        assert_eq!(
            shown(&before, &after),
            json!([{"op": "replace", "path": "/a~1b", "before": [1, 2], "after": [1, 3]}])
        );
    }
}
