//! Each field brought within its own limit.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{CUT, Marks};
use crate::event::limits::{
    ACTION, CHANGE_PATH, DESCRIPTION, EMAIL, ID, KIND, MAX_CHANGES, MAX_DEPTH, MAX_INTEGER, MAX_ON_BEHALF_OF,
    MAX_RELATED, MAX_TAGS, NAME, ORIGIN, REASON, REQUEST_ID, ROUTE, SOURCE, TAG, TENANT, Text, USER_AGENT,
    is_idempotency_key, members,
};
use crate::event::path::{Path, truncated};
use crate::event::{Actor, Change, Event, Origin, RequestInfo, Target, hex, size, values};

/// What an identifier becomes that is empty: we don't know it, and say so.
const UNRESOLVED: &str = "unresolved";

/// Between the beginning of an identifier and the hash of the whole.
const HASHED: &str = "…sha256:";

/// Half of a SHA-256: 128 bits, so that nobody finds two identifiers with the same.
const HASH_BYTES: usize = 16;

pub(super) fn clamp(event: &mut Event, marks: Marks) -> Marks {
    let mut clamp = Clamp { marks };
    let at = Path::ROOT;
    let mut action = std::mem::take(&mut event.action).into_owned();
    clamp.text(&at.name("action"), &mut action, ACTION);
    event.action = Cow::Owned(action);
    clamp.actor(&mut event.actor, &at.name("actor"));
    clamp.target(&mut event.target, &at.name("target"), 2);
    clamp.list(&at.name("related"), &mut event.related, MAX_RELATED, |clamp, target| {
        clamp.target(target, &at, 3);
    });
    for (index, target) in event.related.iter_mut().enumerate() {
        clamp.target(target, &at.name("related").index(index), 3);
    }
    clamp.optional(&at.name("tenant"), event.tenant.as_mut(), TENANT);
    clamp.optional(&at.name("description"), event.description.as_mut(), DESCRIPTION);
    // An empty tag says nothing.
    event.tags.retain(|tag| !tag.is_empty());
    clamp.list(&at.name("tags"), &mut event.tags, MAX_TAGS, |_, _| {});
    for (index, tag) in event.tags.iter_mut().enumerate() {
        clamp.text(&at.name("tags").index(index), tag, TAG);
    }
    clamp.optional(&at.name("reason"), event.reason.as_mut(), REASON);
    clamp.origin(&mut event.origin, &at.name("origin"));
    clamp.optional(&at.name("source"), event.source.as_mut(), SOURCE);
    if let Some(request) = &mut event.request {
        clamp.request(request, &at.name("request"));
    }
    event.position = event.position.filter(|position| clamp.integer(&at.name("sequence"), position.sequence));
    event.previous = event.previous.filter(|position| clamp.integer(&at.name("previous"), position.sequence));
    if let Some(operation) = &mut event.operation {
        clamp.text(&at.name("operation").name("id"), &mut operation.id, ID);
    }
    if !is_idempotency_key(&event.idempotency_key) {
        clamp.marks.add(&at.name("idempotencyKey"), size::at_least(&event.idempotency_key));
        event.idempotency_key = format!("event_{}", event.id);
    }
    clamp.list(&at.name("changes"), &mut event.changes, MAX_CHANGES, |clamp, change| {
        clamp.change(change, &at);
    });
    for (index, change) in event.changes.iter_mut().enumerate() {
        clamp.change(change, &at.name("changes").index(index));
    }
    clamp.members(&mut event.metadata, &at.name("metadata"), &[], 2);
    let mut named = HashSet::new();
    event.personal.retain(|name| event.metadata.contains_key(name) && named.insert(name.clone()));
    clamp.members(&mut event.extra, &at, members::EVENT, 1);
    clamp.marks
}

pub(super) struct Clamp {
    pub(super) marks: Marks,
}

impl Clamp {
    fn actor(&mut self, actor: &mut Actor, at: &Path<'_>) {
        self.principal(actor, at, 2);
        let mut left = MAX_ON_BEHALF_OF;
        self.principals(&mut actor.on_behalf_of, &at.name("onBehalfOf"), &mut left, 4);
    }

    fn principal(&mut self, actor: &mut Actor, at: &Path<'_>, level: usize) {
        self.text(&at.name("id"), &mut actor.id, ID);
        self.optional(&at.name("name"), actor.name.as_mut(), NAME);
        self.optional(&at.name("email"), actor.email.as_mut(), EMAIL);
        self.optional(&at.name("tenant"), actor.tenant.as_mut(), TENANT);
        self.members(&mut actor.extra, at, members::ACTOR, level);
    }

    fn principals(&mut self, actors: &mut Vec<Actor>, at: &Path<'_>, left: &mut usize, level: usize) {
        let kept = actors.len().min(*left);
        // Nearest first, so the nearest stay.
        self.list(at, actors, kept, |clamp, actor| clamp.actor(actor, at));
        *left -= kept;
        for (index, actor) in actors.iter_mut().enumerate() {
            let at = at.index(index);
            self.principal(actor, &at, level);
            self.principals(&mut actor.on_behalf_of, &at.name("onBehalfOf"), left, level + 2);
        }
    }

    fn target(&mut self, target: &mut Target, at: &Path<'_>, level: usize) {
        self.text(&at.name("kind"), &mut target.kind, KIND);
        self.text(&at.name("id"), &mut target.id, ID);
        self.optional(&at.name("name"), target.name.as_mut(), NAME);
        self.members(&mut target.extra, at, members::TARGET, level);
    }

