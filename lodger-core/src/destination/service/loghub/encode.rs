//! The canonical event as a call of the LogHub API.
//!
//! Frozen: an event that is sent again after an upgrade must be the same. The golden tests hold it still.

use std::borrow::Cow;

use crate::destination::members::{Members, elements, text};

/// The metadata member that holds what the service has no place for.
pub(super) const RESERVED: &str = "_audit";

/// The member of it by which an event is found again.
pub(super) const EVENT_ID: &str = "event_id";

pub(super) struct Call {
    pub(super) body: Vec<u8>,
    /// What the event is filed under.
    pub(super) external_id: String,
}

/// Takes the canonical bytes of an event apart and puts its members together again as the service wants them: none but the
/// tenant is read. `None` when they are not the bytes of an event.
pub(super) fn encode(event: &[u8], no_tenant: &str) -> Option<Call> {
    // What is taken out of `rest` has a place on the wire; what stays is folded by its canonical name. So a member
    // that this encoder has never heard of is carried too.
    let mut rest = Members::of(event)?;
    let action = rest.take("action")?;
    let id = rest.take("id")?;
    rest.insert(EVENT_ID, id);
    let tags = rest.take("tags");
    rest.take("retention");
    let actor = actor(&mut rest)?;
    let context = context(&mut rest)?;
    let tenant = rest.get("tenant").and_then(text).filter(|tenant| !tenant.trim().is_empty());
    let external_id = match tenant.map(Cow::into_owned) {
        Some(tenant) => {
            rest.take("tenant");
            tenant
        }
        None => no_tenant.to_owned(),
    };
    for (canonical, name) in [
        ("userVisible", "user_visible"),
        ("occurredAt", "occurred_at"),
        ("idempotencyKey", "idempotency_key"),
    ] {
        if let Some(value) = rest.take(canonical) {
            rest.insert(name, value);
        }
    }
    let body = Members::from([
        ("action", Some(action)),
        ("actor", Some(actor.into())),
        ("context", Some(context.into())),
        ("external_id", Some(serde_json::to_vec(&external_id).ok()?.into())),
        ("metadata", Some(metadata(rest)?.into())),
        ("tags", tags),
    ]);
    Some(Call { body: body.to_json(), external_id })
}

/// The service knows users and systems, and of a system nothing but a description.
fn actor(rest: &mut Members<'_>) -> Option<Vec<u8>> {
    let mut actor = rest.take_object("actor")?;
    let kind = actor.take("kind")?;
    let (kind, data) = if *kind == *br#""user""# {
        let id = actor.take("id")?;
        let data = [("email", actor.take("email")), ("internal_id", Some(id)), ("name", actor.take("name"))];
        (kind, Members::from(data).to_json())
    } else {
        let id = match &*kind {
            // Another id than the word is not lost.
            br#""anonymous""# | br#""unresolved""# if actor.get("id") != Some(&*kind) => kind.clone(),
            _ => actor.take("id")?,
        };
        let description = actor.take("name").unwrap_or_else(|| id.clone());
        if *kind == *br#""service""# {
            actor.insert("kind", kind);
        }
        rest.insert("actor_id", id);
        let data = Members::from([("description", Some(description))]);
        (br#""system""#.as_slice().into(), data.to_json())
    };
    rest.put_back("actor", &actor);
    Some(Members::from([("data", Some(data.into())), ("type", Some(kind))]).to_json())
}

/// Where the end user was: what the service sees for itself is this program.
fn context(rest: &mut Members<'_>) -> Option<Vec<u8>> {
    let mut request = rest.take_object("request")?;
    let context = [("location", request.take("ip")), ("user_agent", request.take("userAgent"))];
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
    rest.put_back("request", &request);
    Some(Members::from(context).to_json())
}

/// The user's own members, what changed, and `rest` under the reserved member.
fn metadata(mut rest: Members<'_>) -> Option<Vec<u8>> {
    let mut metadata = rest.take_object("metadata")?;
    if let Some((old, new)) = rest.get("changes").and_then(by_path) {
        // Documented by the service, hence outside the reserved member; but members of the user's own win, and half of a pair
        // of ours beside half of theirs would tell of a change that never was.
        let taken = metadata.get("old").is_some() || metadata.get("new").is_some();
        let place = if taken { &mut rest } else { &mut metadata };
        place.insert("old", old);
        place.insert("new", new);
    }
    if let Some(users_own) = metadata.take(RESERVED) {
        rest.insert("metadata", Members::from([(RESERVED, Some(users_own))]).to_json());
    }
    metadata.insert(RESERVED, rest.to_json());
    Some(metadata.to_json())
}

/// The values before and after by their paths. Of a path that was changed twice, the first value before and the last one
/// after.
fn by_path(changes: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut old, mut new) = (Values::default(), Values::default());
    for change in elements(changes)? {
        let mut change = Members::of(change)?;
        let path = change.take("path")?;
        old.set(path.clone(), change.take("before"), false);
        new.set(path, change.take("after"), true);
    }
    Some((old.to_json(), new.to_json()))
}

/// Values by path, in the order of the paths' first changes; the paths are as they stand in JSON, quotes and all.
#[derive(Default)]
struct Values<'a>(Vec<(Json<'a>, Option<Json<'a>>)>);

/// A value as it stands in JSON.
type Json<'a> = Cow<'a, [u8]>;

impl<'a> Values<'a> {
    fn set(&mut self, path: Json<'a>, value: Option<Json<'a>>, last_wins: bool) {
        match self.0.iter_mut().find(|(known, _)| *known == path) {
            Some((_, known)) if last_wins => *known = value,
            Some(_) => {}
            None => self.0.push((path, value)),
        }
    }

    fn to_json(&self) -> Vec<u8> {
        let mut json = vec![b'{'];
        let there = self.0.iter().filter_map(|(path, value)| Some((path, value.as_ref()?)));
        for (place, (path, value)) in there.enumerate() {
            if place > 0 {
                json.push(b',');
            }
            json.extend_from_slice(path);
            json.push(b':');
            json.extend_from_slice(value);
        }
        json.push(b'}');
        json
    }
}
