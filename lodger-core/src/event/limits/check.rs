//! The walk over an event that finds every broken limit.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    ACTION, CHANGE_PATH, DESCRIPTION, EMAIL, ID, KIND, MARK, MAX_CHANGES, MAX_DEPTH, MAX_EVENT_BYTES,
    MAX_INTEGER, MAX_ON_BEHALF_OF, MAX_RELATED, MAX_TAGS, MAX_TRIMMED, NAME, ORIGIN, Problem, REASON,
    REQUEST_ID, ROUTE, SOURCE, TAG, TENANT, Text, USER_AGENT, is_idempotency_key, members,
};
use crate::event::canonical::is_plain;
use crate::event::path::Path;
use crate::event::{Actor, Change, Event, Origin, RequestInfo, Target, size, values};

/// More problems than anybody reads at once. Past it the walk stops.
const MAX_PROBLEMS: usize = 32;

/// How far a too large event is counted, so that the error can say how much too large it is.
const COUNTED_BYTES: usize = 2 * MAX_EVENT_BYTES;

/// The most bytes of JSON that a character's byte becomes: `\u0001`.
const ESCAPED_BYTES: usize = 6;

/// The most bytes of JSON that come with a text or value: our name for it, quotes and punctuation; a number; of an
/// object with one text that is always there, also its other members that are no texts.
const BESIDE_BYTES: usize = 64;

/// The most bytes of JSON that any event within its limits has beside texts and values.
const EVENT_BYTES: usize = 1024;

/// Every broken limit. Bounded: it looks at no more values than a large event can hold.
pub(super) fn problems(event: &Event) -> Vec<Problem> {
    let mut check = Check::of(event);
    let surely_fits = check.problems.is_empty() && check.at_most <= MAX_EVENT_BYTES;
    // The serialiser recurses, so nothing that might be nested too deep must reach it.
    if check.seen_all && !surely_fits {
        check.size(event);
    }
    check.problems
}

/// The most bytes that the event can have as JSON, as far as the walk can tell from lengths. Nothing where it breaks a
/// limit.
#[cfg(test)]
pub(super) fn at_most(event: &Event) -> Option<usize> {
    let check = Check::of(event);
    (check.problems.is_empty() && check.seen_all).then_some(check.at_most)
}

struct Check {
    problems: Vec<Problem>,
    /// Each value takes at least a byte, so an event with more of them than fit is too large anyway.
    values_left: usize,
    /// The most bytes of JSON that what was seen can take. Most events are so small that nothing need be counted.
    at_most: usize,
    /// Whether no part was left out, be it for its depth or because there is too much of it.
    seen_all: bool,
}

impl Check {
    fn of(event: &Event) -> Self {
        let mut check =
            Self { problems: Vec::new(), values_left: MAX_EVENT_BYTES, at_most: EVENT_BYTES, seen_all: true };
        check.event(event, &Path::ROOT);
        check
    }

    fn problem(&mut self, at: &Path<'_>, message: String) {
        match self.problems.len() {
            0..MAX_PROBLEMS => self.problems.push(Problem::new(at.to_string(), message)),
            MAX_PROBLEMS => {
                let message = format!("has more problems; the first {MAX_PROBLEMS} are listed");
                self.problems.push(Problem::new("event", message));
            }
            _ => {}
        }
    }

    fn too_many_values(&mut self, at: &Path<'_>) {
        if self.seen_all {
            let message =
                format!("at most {MAX_EVENT_BYTES} bytes of canonical JSON are accepted, found more");
            self.problem(&at.top(), message);
        }
        self.seen_all = false;
    }

    fn is_done(&self) -> bool {
        self.problems.len() > MAX_PROBLEMS || (self.values_left == 0 && !self.seen_all)
    }

    fn event(&mut self, event: &Event, at: &Path<'_>) {
        self.text(&at.name("action"), &event.action, ACTION);
        self.actor(&event.actor, &at.name("actor"));
        self.target(&event.target, &at.name("target"), 2);
        self.list(&at.name("related"), &event.related, MAX_RELATED, |check, target, at| {
            check.target(target, at, 3);
        });
        self.optional(&at.name("tenant"), event.tenant.as_deref(), TENANT);
        self.optional(&at.name("description"), event.description.as_deref(), DESCRIPTION);
        self.list(&at.name("tags"), &event.tags, MAX_TAGS, |check, tag, at| check.text(at, tag, TAG));
        self.optional(&at.name("reason"), event.reason.as_deref(), REASON);
        self.origin(&event.origin, &at.name("origin"));
        self.optional(&at.name("source"), event.source.as_deref(), SOURCE);
        if let Some(request) = &event.request {
            self.request(request, &at.name("request"));
        }
        if let Some(position) = event.position {
            self.integer(&at.name("sequence"), position.sequence);
        }
        if let Some(previous) = event.previous {
            self.integer(&at.name("previous").name("sequence"), previous.sequence);
        }
        if let Some(operation) = &event.operation {
            self.text(&at.name("operation").name("id"), &operation.id, ID);
        }
        self.weigh(&event.idempotency_key);
        event.personal.iter().for_each(|name| self.weigh(name));
        if !is_idempotency_key(&event.idempotency_key) {
            let found = event.idempotency_key.chars().count();
            let message = format!(
                "12 to 255 printable ASCII characters without a space at either end are accepted, found {found} \
                 characters"
            );
            self.problem(&at.name("idempotencyKey"), message);
        }
        self.list(&at.name("trimmed"), &event.trimmed, MAX_TRIMMED, |check, mark, at| {
            check.text(&at.name("name"), &mark.name, MARK);
            check.integer(&at.name("bytes"), mark.bytes);
        });
        self.list(&at.name("changes"), &event.changes, MAX_CHANGES, Self::change);
        self.metadata(&event.metadata, &at.name("metadata"));
        self.extra(&event.extra, at, members::EVENT, 1);
    }

