//! The whole event brought within its size, least important parts first.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{CUT, Marks};
use crate::event::limits::MAX_EVENT_BYTES;
use crate::event::path::Path;
use crate::event::{Actor, Event, size};

/// One step: cuts what it must of the bytes that are too many, and no more if it can be helped.
type Step = fn(&mut Event, usize, &mut Marks);

const STEPS: &[Step] = &[
    description,
    changed_values,
    metadata,
    user_agent,
    unknown_members,
    changes,
    related_names,
    persons,
    the_rest,
];

pub(super) fn shrink(event: &mut Event) {
    for step in STEPS {
        loop {
            let excess = size::excess(event, MAX_EVENT_BYTES, usize::MAX);
            if excess == 0 {
                return;
            }
            let mut marks = Marks::new(std::mem::take(&mut event.trimmed));
            step(event, excess, &mut marks);
            let has_cut = marks.added > 0;
            event.trimmed = marks.marks;
            // A step goes by what it saves at least, so it may leave a little too much, and is asked again until it
            // has nothing left to cut.
            if !has_cut {
                break;
            }
        }
    }
}

fn description(event: &mut Event, _: usize, marks: &mut Marks) {
    marks.take(&Path::ROOT.name("description"), &mut event.description);
}

fn changed_values(event: &mut Event, excess: usize, marks: &mut Marks) {
    let at = Path::ROOT.name("changes");
    let mut values = Vec::new();
    for (index, change) in event.changes.iter_mut().enumerate() {
        for (name, value) in [("before", &mut change.before), ("after", &mut change.after)] {
            if let Some(value) = value {
                values.push((size::at_least(value), index, name, value));
            }
        }
    }
    values.sort_by_key(|(bytes, ..)| std::cmp::Reverse(*bytes));
    let mut saved = 0;
    for (bytes, index, name, value) in values {
        // What is smaller than its mark would only grow.
        if saved >= excess || bytes <= CUT.len() + 2 {
            break;
        }
        saved += bytes.saturating_sub(CUT.len() + marks.add(&at.index(index).name(name), bytes));
        *value = Value::String(CUT.to_owned());
    }
}

fn metadata(event: &mut Event, excess: usize, marks: &mut Marks) {
    largest_members(&mut event.metadata, &Path::ROOT.name("metadata"), excess, marks);
    event.personal.retain(|name| event.metadata.contains_key(name));
}

fn user_agent(event: &mut Event, _: usize, marks: &mut Marks) {
    if let Some(request) = &mut event.request {
        marks.take(&Path::ROOT.name("request").name("userAgent"), &mut request.user_agent);
    }
}

/// Members that this version doesn't know, those of the event itself first.
fn unknown_members(event: &mut Event, excess: usize, marks: &mut Marks) {
    let at = Path::ROOT;
    let mut excess = excess.saturating_sub(largest_members(&mut event.extra, &at, excess, marks));
    let mut cut = |extra: &mut Map<String, Value>, at: &Path<'_>| {
        excess = excess.saturating_sub(largest_members(extra, at, excess, marks));
    };
    for (index, change) in event.changes.iter_mut().enumerate() {
        cut(&mut change.extra, &at.name("changes").index(index));
    }
    for (index, target) in event.related.iter_mut().enumerate() {
        cut(&mut target.extra, &at.name("related").index(index));
    }
    cut(&mut event.origin.extra, &at.name("origin"));
    if let Some(request) = &mut event.request {
        cut(&mut request.extra, &at.name("request"));
    }
    cut(&mut event.target.extra, &at.name("target"));
    let actor = at.name("actor");
    each_actor(&mut event.actor, &actor, &mut |actor, at| cut(&mut actor.extra, at));
}

/// A hundred paths of 512 characters are too much even without values.
fn changes(event: &mut Event, _: usize, marks: &mut Marks) {
    marks.clear(&Path::ROOT.name("changes"), &mut event.changes);
}

fn related_names(event: &mut Event, _: usize, marks: &mut Marks) {
    for (index, target) in event.related.iter_mut().enumerate() {
        marks.take(&Path::ROOT.name("related").index(index).name("name"), &mut target.name);
    }
}

fn persons(event: &mut Event, _: usize, marks: &mut Marks) {
    let at = Path::ROOT.name("actor");
    each_actor(&mut event.actor, &at, &mut |actor, at| {
        marks.take(&at.name("name"), &mut actor.name);
        marks.take(&at.name("email"), &mut actor.email);
    });
}

/// What remains after this fits: identifiers of bounded length in bounded number.
fn the_rest(event: &mut Event, _: usize, marks: &mut Marks) {
    let at = Path::ROOT;
    marks.clear(&at.name("tags"), &mut event.tags);
    marks.take(&at.name("reason"), &mut event.reason);
    let origin = at.name("origin");
    marks.take(&origin.name("service"), &mut event.origin.service);
    marks.take(&origin.name("version"), &mut event.origin.version);
    marks.take(&origin.name("environment"), &mut event.origin.environment);
    marks.take(&origin.name("host"), &mut event.origin.host);
    if let Some(request) = &mut event.request {
        let at = at.name("request");
        marks.take(&at.name("route"), &mut request.route);
        marks.take(&at.name("method"), &mut request.method);
        marks.take(&at.name("traceparent"), &mut request.traceparent);
    }
}

/// Removes the largest members until `excess` bytes are saved; says how many were.
fn largest_members(
    object: &mut Map<String, Value>,
    at: &Path<'_>,
    excess: usize,
    marks: &mut Marks,
) -> usize {
    let mut members: Vec<(usize, usize, &str)> = object
        .iter()
        .enumerate()
        .map(|(index, (name, value))| (member_bytes(name, value), index, name.as_str()))
        .collect();
    members.sort_by_key(|(bytes, ..)| std::cmp::Reverse(*bytes));
    let mut saved: usize = 0;
    let mut removed = HashSet::new();
    for (bytes, index, name) in members {
        if saved >= excess {
            break;
        }
        saved += bytes.saturating_sub(marks.add(&at.name(name), bytes));
        removed.insert(index);
    }
    // One pass: removing them one by one from a map that keeps its order is quadratic.
    let mut index = 0;
    object.retain(|_, _| {
        index += 1;
        !removed.contains(&(index - 1))
    });
    saved
}

/// The actor and everybody behind it.
fn each_actor(actor: &mut Actor, at: &Path<'_>, each: &mut impl FnMut(&mut Actor, &Path<'_>)) {
    each(actor, at);
    let at = at.name("onBehalfOf");
    for (index, principal) in actor.on_behalf_of.iter_mut().enumerate() {
        each_actor(principal, &at.index(index), each);
    }
}

/// `"name":value,`
fn member_bytes(name: &str, value: &Value) -> usize {
    name.len() + size::at_least(value) + 4
}

impl Marks {
    fn take<T: Serialize>(&mut self, at: &Path<'_>, field: &mut Option<T>) {
        if let Some(value) = field.take() {
            self.add(at, size::at_least(&value));
        }
    }

    fn clear<T: Serialize>(&mut self, at: &Path<'_>, list: &mut Vec<T>) {
        if !list.is_empty() {
            self.add(at, size::at_least(list));
            list.clear();
        }
    }
}
