//! How much memory an event takes.

use std::mem::size_of;

use serde_json::{Map, Value};

use super::{Actor, Change, Event, Target};

/// What a node of a map costs besides key and value: an entry of a B-tree is on average two thirds of a full node.
const ENTRY: usize = size_of::<String>() + 8;

/// The event's size in memory in bytes, give or take allocator overhead.
///
/// Not its size as JSON: `[0,0,0]` takes two bytes an element there and sixteen times as much here, and it is memory
/// that the intake has to bound.
pub(crate) fn weight(event: &Event) -> usize {
    let request = event.request.as_ref().map_or(0, |request| {
        [
            &request.id,
            &request.client_request_id,
            &request.session,
            &request.trace_id,
            &request.span_id,
            &request.traceparent,
            &request.method,
            &request.route,
            &request.user_agent,
        ]
        .into_iter()
        .map(text)
        .sum::<usize>()
            + object(&request.extra)
    });
    let origin =
        [&event.origin.service, &event.origin.version, &event.origin.environment, &event.origin.host];
    size_of::<Event>()
        + event.action.len()
        + actor(&event.actor)
        + target(&event.target)
        + event.related.iter().map(|related| size_of::<Target>() + target(related)).sum::<usize>()
        + text(&event.tenant)
        + text(&event.description)
        + text(&event.reason)
        + text(&event.source)
        + strings(&event.tags)
        + strings(&event.personal)
        + event.changes.iter().map(change).sum::<usize>()
        + object(&event.metadata)
        + origin.into_iter().map(text).sum::<usize>()
        + object(&event.origin.extra)
        + request
        + event.operation.as_ref().map_or(0, |operation| operation.id.len())
        + event.idempotency_key.len()
        + object(&event.extra)
}

fn text(text: &Option<String>) -> usize {
    text.as_ref().map_or(0, String::len)
}

fn strings(strings: &[String]) -> usize {
    strings.iter().map(|string| size_of::<String>() + string.len()).sum()
}

fn actor(one: &Actor) -> usize {
    one.id.len()
        + text(&one.name)
        + text(&one.email)
        + text(&one.tenant)
        + one.on_behalf_of.iter().map(|principal| size_of::<Actor>() + actor(principal)).sum::<usize>()
        + object(&one.extra)
}

fn target(target: &Target) -> usize {
    target.kind.len() + target.id.len() + text(&target.name) + object(&target.extra)
}

fn change(change: &Change) -> usize {
    let values = [&change.before, &change.after].into_iter().flatten().map(value).sum::<usize>();
    size_of::<Change>() + change.path.len() + values + object(&change.extra)
}

fn object(members: &Map<String, Value>) -> usize {
    members.iter().map(|(name, member)| ENTRY + name.len() + value(member)).sum()
}

fn value(one: &Value) -> usize {
    size_of::<Value>()
        + match one {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::Array(values) => values.iter().map(value).sum(),
            Value::Object(members) => object(members),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_and_many_small_values_both_weigh() {
        let bare = Event::builder("a.b").build().unwrap();
        let long = Event::builder("a.b").description("x".repeat(1_000)).build().unwrap();
        assert_eq!(weight(&long) - weight(&bare), 1_000);
        let many = Event::builder("a.b").metadata("n", vec![0; 1_000]).build().unwrap();
        assert!(weight(&many) - weight(&bare) >= 1_000 * size_of::<Value>());
    }
}