    fn actor(&mut self, actor: &Actor, at: &Path<'_>) {
        self.principal(actor, at, 2);
        let mut left = MAX_ON_BEHALF_OF;
        self.principals(&actor.on_behalf_of, &at.name("onBehalfOf"), &mut left, 4);
    }

    /// `level`: how deep the actor's object stands.
    fn principal(&mut self, actor: &Actor, at: &Path<'_>, level: usize) {
        self.text(&at.name("id"), &actor.id, ID);
        self.optional(&at.name("name"), actor.name.as_deref(), NAME);
        self.optional(&at.name("email"), actor.email.as_deref(), EMAIL);
        self.optional(&at.name("tenant"), actor.tenant.as_deref(), TENANT);
        self.extra(&actor.extra, at, members::ACTOR, level);
    }

    fn principals(&mut self, actors: &[Actor], at: &Path<'_>, left: &mut usize, level: usize) {
        for (index, actor) in actors.iter().enumerate() {
            let at = at.index(index);
            let Some(rest) = left.checked_sub(1) else {
                let message = format!("at most {MAX_ON_BEHALF_OF} actors in all are accepted, found more");
                self.seen_all = false;
                return self.problem(&at, message);
            };
            *left = rest;
            self.principal(actor, &at, level);
            self.principals(&actor.on_behalf_of, &at.name("onBehalfOf"), left, level + 2);
        }
    }

    fn target(&mut self, target: &Target, at: &Path<'_>, level: usize) {
        self.text(&at.name("kind"), &target.kind, KIND);
        self.text(&at.name("id"), &target.id, ID);
        self.optional(&at.name("name"), target.name.as_deref(), NAME);
        self.extra(&target.extra, at, members::TARGET, level);
    }

    fn change(&mut self, change: &Change, at: &Path<'_>) {
        self.text(&at.name("path"), &change.path, CHANGE_PATH);
        for (name, value) in [("before", &change.before), ("after", &change.after)] {
            if let Some(value) = value {
                self.value(value, &at.name(name), 4);
            }
        }
        self.extra(&change.extra, at, members::CHANGE, 3);
    }

    fn origin(&mut self, origin: &Origin, at: &Path<'_>) {
        self.optional(&at.name("service"), origin.service.as_deref(), ORIGIN);
        self.optional(&at.name("version"), origin.version.as_deref(), ORIGIN);
        self.optional(&at.name("environment"), origin.environment.as_deref(), ORIGIN);
        self.optional(&at.name("host"), origin.host.as_deref(), ORIGIN);
        self.extra(&origin.extra, at, members::ORIGIN, 2);
    }

    fn request(&mut self, request: &RequestInfo, at: &Path<'_>) {
        self.optional(&at.name("id"), request.id.as_deref(), REQUEST_ID);
        self.optional(&at.name("clientRequestId"), request.client_request_id.as_deref(), REQUEST_ID);
        self.optional(&at.name("session"), request.session.as_deref(), REQUEST_ID);
        self.optional(&at.name("traceId"), request.trace_id.as_deref(), REQUEST_ID);
        self.optional(&at.name("spanId"), request.span_id.as_deref(), REQUEST_ID);
        self.optional(&at.name("traceparent"), request.traceparent.as_deref(), REQUEST_ID);
        self.optional(&at.name("method"), request.method.as_deref(), REQUEST_ID);
        self.optional(&at.name("route"), request.route.as_deref(), ROUTE);
        self.optional(&at.name("userAgent"), request.user_agent.as_deref(), USER_AGENT);
        if let Some(duration) = request.duration_micros {
            self.integer(&at.name("durationMicros"), duration);
        }
        self.extra(&request.extra, at, members::REQUEST, 2);
    }

    fn metadata(&mut self, metadata: &Map<String, Value>, at: &Path<'_>) {
        for (name, value) in metadata {
            self.member(name, value, at, 3);
            if self.is_done() {
                return;
            }
        }
    }

