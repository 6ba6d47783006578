//! The canonical event as a call of the Archiva API.
//!
//! Frozen: the service hashes the body, so a retry after an upgrade must send the same bytes under the same key. The golden
//! tests hold it still.

use std::borrow::Cow;

use crate::destination::Misfit;
use crate::destination::members::{Members, elements, text};
use crate::service::archiva::{MAX_ACTION_KEY, MAX_CONTEXT_BYTES, Ready, too_long};
use crate::service::is_header_value;

/// The context's member that holds what the service has no place for.
const RESERVED: &str = "_audit";

/// Longest header value that is sent as a header, in bytes. Servers limit all headers together, often to 8 KiB.
const MAX_HEADER: usize = 256;

pub(super) struct Call {
    pub(super) ready: Ready,
    /// The idempotency key is one that the application gave the event.
    pub(super) key_is_given: bool,
    /// What of it the service doesn't take.
    pub(super) misfits: Vec<Misfit>,
}

/// Takes the canonical bytes of an event apart and puts its members together again as the service wants them. `None` when
/// they are not the bytes of an event.
pub(super) fn encode(event: &[u8]) -> Option<Call> {
    // What is taken out of `rest` has a place on the wire; what stays is folded by its canonical name. So a member
    // that this encoder has never heard of is carried too.
    let mut rest = Members::of(event)?;
    let mut misfits = Vec::new();

    let action = rest.take("action")?;
    if let Some(characters) = too_long(&text(&action)?) {
        let reason = format!("it has {characters} characters, of which Archiva takes {MAX_ACTION_KEY}");
        misfits.push(Misfit::refused("action", reason));
    }
    misfits.extend(blank("action", &action));
    rest.take("retention");
    let headers = headers(&mut rest)?;
    let actor = actor(&mut rest)?;
    let target = target(&mut rest)?;
    misfits.extend(blank("actor.id", &actor.id));
    misfits.extend(blank("target.id", &target.id));
    misfits.extend(blank("target.kind", &target.kind));
    let changes = changes(&mut rest);
    request(&mut rest)?;
    let description = rest.take("description");
    let occurred_at = rest.take("occurredAt")?;
    let source = rest.take("source");
    let tenant = rest.take("tenant");
    let (context, folded) = context(rest)?;
    if context.len() > MAX_CONTEXT_BYTES {
        let reason = format!(
            "it becomes a context of {} bytes, of which Archiva takes {MAX_CONTEXT_BYTES}; {folded} of them are what has no \
             other place there, under `{RESERVED}`",
            context.len()
        );
        misfits.push(Misfit::refused("metadata", reason));
    }
    let body = Members::from([
        ("actionDescription", description),
        ("actionKey", Some(action)),
        ("actorDisplay", actor.name),
        ("actorId", Some(actor.id)),
        ("actorType", Some(actor.kind)),
        ("changes", changes.map(Cow::Owned)),
        ("context", Some(context.into())),
        ("entityId", Some(target.id)),
        ("entityType", Some(target.kind)),
        ("occurredAt", Some(occurred_at)),
        ("source", source),
        ("tenantId", tenant),
    ]);
    let ready = Ready { body: body.to_json(), headers: headers.all };
    Some(Call { ready, key_is_given: headers.key_is_given, misfits })
}

/// What the service requires, and takes no white space for.
fn blank(field: &'static str, value: &[u8]) -> Option<Misfit> {
    let is_blank = text(value).is_some_and(|text| text.trim().is_empty());
    is_blank.then(|| Misfit::refused(field, "it is blank, and Archiva requires it"))
}

