//! The canonical event as a call of the Auditledge API.
//!
//! Frozen: a retry after an upgrade must send the same bytes, or what is there already is not found. The golden tests hold
//! it still.

use std::borrow::Cow;

use crate::destination::members::Members;

/// The metadata member that holds what the service has no place for.
const RESERVED: &str = "_audit";

/// The members of the metadata that together are one change.
const CHANGE: [&str; 3] = ["field", "new_value", "old_value"];

/// Takes the canonical bytes of an event apart and puts its members together again as the service wants them: none is
/// read, and what results is canonical too. `None` when they are not the bytes of an event.
pub(super) fn encode(event: &[u8]) -> Option<Vec<u8>> {
    // What is taken out of `rest` has a place on the wire; what stays is folded by its canonical name. So a member
    // that this encoder has never heard of is carried too.
    let mut rest = Members::of(event)?;
    let action = rest.take("action")?;
    let timestamp = rest.take("occurredAt")?;
    let organization = rest.take("tenant");
    // The plan decides.
    rest.take("retention");
    let id = rest.take("id")?;
    rest.insert("event_id", id);
    for (canonical, name) in [("userVisible", "user_visible"), ("idempotencyKey", "idempotency_key")] {
        rename(&mut rest, canonical, name);
    }
    let actor = actor(&mut rest)?;
    let resource = resource(&mut rest)?;
    let body = Members::from([
        ("action", Some(action)),
        ("actor", Some(actor.into())),
        ("metadata", Some(metadata(rest)?.into())),
        ("organization_id", organization),
        ("resource", Some(resource.into())),
        ("timestamp", Some(timestamp)),
    ]);
    Some(body.to_json())
}

fn actor(rest: &mut Members<'_>) -> Option<Vec<u8>> {
    let mut actor = rest.take_object("actor")?;
    let kind = actor.take("kind")?;
    let word = matches!(&*kind, br#""anonymous""# | br#""unresolved""#).then(|| kind.clone());
    // Another id than the word is not lost.
    let id = match &word {
        Some(word) if actor.get("id") != Some(&**word) => word.clone(),
        _ => actor.take("id")?,
    };
    rest.insert("actor_type", if word.is_some() { Cow::Borrowed(br#""system""#.as_slice()) } else { kind });
    let (name, email) = (actor.take("name"), actor.take("email"));
    rest.put_back("actor", &actor);
    Some(Members::from([("email", email), ("id", Some(id)), ("name", name)]).to_json())
}

fn resource(rest: &mut Members<'_>) -> Option<Vec<u8>> {
    let mut target = rest.take_object("target")?;
    let (id, name) = (target.take("id")?, target.take("name"));
    let kind = match target.take("kind")? {
        kind if *kind == *br#""unresolved""# => Cow::Borrowed(br#""route""#.as_slice()),
        kind => kind,
    };
    rest.put_back("target", &target);
    Some(Members::from([("id", Some(id)), ("name", name), ("type", Some(kind))]).to_json())
}

/// The user's own members, those that the service documents, and `rest` under the reserved one.
fn metadata(mut rest: Members<'_>) -> Option<Vec<u8>> {
    let mut metadata = rest.take_object("metadata")?;
    let mut request = rest.take_object("request")?;
    for (canonical, name) in [
        ("id", "request_id"),
        ("session", "session_id"),
        ("traceId", "trace_id"),
        ("traceparent", "traceparent"),
    ] {
        if let Some(value) = request.take(canonical) {
            rest.insert(name, value);
        }
    }
    // Documented by the service, hence outside the reserved member; but a member of the user's own wins.
    for (canonical, name) in [("ip", "ip"), ("userAgent", "user_agent")] {
        if let Some(value) = request.take(canonical) {
            let place = if metadata.get(name).is_some() { &mut rest } else { &mut metadata };
            place.insert(name, value);
        }
    }
    rest.put_back("request", &request);
    if let Some(change) = one_change(&mut rest) {
        // All or none: with one of the user's own they would be a change that never was.
        let theirs = CHANGE.iter().any(|name| metadata.get(name).is_some());
        let place = if theirs { &mut rest } else { &mut metadata };
        for (name, value) in CHANGE.into_iter().zip(change) {
            if let Some(value) = value {
                place.insert(name, value);
            }
        }
    }
    if let Some(users_own) = metadata.take(RESERVED) {
        rest.insert("metadata", Members::from([(RESERVED, Some(users_own))]).to_json());
    }
    metadata.insert(RESERVED, rest.to_json());
    Some(metadata.to_json())
}

/// The path, and the value after and before, where there is one change. Several stay in `rest`, and so does one that says
/// more than that.
fn one_change<'a>(rest: &mut Members<'a>) -> Option<[Option<Cow<'a, [u8]>>; 3]> {
    let Cow::Borrowed(changes) = rest.take("changes")? else { return None };
    let one = || {
        let mut change = Members::of(changes.strip_prefix(b"[")?.strip_suffix(b"]")?)?;
        let (path, before, after) = (change.take("path")?, change.take("before"), change.take("after"));
        let follows = match (&before, &after) {
            (None, _) => br#""add""#.as_slice(),
            (_, None) => br#""remove""#,
            _ => br#""replace""#,
        };
        let says_it_all = *change.take("op")? == *follows && change == Members::default();
        says_it_all.then_some([Some(path), after, before])
    };
    let change = one();
    if change.is_none() {
        rest.insert("changes", changes);
    }
    change
}

fn rename(members: &mut Members<'_>, canonical: &str, name: &'static str) {
    if let Some(value) = members.take(canonical) {
        members.insert(name, value);
    }
}
