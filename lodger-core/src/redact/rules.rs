//! Which values of an event are cut out.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::hash_key::is_hash;
use super::names::Words;
use super::{HashKey, REDACTED, shapes};
use crate::event::{Actor, Change, Event, Target, values};

/// The domain of the keyed hash of a session's id.
const SESSION: &str = "session";

/// Members that name the value beside them, as in lists of headers or form fields: `{"name": "Cookie", "value": "…"}`.
const NAMING: &[&str] = &["name", "key", "field", "header", "param", "parameter", "path"];
const NAMED: &[&str] = &["value", "content", "before", "after", "old", "new"];

/// What is cut out of an event before it is written anywhere.
///
/// By default everything that is named like a secret and everything that looks like one. Names are compared in words,
/// whatever the style: `salary` also covers `baseSalary` and `SALARY_2025`.
///
/// ```
/// use lodger_core::event::Event;
/// use lodger_core::redact::{HashKey, Rules};
/// use serde_json::json;
///
/// let rules = Rules::default().redact(["salary"]).exempt(["token"]).correlate(["email"]);
/// let mut event = Event::builder("employee.update")
///     .metadata("password", "hunter2")
///     .metadata("baseSalary", 90_000)
///     .metadata("token", "blue")
///     .metadata("email", "ada@example.com")
///     .build()?;
/// rules.apply(&mut event, &HashKey::from_bytes([7; 32]));
/// assert_eq!(event.metadata["password"], json!("[redacted]"));
/// assert_eq!(event.metadata["baseSalary"], json!("[redacted]"));
/// assert_eq!(event.metadata["token"], json!("blue"));
/// assert!(event.metadata["email"].as_str().unwrap().starts_with("hmac-sha256:"));
/// # Ok::<(), lodger_core::event::InvalidEvent>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "rules do nothing until they are given to the builder or applied"]
pub struct Rules {
    names: bool,
    shapes: bool,
    added: Vec<Words<'static>>,
    exempt: Vec<Words<'static>>,
    correlated: Vec<Words<'static>>,
}

impl Default for Rules {
    /// Both nets, for names and for shapes, and nothing added or exempt.
    fn default() -> Self {
        Self { names: true, shapes: true, ..Self::off() }
    }
}

/// What becomes of one value.
#[derive(Clone, Copy)]
enum Verdict {
    /// It stays, with everything in it.
    Keep,
    /// It is looked at, and what is in it.
    Look,
    /// `[redacted]` takes its place.
    Redact,
    /// Its keyed hash takes its place.
    Hash,
}

impl Rules {
    /// No rules: only what is named afterwards is cut out.
    pub fn off() -> Self {
        Self { names: false, shapes: false, added: Vec::new(), exempt: Vec::new(), correlated: Vec::new() }
    }

    /// Whether values are cut out whose name says that they are secret. Default: true.
    pub fn names(mut self, on: bool) -> Self {
        self.names = on;
        self
    }

    /// Whether values are cut out that look like a secret, under whatever name. Default: true.
    pub fn shapes(mut self, on: bool) -> Self {
        self.shapes = on;
        self
    }

