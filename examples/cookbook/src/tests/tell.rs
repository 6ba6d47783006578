//! An event as a sentence.

use std::fmt::Write;

use lodger_core::event::{Actor, ActorKind, Change, Event, Target};
use serde_json::Value;

/// What an event says, in one line: everything that a recipe may be about and that is the same at every run.
pub(super) fn tell(event: &Event) -> String {
    let mut line = format!("{} by {}", event.action, actor(&event.actor));
    write!(line, " on {}: {}", target(&event.target), event.outcome).unwrap();
    if let Some(reason) = &event.reason {
        write!(line, ", {reason}").unwrap();
    }
    if let Some(status) = event.request.as_ref().and_then(|request| request.status) {
        write!(line, " ({status})").unwrap();
    }
    let mut add = |name: &str, value: String| write!(line, "; {name} {value}").unwrap();
    for related in &event.related {
        add("related to", target(related));
    }
    if let Some(tenant) = &event.tenant {
        add("tenant", tenant.clone());
    }
    for change in &event.changes {
        add("change", changed(change));
    }
    for (name, value) in &event.metadata {
        let personal = if event.personal.contains(name) { " (personal)" } else { "" };
        add(name, format!("{}{personal}", shown(value)));
    }
    if let Some(operation) = &event.operation {
        add("operation", format!("{} of {}", operation.index, operation.of));
    }
    for tag in &event.tags {
        add("tag", tag.clone());
    }
    if let Some(source) = &event.source {
        add("source", source.clone());
    }
    if event.idempotency_key != format!("event_{}", event.id) {
        add("key", event.idempotency_key.clone());
    }
    if event.request.as_ref().is_some_and(|request| request.session.is_some()) {
        add("session", "hashed".to_owned());
    }
    if let Some(ip) = event.request.as_ref().and_then(|request| request.ip).filter(|ip| !ip.is_loopback()) {
        add("from", ip.to_string());
    }
    line
}

fn actor(actor: &Actor) -> String {
    let mut who = match actor.kind {
        ActorKind::User => format!("user {}", actor.id),
        ActorKind::Service => format!("service {}", actor.id),
        ActorKind::System => format!("system {}", actor.id),
        ActorKind::Anonymous => "anonymous".to_owned(),
        _ => "unresolved".to_owned(),
    };
    for principal in &actor.on_behalf_of {
        write!(who, " on behalf of {}", self::actor(principal)).unwrap();
    }
    who
}

fn target(target: &Target) -> String {
    format!("{} {}", target.kind, target.id)
}

fn changed(change: &Change) -> String {
    let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), shown);
    format!("{} {} → {}", change.path, side(&change.before), side(&change.after))
}

/// A keyed hash differs at every run.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.starts_with("hmac-sha256:") => "hashed".to_owned(),
        value => value.to_string(),
    }
}