struct Headers {
    all: Vec<(&'static str, String)>,
    key_is_given: bool,
}

/// A value that can't be a header stays in `rest`, and so does the request's id in any case.
fn headers(rest: &mut Members<'_>) -> Option<Headers> {
    let id = rest.take("id")?;
    let own_key = format!("event_{}", text(&id)?);
    rest.insert("eventId", id);
    let fits = |text: &str| !text.trim().is_empty() && text.len() <= MAX_HEADER && is_header_value(text);
    // An event from elsewhere must not go without a key, and has its own where it brings none.
    let given = rest.get("idempotencyKey").and_then(text);
    let given = given.filter(|key| fits(key)).map(Cow::into_owned);
    if given.is_some() || rest.get("idempotencyKey") == Some(br#""""#) {
        rest.take("idempotencyKey");
    }
    let key_is_given = given.as_ref().is_some_and(|key| *key != own_key);
    let mut all = vec![("idempotency-key", given.unwrap_or(own_key))];
    let request = rest.get("request").and_then(Members::of);
    let id = request.as_ref().and_then(|request| request.get("id")).and_then(text);
    all.extend(id.filter(|id| fits(id)).map(|id| ("x-request-id", id.into_owned())));
    Some(Headers { all, key_is_given })
}

struct Party<'a> {
    id: Cow<'a, [u8]>,
    kind: Cow<'a, [u8]>,
    name: Option<Cow<'a, [u8]>>,
}

fn actor<'a>(rest: &mut Members<'a>) -> Option<Party<'a>> {
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
    let name = actor.take("name");
    if let Some(email) = actor.take("email") {
        rest.insert("actorEmail", email);
    }
    rest.put_back("actor", &actor);
    Some(Party { id, kind, name })
}

fn target<'a>(rest: &mut Members<'a>) -> Option<Party<'a>> {
    let mut target = rest.take_object("target")?;
    let id = target.take("id")?;
    let kind = match target.take("kind")? {
        kind if *kind == *br#""unresolved""# => json(br#""route""#),
        kind => kind,
    };
    if let Some(name) = target.take("name") {
        rest.insert("entityName", name);
    }
    rest.put_back("target", &target);
    Some(Party { id, kind, name: None })
}

/// The list as the service has it, unless it says more than the service can: then it stays in `rest` as a whole.
fn changes(rest: &mut Members<'_>) -> Option<Vec<u8>> {
    let list = rest.get("changes")?;
    let sets: Option<Vec<Vec<u8>>> = elements(list)?.into_iter().map(set).collect();
    let sets = sets?;
    rest.take("changes");
    Some([b"[".as_slice(), &sets.join(b",".as_slice()), b"]"].concat())
}

/// One change with the operation `set`: which one it was follows from which of the two values is there. `None` where it
/// doesn't, or where there is more to the change.
fn set(change: &[u8]) -> Option<Vec<u8>> {
    let mut change = Members::of(change)?;
    let (after, before) = (change.take("after"), change.take("before"));
    let (op, path) = (change.take("op")?, change.take("path")?);
    let follows = match &*op {
        br#""add""# => before.is_none(),
        br#""remove""# => before.is_some() && after.is_none(),
        br#""replace""# => before.is_some() && after.is_some(),
        _ => false,
    };
    if !follows || change != Members::default() {
        return None;
    }
    let set = Members::from([
        ("after", after),
        ("before", before),
        ("op", Some(json(br#""set""#))),
        ("path", Some(path)),
    ]);
    Some(set.to_json())
}

/// What the table of the wire notes names among the request's members stands beside it.
fn request(rest: &mut Members<'_>) -> Option<()> {
    let mut request = rest.take_object("request")?;
    for (name, place) in [
        ("id", "requestId"),
        ("session", "sessionId"),
        ("traceId", "traceId"),
        ("traceparent", "traceparent"),
        ("ip", "ip"),
        ("userAgent", "userAgent"),
    ] {
        if let Some(value) = request.take(name) {
            rest.insert(place, value);
        }
    }
    rest.put_back("request", &request);
    Some(())
}

/// The user's own members, and `rest` under the reserved one; and how many bytes the latter has.
fn context(mut rest: Members<'_>) -> Option<(Vec<u8>, usize)> {
    let mut context = rest.take_object("metadata")?;
    if let Some(users_own) = context.take(RESERVED) {
        rest.insert("metadata", Members::from([(RESERVED, Some(users_own))]).to_json());
    }
    let folded = rest.to_json();
    let bytes = folded.len();
    context.insert(RESERVED, folded);
    Some((context.to_json(), bytes))
}

/// What is JSON.
fn json(json: &[u8]) -> Cow<'_, [u8]> {
    json.into()
}