    /// Cuts out every value whose name holds one of these, word by word.
    pub fn redact<N: AsRef<str>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.added.extend(names.into_iter().map(|name| Words::of(name.as_ref()).into_owned()));
        self
    }

    /// Leaves values alone whose name is one of these (`card_number` exempts `cardNumber`, not `old_card_number`),
    /// whatever they look like. Objects under such a name are still searched. Wins over all other rules.
    pub fn exempt<N: AsRef<str>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.exempt.extend(names.into_iter().map(|name| Words::of(name.as_ref()).into_owned()));
        self
    }

    /// Replaces values whose name is one of these by their keyed hash ([`HashKey::hash`] with the domain
    /// `field:<name>`, the name in lower-case words with `_` between them), so that equal ones stay recognisable.
    pub fn correlate<N: AsRef<str>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.correlated.extend(names.into_iter().map(|name| Words::of(name.as_ref()).into_owned()));
        self
    }

    /// Cuts out of the event what the rules say.
    ///
    /// Looks at metadata, changes and unknown members by name and shape, at description, reason, tags, user agent and
    /// the names of actor and targets by shape. Ids stay: without them the event says nothing. A session that isn't a
    /// keyed hash becomes one, whatever the rules.
    pub fn apply(&self, event: &mut Event, key: &HashKey) {
        if let Some(session) = event.request.as_mut().and_then(|request| request.session.as_mut())
            && !is_hash(session)
        {
            *session = key.hash(SESSION, session.as_bytes());
        }
        self.members(&mut event.metadata, key);
        self.members(&mut event.extra, key);
        for change in &mut event.changes {
            self.change(change, key);
        }
        self.actor(&mut event.actor, key);
        for target in std::iter::once(&mut event.target).chain(&mut event.related) {
            self.target(target, key);
        }
        self.members(&mut event.origin.extra, key);
        if let Some(request) = &mut event.request {
            self.members(&mut request.extra, key);
            self.text(request.user_agent.as_mut());
        }
        self.text(event.description.as_mut());
        self.text(event.reason.as_mut());
        for tag in &mut event.tags {
            self.text(Some(tag));
        }
    }

    fn actor(&self, actor: &mut Actor, key: &HashKey) {
        self.members(&mut actor.extra, key);
        self.text(actor.name.as_mut());
        for principal in &mut actor.on_behalf_of {
            self.actor(principal, key);
        }
    }

    fn target(&self, target: &mut Target, key: &HashKey) {
        self.members(&mut target.extra, key);
        self.text(target.name.as_mut());
    }

    fn change(&self, change: &mut Change, key: &HashKey) {
        // Any part of the path may be what makes it secret: `/credentials/user`, `/tokens/0`. The last part that is
        // no index names the value.
        let parts: Vec<Cow<'_, str>> = change.path.split('/').map(unescaped).collect();
        let is_name = |part: &&Cow<'_, str>| part.bytes().any(|byte| !byte.is_ascii_digit());
        let last = parts.iter().rfind(is_name).map_or("", |part| part);
        for value in change.before.iter_mut().chain(&mut change.after) {
            let verdict = self.verdict(last, value);
            let above = parts.iter().any(|part| matches!(self.verdict(part, value), Verdict::Redact));
            match verdict {
                Verdict::Look if above => redact(value),
                verdict => self.carry_out(verdict, last, value, key),
            }
        }
        self.members(&mut change.extra, key);
    }

    fn members(&self, members: &mut Map<String, Value>, key: &HashKey) {
        for (name, value) in members {
            self.carry_out(self.verdict(name, value), name, value, key);
        }
    }

    fn verdict(&self, name: &str, value: &Value) -> Verdict {
        // That there is no secret is none, and a keyed hash neither.
        if value.is_null() || value.as_str().is_some_and(|text| text == REDACTED || is_hash(text)) {
            return Verdict::Keep;
        }
        let words = Words::of(name);
        if self.exempt.contains(&words) {
            return if value.is_object() || value.is_array() { Verdict::Look } else { Verdict::Keep };
        }
        if self.correlated.contains(&words) {
            return Verdict::Hash;
        }
        let is_text = !value.is_number() && !value.is_boolean();
        let named = self.names && words.are_secret(is_text);
        if named || self.added.iter().any(|added| words.contain(added)) {
            Verdict::Redact
        } else {
            Verdict::Look
        }
    }

    fn carry_out(&self, verdict: Verdict, name: &str, value: &mut Value, key: &HashKey) {
        match verdict {
            Verdict::Keep => {}
            Verdict::Look => self.look(value, key),
            Verdict::Redact => redact(value),
            Verdict::Hash => {
                let domain = format!("field:{}", Words::of(name).joined());
                let hash = match &*value {
                    Value::String(text) => key.hash(&domain, text),
                    other => key.hash(&domain, other.to_string()),
                };
                replace(value, hash);
            }
        }
    }

    /// Looks at everything in a value. Without recursion, because depth is checked only afterwards: what is too deep
    /// may be secret too.
    fn look(&self, value: &mut Value, key: &HashKey) {
        let mut rest = Vec::new();
        let mut next = Some(value);
        while let Some(value) = next.take().or_else(|| rest.pop()) {
            match value {
                Value::String(text) => self.text(Some(text)),
                Value::Number(number)
                    if self.shapes && number.as_u64().is_some_and(shapes::is_card_number) =>
                {
                    redact(value);
                }
                Value::Array(items) => {
                    if is_list_of_pairs(items) {
                        self.pairs(items);
                    }
                    rest.extend(items);
                }
                Value::Object(members) => {
                    let named = self.named_beside(members);
                    for (name, value) in members {
                        let verdict = match self.verdict(name, value) {
                            Verdict::Look if named && NAMED.contains(&name.as_str()) => Verdict::Redact,
                            verdict => verdict,
                        };
                        match verdict {
                            Verdict::Look => rest.push(value),
                            verdict => self.carry_out(verdict, name, value, key),
                        }
                    }
                }
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
    }

    /// Whether one member names the secret that another holds.
    fn named_beside(&self, members: &Map<String, Value>) -> bool {
        if members.len() > 16 || !NAMED.iter().any(|named| members.contains_key(*named)) {
            return false;
        }
        let names = NAMING.iter().filter_map(|naming| members.get(*naming)?.as_str());
        names.into_iter().any(|name| self.names_secret(name))
    }

    /// Headers as Rust programs hold them: `[["cookie", "…"], ["accept", "…"]]`.
    fn pairs(&self, pairs: &mut [Value]) {
        for pair in pairs {
            if let Some([Value::String(name), value]) = pair.as_array_mut().map(Vec::as_mut_slice)
                && self.names_secret(name)
            {
                redact(value);
            }
        }
    }

    /// Whether a text is a secret whose name stands in another value.
    fn names_secret(&self, name: &str) -> bool {
        let words = Words::of(name);
        let secret = self.names && words.are_secret(true);
        !self.exempt.contains(&words) && (secret || self.added.iter().any(|added| words.contain(added)))
    }

    fn text(&self, text: Option<&mut String>) {
        if let Some(text) = text
            && self.shapes
            && let Some(redacted) = shapes::redacted(text)
        {
            *text = redacted;
        }
    }
}

/// A part of a JSON Pointer as it is meant (RFC 6901 section 4).
fn unescaped(part: &str) -> Cow<'_, str> {
    if part.contains('~') { part.replace("~1", "/").replace("~0", "~").into() } else { part.into() }
}

fn is_list_of_pairs(items: &[Value]) -> bool {
    items.iter().all(|item| matches!(item.as_array().map(Vec::as_slice), Some([Value::String(_), _])))
}

fn redact(value: &mut Value) {
    replace(value, REDACTED.to_owned());
}

fn replace(value: &mut Value, text: String) {
    values::dismantle(std::mem::replace(value, Value::String(text)));
}