    /// `level`: how deep the object stands whose unknown members these are.
    fn extra(&mut self, extra: &Map<String, Value>, at: &Path<'_>, known: &[&str], level: usize) {
        for (name, value) in extra {
            if known.contains(&name.as_str()) {
                self.problem(
                    &at.name(name),
                    "an unknown member can't have the name of a known one".to_owned(),
                );
            }
            self.member(name, value, at, level + 1);
            if self.is_done() {
                return;
            }
        }
    }

    fn member(&mut self, name: &str, value: &Value, at: &Path<'_>, level: usize) {
        let at = at.name(name);
        self.weigh(name);
        if values::is_private_name(name) {
            self.problem(&at, "the name is reserved by serde_json; choose another".to_owned());
        }
        self.value(value, &at, level);
    }

    /// `level`: how deep the value stands if it is an object or array.
    fn value(&mut self, value: &Value, at: &Path<'_>, level: usize) {
        if self.is_done() {
            return;
        }
        let Some(left) = self.values_left.checked_sub(1) else { return self.too_many_values(at) };
        self.values_left = left;
        self.weigh(value.as_str().unwrap_or_default());
        match value {
            Value::Array(_) | Value::Object(_) if level > MAX_DEPTH => {
                self.seen_all = false;
                let message =
                    format!("at most {MAX_DEPTH} objects and arrays inside one another, found {level}");
                self.problem(at, message);
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(item, &at.index(index), level + 1);
                    if self.is_done() {
                        return;
                    }
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    self.member(name, member, at, level + 1);
                    if self.is_done() {
                        return;
                    }
                }
            }
            Value::Number(number) if !values::is_exact(number) => self.inexact(at),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn integer(&mut self, at: &Path<'_>, integer: u64) {
        if integer > MAX_INTEGER {
            self.inexact(at);
        }
    }

    fn inexact(&mut self, at: &Path<'_>) {
        let message = "integers from -2^53 to 2^53 and doubles are accepted, found a number that JSON readers would \
                       change; record it as text";
        self.problem(at, message.to_owned());
    }

    fn optional(&mut self, at: &Path<'_>, text: Option<&str>, limit: Text) {
        if let Some(text) = text {
            self.text(at, text, limit);
        }
    }

    fn text(&mut self, at: &Path<'_>, text: &str, limit: Text) {
        let Text { min, max, line } = limit;
        self.weigh(text);
        // A text of at most `max` bytes can't have more characters, and most texts are short.
        let found = if text.len() > max { text.chars().count() } else { text.len() };
        if found < min {
            self.problem(at, format!("{min} to {max} characters are accepted, found none"));
        } else if found > max {
            self.problem(at, format!("at most {max} characters are accepted, found {found}"));
        } else if line && !is_plain(text) && text.chars().any(char::is_control) {
            self.problem(at, "control characters are not accepted, found one".to_owned());
        }
    }

    fn list<T>(
        &mut self,
        at: &Path<'_>,
        items: &[T],
        max: usize,
        mut each: impl FnMut(&mut Self, &T, &Path<'_>),
    ) {
        if items.len() > max {
            self.problem(at, format!("at most {max} are accepted, found {}", items.len()));
        }
        for (index, item) in items.iter().take(max).enumerate() {
            each(self, item, &at.index(index));
        }
    }

    fn weigh(&mut self, text: &str) {
        self.at_most += BESIDE_BYTES + ESCAPED_BYTES * text.len();
    }

    fn size(&mut self, event: &Event) {
        let excess = size::excess(event, MAX_EVENT_BYTES, COUNTED_BYTES);
        if excess == 0 {
            return;
        }
        let found = match MAX_EVENT_BYTES + excess {
            found if found > COUNTED_BYTES => format!("more than {COUNTED_BYTES}"),
            found => found.to_string(),
        };
        let message = format!(
            "at most {MAX_EVENT_BYTES} bytes of canonical JSON are accepted for the whole event, found {found}, and \
             this is its largest part"
        );
        self.problem(&Path::ROOT.name(largest_part(event)), message);
    }
}

/// The member of the event that takes the most bytes, as far as counting up to the limit can tell.
fn largest_part(event: &Event) -> &str {
    fn count(value: &impl Serialize) -> usize {
        size::estimate(value, MAX_EVENT_BYTES).low
    }
    let parts = [
        ("metadata", count(&event.metadata)),
        ("changes", count(&event.changes)),
        ("description", count(&event.description)),
        ("reason", count(&event.reason)),
        ("related", count(&event.related)),
        ("tags", count(&event.tags)),
        ("personal", count(&event.personal)),
        ("actor", count(&event.actor)),
        ("target", count(&event.target)),
        ("request", count(&event.request)),
        ("origin", count(&event.origin)),
        ("trimmed", count(&event.trimmed)),
    ];
    let extra = event.extra.iter().take(MAX_EVENT_BYTES).map(|(name, value)| (name.as_str(), count(value)));
    // `max_by_key` keeps the last of equals; the first is the likelier culprit.
    parts.into_iter().rev().chain(extra).max_by_key(|(_, bytes)| *bytes).map_or("event", |(name, _)| name)
}