    pub(super) fn change(&mut self, change: &mut Change, at: &Path<'_>) {
        self.text(&at.name("path"), &mut change.path, CHANGE_PATH);
        for (name, value) in [("before", &mut change.before), ("after", &mut change.after)] {
            if let Some(value) = value {
                self.value(value, &at.name(name), 4);
            }
        }
        self.members(&mut change.extra, at, members::CHANGE, 3);
    }

    fn origin(&mut self, origin: &mut Origin, at: &Path<'_>) {
        self.optional(&at.name("service"), origin.service.as_mut(), ORIGIN);
        self.optional(&at.name("version"), origin.version.as_mut(), ORIGIN);
        self.optional(&at.name("environment"), origin.environment.as_mut(), ORIGIN);
        self.optional(&at.name("host"), origin.host.as_mut(), ORIGIN);
        self.members(&mut origin.extra, at, members::ORIGIN, 2);
    }

    fn request(&mut self, request: &mut RequestInfo, at: &Path<'_>) {
        self.optional(&at.name("id"), request.id.as_mut(), REQUEST_ID);
        self.optional(&at.name("clientRequestId"), request.client_request_id.as_mut(), REQUEST_ID);
        self.optional(&at.name("session"), request.session.as_mut(), REQUEST_ID);
        self.optional(&at.name("traceId"), request.trace_id.as_mut(), REQUEST_ID);
        self.optional(&at.name("spanId"), request.span_id.as_mut(), REQUEST_ID);
        self.optional(&at.name("traceparent"), request.traceparent.as_mut(), REQUEST_ID);
        self.optional(&at.name("method"), request.method.as_mut(), REQUEST_ID);
        self.optional(&at.name("route"), request.route.as_mut(), ROUTE);
        self.optional(&at.name("userAgent"), request.user_agent.as_mut(), USER_AGENT);
        let duration = at.name("durationMicros");
        request.duration_micros = request.duration_micros.filter(|micros| self.integer(&duration, *micros));
        self.members(&mut request.extra, at, members::REQUEST, 2);
    }

    /// The members of a free object that stands `level` deep.
    fn members(&mut self, object: &mut Map<String, Value>, at: &Path<'_>, known: &[&str], level: usize) {
        object.retain(|name, value| {
            let acceptable = !known.contains(&name.as_str()) && !values::is_private_name(name);
            if acceptable {
                self.value(value, &at.name(name), level + 1);
            } else {
                self.cut(value, &at.name(name));
            }
            acceptable
        });
    }

    fn value(&mut self, value: &mut Value, at: &Path<'_>, level: usize) {
        match value {
            Value::Array(_) | Value::Object(_) if level > MAX_DEPTH => self.cut(value, at),
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.value(item, &at.index(index), level + 1);
                }
            }
            Value::Object(object) => self.members(object, at, &[], level),
            Value::Number(number) if !values::is_exact(number) => {
                let text = number.to_string();
                self.marks.add(at, text.len());
                *value = Value::String(text);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn cut(&mut self, value: &mut Value, at: &Path<'_>) {
        let cut = std::mem::replace(value, Value::String(CUT.to_owned()));
        self.marks.add(at, values::dismantle(cut));
    }

    /// Whether JSON keeps the integer; marks it if not.
    fn integer(&mut self, at: &Path<'_>, integer: u64) -> bool {
        if integer > MAX_INTEGER {
            self.marks.add(at, size::at_least(&integer));
        }
        integer <= MAX_INTEGER
    }

    /// Leaves out what is more than `max`. `clamp` makes what is left out safe to measure: it may be nested without
    /// end.
    pub(super) fn list<T: Serialize>(
        &mut self,
        at: &Path<'_>,
        items: &mut Vec<T>,
        max: usize,
        clamp: impl Fn(&mut Clamp, &mut T),
    ) {
        if items.len() <= max {
            return;
        }
        let mut left_out = items.split_off(max);
        let mut unmarked = Clamp { marks: Marks::default() };
        for item in &mut left_out {
            clamp(&mut unmarked, item);
        }
        self.marks.add(at, size::at_least(&left_out));
    }

    fn optional(&mut self, at: &Path<'_>, text: Option<&mut String>, limit: Text) {
        if let Some(text) = text {
            self.text(at, text, limit);
        }
    }

    fn text(&mut self, at: &Path<'_>, text: &mut String, limit: Text) {
        let Text { min, max, line } = limit;
        let too_long = text.chars().nth(max).is_some();
        let replacement = if text.is_empty() && min > 0 {
            UNRESOLVED.to_owned()
        } else if line && (too_long || text.chars().any(char::is_control)) {
            hashed(text, max)
        } else if too_long {
            truncated(text, max)
        } else {
            return;
        };
        self.marks.add(at, size::at_least(text));
        *text = replacement;
    }
}

/// The beginning of an identifier and a hash of all of it, together at most `max` characters.
fn hashed(text: &str, max: usize) -> String {
    let suffix_chars = HASHED.chars().count() + 2 * HASH_BYTES;
    let beginning =
        text.chars().map(|char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char });
    let mut short: String = beginning.take(max.saturating_sub(suffix_chars)).chain(HASHED.chars()).collect();
    short.push_str(&hex::encode(Sha256::digest(text.as_bytes()).iter().take(HASH_BYTES)));
    short
}
