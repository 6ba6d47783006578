//! The canonical event as a call of the Lodger API.
//!
//! Frozen: a retry after an upgrade must send the same bytes under the same key. The golden tests hold it still.

use std::borrow::Cow;

use crate::destination::members::{Members, text};
use crate::service::is_header_value;
use crate::service::lodger::{CallOptions, RequestContext};

/// The metadata member that holds what the service has no place for.
const RESERVED: &str = "_audit";

/// Longest header value that is sent as a header, in bytes. Servers limit all headers together, often to 8 KiB.
const MAX_HEADER: usize = 256;

pub(super) struct Call {
    pub(super) body: Vec<u8>,
    pub(super) options: CallOptions,
    /// The idempotency key is one that the application gave the event.
    pub(super) key_is_given: bool,
}

/// Takes the canonical bytes of an event apart and puts its members together again as the service wants them: none is
/// read, and what results is canonical too. `None` when they are not the bytes of an event.
pub(super) fn encode(event: &[u8], workspace: &str, project: &str) -> Option<Call> {
    // What is taken out of `rest` has a place on the wire; what stays is folded by its canonical name. So a member
    // that this encoder has never heard of is carried too.
    let mut rest = Members::of(event)?;
    let action = rest.take("action")?;
    let occurred_at = rest.take("occurredAt")?;
    let user_visible = rest.take("userVisible").unwrap_or(json(b"false"));
    let retention = rest.take("retention").unwrap_or(json(br#""locked""#));
    let given = rest.take("idempotencyKey");
    let id = rest.take("id")?;
    let own_key = format!("event_{}", text(&id)?);
    let given = given.as_deref().and_then(text).filter(|key| is_given(key, &own_key));
    rest.insert("eventId", id);
    let actor = actor(&mut rest)?;
    let target = target(&mut rest)?;
    let source = source(&mut rest);
    let key_is_given = given.is_some();
    let options = options(given.map_or(own_key, Cow::into_owned), &mut rest)?;
    let body = Members::from([
        ("action", Some(action)),
        ("actor", Some(actor.into())),
        ("metadata", Some(metadata(rest)?.into())),
        ("occurredAt", Some(occurred_at)),
        ("projectId", Some(string(project))),
        ("retention", Some(retention)),
        ("source", Some(source)),
        ("target", Some(target.into())),
        ("userVisible", Some(user_visible)),
        ("workspaceId", Some(string(workspace))),
    ]);
    Some(Call { body: body.to_json(), options, key_is_given })
}

fn actor(rest: &mut Members<'_>) -> Option<Vec<u8>> {
    let mut actor = rest.take_object("actor")?;
    let kind = actor.take("kind")?;
    let word = match &*kind {
        br#""user""# | br#""service""# | br#""system""# => None,
        br#""anonymous""# | br#""unresolved""# => Some(&kind),
        _ => return None,
    };
    // Another id than the word is not lost.
    let id = match word {
        Some(word) if actor.get("id") != Some(&**word) => word.clone(),
        _ => actor.take("id")?,
    };
    let kind = if word.is_some() { json(br#""system""#) } else { kind };
    if let Some(name) = actor.take("name") {
        rest.insert("actorName", name);
    }
    let email = actor.take("email");
    rest.put_back("actor", &actor);
    Some(Members::from([("email", email), ("id", Some(id)), ("type", Some(kind))]).to_json())
}

fn target(rest: &mut Members<'_>) -> Option<Vec<u8>> {
    let mut target = rest.take_object("target")?;
    let (id, name) = (target.take("id")?, target.take("name"));
    let kind = match target.take("kind")? {
        kind if *kind == *br#""unresolved""# => json(br#""route""#),
        kind => kind,
    };
    rest.put_back("target", &target);
    Some(Members::from([("id", Some(id)), ("name", name), ("type", Some(kind))]).to_json())
}

/// The service knows four words; any other stays in `rest`.
fn source<'a>(rest: &mut Members<'a>) -> Cow<'a, [u8]> {
    let known = match rest.get("source") {
        Some(br#""api""# | br#""automation""# | br#""dashboard""# | br#""system""#) => rest.take("source"),
        _ => None,
    };
    known.unwrap_or(json(br#""api""#))
}

/// Whether the application gave the event this key. It is fit to be sent (limits); an event from elsewhere must not go
/// without one, and has its own then.
pub(super) fn is_given(key: &str, own_key: &str) -> bool {
    !key.is_empty() && is_header_value(key) && key != own_key
}

/// The headers. A value that can't be one stays in `rest`.
fn options(key: String, rest: &mut Members<'_>) -> Option<CallOptions> {
    let mut options = CallOptions::new().idempotency_key(key);

    let mut origin = rest.take_object("origin")?;
    if let Some(environment) = take_header(&mut origin, "environment") {
        options = options.environment(environment);
    }
    if let Some(host) = take_header(&mut origin, "host") {
        options = options.server(host);
    }
    rest.put_back("origin", &origin);

    let mut request = rest.take_object("request")?;
    let context = RequestContext {
        request_id: take_header(&mut request, "id"),
        session_id: take_header(&mut request, "session"),
        trace_id: take_header(&mut request, "traceId"),
        traceparent: take_header(&mut request, "traceparent"),
    };
    for name in ["ip", "userAgent"] {
        if let Some(value) = request.take(name) {
            rest.insert(name, value);
        }
    }
    rest.put_back("request", &request);
    Some(options.request(context))
}

/// The user's own members, and `rest` under the reserved one.
fn metadata(mut rest: Members<'_>) -> Option<Vec<u8>> {
    let mut metadata = rest.take_object("metadata")?;
    if let Some(tenant) = rest.take("tenant") {
        // Documented by the service, hence outside the reserved member; but a member of the user's own wins.
        let place = if metadata.get("organizationId").is_some() { &mut rest } else { &mut metadata };
        place.insert("organizationId", tenant);
    }
    if let Some(users_own) = metadata.take(RESERVED) {
        rest.insert("metadata", Members::from([(RESERVED, Some(users_own))]).to_json());
    }
    metadata.insert(RESERVED, rest.to_json());
    Some(metadata.to_json())
}

/// What is JSON.
fn json(json: &[u8]) -> Cow<'_, [u8]> {
    json.into()
}

/// What becomes a string in JSON.
fn string(text: &str) -> Cow<'static, [u8]> {
    serde_json::Value::from(text).to_string().into_bytes().into()
}

fn take_header(members: &mut Members<'_>, name: &str) -> Option<String> {
    let fits = |text: &str| !text.is_empty() && text.len() <= MAX_HEADER && is_header_value(text);
    let header = members.get(name).and_then(text).filter(|text| fits(text))?.into_owned();
    members.take(name);
    Some(header)
}
