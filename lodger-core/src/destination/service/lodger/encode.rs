//! The canonical event as a call of the Lodger API.
//!
//! Frozen: a retry after an upgrade must send the same bytes under the same key. The golden tests hold it still.

use serde_json::{Map, Value};

use crate::event::{Actor, ActorKind, Event, Retention, Target};
use crate::service::is_header_value;
use crate::service::lodger::{CallOptions, EventBody, Party, RequestContext, Source};

/// The metadata member that holds what the service has no place for.
const RESERVED: &str = "_audit";

/// Longest header value that is sent as a header, in bytes. Servers limit all headers together, often to 8 KiB.
const MAX_HEADER: usize = 256;

pub(super) struct Call {
    pub(super) body: Vec<u8>,
    pub(super) options: CallOptions,
}

/// # Errors
///
/// When the event holds something that has no canonical JSON.
pub(super) fn encode(event: &Event, workspace: &str, project: &str) -> Result<Call, serde_json::Error> {
    // What is taken out of `rest` has a place on the wire; what stays is folded by its canonical name. So a member
    // that this encoder has never heard of is carried too.
    let mut rest = object(serde_json::to_value(event)?);
    for carried in ["action", "occurredAt", "userVisible", "retention", "idempotencyKey"] {
        rest.remove(carried);
    }
    rename(&mut rest, "id", "eventId");
    let actor = actor(&event.actor, &mut rest);
    let target = target(&event.target, &mut rest);
    let source = source(event.source.as_deref(), &mut rest);
    let options = options(event, &mut rest);
    let body = EventBody {
        workspace_id: workspace.to_owned(),
        project_id: project.to_owned(),
        action: event.action.to_string(),
        actor,
        target,
        occurred_at: event.occurred_at.to_string(),
        metadata: Some(metadata(event.tenant.as_deref(), rest)),
        user_visible: event.user_visible,
        retention: event.retention.unwrap_or(Retention::Locked),
        source,
    };
    // Canonical, so that no feature of serde_json that another crate turns on can change the order of members.
    Ok(Call { body: serde_json_canonicalizer::to_vec(&body)?, options })
}

fn actor(actor: &Actor, rest: &mut Map<String, Value>) -> Party {
    let nobody = |id: &str| (id.to_owned(), "system");
    let (id, kind) = match actor.kind {
        ActorKind::User => (actor.id.clone(), "user"),
        ActorKind::Service => (actor.id.clone(), "service"),
        ActorKind::System => (actor.id.clone(), "system"),
        ActorKind::Anonymous => nobody("anonymous"),
        ActorKind::Unresolved => nobody("unresolved"),
    };
    if let Some(name) = &actor.name {
        rest.insert("actorName".to_owned(), name.clone().into());
    }
    let carried: &[&str] =
        if id == actor.id { &["id", "kind", "name", "email"] } else { &["kind", "name", "email"] };
    strip(rest, "actor", carried);
    let party = Party::new(id).kind(kind);
    match &actor.email {
        Some(email) => party.email(email),
        None => party,
    }
}

fn target(target: &Target, rest: &mut Map<String, Value>) -> Party {
    strip(rest, "target", &["id", "kind", "name"]);
    let kind = if target.is_unresolved() { "route" } else { target.kind.as_str() };
    let party = Party::new(&target.id).kind(kind);
    match &target.name {
        Some(name) => party.name(name),
        None => party,
    }
}

/// The service knows four words; any other stays in `rest`.
fn source(source: Option<&str>, rest: &mut Map<String, Value>) -> Source {
    let known = match source {
        None | Some("api") => Source::Api,
        Some("automation") => Source::Automation,
        Some("dashboard") => Source::Dashboard,
        Some("system") => Source::System,
        Some(_) => return Source::Api,
    };
    rest.remove("source");
    known
}

/// The idempotency key that the application gave the event. It is fit to be sent (limits); an event from elsewhere must
/// not go without one, and has its own then.
pub(super) fn given_key(event: &Event) -> Option<&str> {
    let given = |key: &&str| !key.is_empty() && is_header_value(key) && *key != own_key(event);
    Some(&*event.idempotency_key).filter(given)
}

fn own_key(event: &Event) -> String {
    format!("event_{}", event.id)
}

/// The headers. A value that can't be one stays in `rest`.
fn options(event: &Event, rest: &mut Map<String, Value>) -> CallOptions {
    let key = given_key(event).map_or_else(|| own_key(event), str::to_owned);
    let mut options = CallOptions::new().idempotency_key(key);

    let mut origin = object(rest.remove("origin").unwrap_or_default());
    if let Some(environment) = take_header(&mut origin, "environment") {
        options = options.environment(environment);
    }
    if let Some(host) = take_header(&mut origin, "host") {
        options = options.server(host);
    }
    put_back(rest, "origin", origin);

    let mut request = object(rest.remove("request").unwrap_or_default());
    let context = RequestContext {
        request_id: take_header(&mut request, "id"),
        session_id: take_header(&mut request, "session"),
        trace_id: take_header(&mut request, "traceId"),
        traceparent: take_header(&mut request, "traceparent"),
    };
    for (from, to) in [("ip", "ip"), ("userAgent", "userAgent")] {
        if let Some(value) = request.remove(from) {
            rest.insert(to.to_owned(), value);
        }
    }
    put_back(rest, "request", request);
    options.request(context)
}

/// The user's own members, and `rest` under the reserved one.
fn metadata(tenant: Option<&str>, mut rest: Map<String, Value>) -> Map<String, Value> {
    let mut metadata = object(rest.remove("metadata").unwrap_or_default());
    rest.remove("tenant");
    if let Some(tenant) = tenant {
        // Documented by the service, hence outside the reserved member; but a member of the user's own wins.
        let place = if metadata.contains_key("organizationId") { &mut rest } else { &mut metadata };
        place.insert("organizationId".to_owned(), tenant.into());
    }
    if let Some(users_own) = metadata.remove(RESERVED) {
        rest.insert("metadata".to_owned(), Map::from_iter([(RESERVED.to_owned(), users_own)]).into());
    }
    metadata.insert(RESERVED.to_owned(), rest.into());
    metadata
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn rename(members: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = members.remove(from) {
        members.insert(to.to_owned(), value);
    }
}

/// Takes members out of an inner object, and the object itself when nothing is left.
fn strip(rest: &mut Map<String, Value>, name: &str, carried: &[&str]) {
    let mut inner = object(rest.remove(name).unwrap_or_default());
    inner.retain(|member, _| !carried.contains(&member.as_str()));
    put_back(rest, name, inner);
}

fn put_back(rest: &mut Map<String, Value>, name: &str, inner: Map<String, Value>) {
    if !inner.is_empty() {
        rest.insert(name.to_owned(), inner.into());
    }
}

fn take_header(members: &mut Map<String, Value>, name: &str) -> Option<String> {
    let fits = |text: &str| !text.is_empty() && text.len() <= MAX_HEADER && is_header_value(text);
    if !members.get(name).and_then(Value::as_str).is_some_and(fits) {
        return None;
    }
    members.remove(name).and_then(|value| value.as_str().map(str::to_owned))
}
