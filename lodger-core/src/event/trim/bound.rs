//! What is far too large, taken out before anybody looks into it.

use serde_json::{Map, Value};

use super::clamp::Clamp;
use super::{CUT, Marks};
use crate::event::limits::{MAX_CHANGES, MAX_EVENT_BYTES};
use crate::event::path::Path;
use crate::event::{Actor, Event, values};

/// So much of an event's free values is looked into. Twice what an event may have, because redaction can make a value
/// smaller: what is beyond that would hardly ever fit.
const LOOKED_AT: usize = 2 * MAX_EVENT_BYTES;

/// Takes out of the event what can't be part of it, and marks it in [`Event::trimmed`], so that looking into the rest is
/// bounded work: strangers may have chosen a million members. For before redaction, and so it only removes: half of a
/// secret would no longer look like one.
///
/// What has no room goes whole; it is found in the reverse order of [`trim`](super::trim), so that what would go first
/// there finds the least room here.
pub fn bound(event: &mut Event) {
    let at = Path::ROOT;
    let mut clamp = Clamp { marks: Marks::new(std::mem::take(&mut event.trimmed)) };
    clamp.list(&at.name("changes"), &mut event.changes, MAX_CHANGES, |clamp, change| {
        clamp.change(change, &at);
    });
    let mut bound = Bound { marks: clamp.marks, left: LOOKED_AT };
    bound.actor(&mut event.actor, &at.name("actor"));
    bound.members(&mut event.target.extra, &at.name("target"));
    if let Some(request) = &mut event.request {
        bound.members(&mut request.extra, &at.name("request"));
    }
    bound.members(&mut event.origin.extra, &at.name("origin"));
    for (index, target) in event.related.iter_mut().enumerate() {
        bound.members(&mut target.extra, &at.name("related").index(index));
    }
    bound.members(&mut event.extra, &at);
    bound.members(&mut event.metadata, &at.name("metadata"));
    for (index, change) in event.changes.iter_mut().enumerate() {
        let changes = at.name("changes");
        let at = changes.index(index);
        bound.members(&mut change.extra, &at);
        bound.value(&mut change.before, &at.name("before"));
        bound.value(&mut change.after, &at.name("after"));
    }
    event.trimmed = bound.marks.marks;
}

struct Bound {
    marks: Marks,
    /// How many bytes of JSON may still be looked into.
    left: usize,
}

impl Bound {
    fn actor(&mut self, actor: &mut Actor, at: &Path<'_>) {
        self.members(&mut actor.extra, at);
        let at = at.name("onBehalfOf");
        for (index, principal) in actor.on_behalf_of.iter_mut().enumerate() {
            self.actor(principal, &at.index(index));
        }
    }

    fn members(&mut self, members: &mut Map<String, Value>, at: &Path<'_>) {
        let left = self.left;
        let least = |name: &str, value: &Value| name.len() + r#""":,"#.len() + least_bytes(value, left);
        // Nearly always all of them fit.
        if self.fits(members.iter().map(|(name, value)| least(name, value)).sum()) {
            return;
        }
        members.retain(|name, value| {
            let beside = name.len() + r#""":,"#.len();
            let fits = self.fits(beside + least_bytes(value, self.left));
            if !fits {
                self.marks.add(&at.name(name), beside + values::dismantle(value.take()));
            }
            fits
        });
    }

    fn value(&mut self, value: &mut Option<Value>, at: &Path<'_>) {
        if let Some(value) = value
            && !self.fits(least_bytes(value, self.left))
        {
            let cut = std::mem::replace(value, Value::String(CUT.to_owned()));
            self.marks.add(at, values::dismantle(cut));
        }
    }

    /// Whether there is room for so many bytes, which they take if so.
    fn fits(&mut self, bytes: usize) -> bool {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }
}

/// At least how many bytes of JSON the value takes; gives up above `stop`. Without recursion, because nobody has looked at
/// the depth yet.
fn least_bytes(value: &Value, stop: usize) -> usize {
    let mut bytes: usize = 0;
    let mut rest = Vec::new();
    let mut next = Some(value);
    while let Some(value) = next.take().or_else(|| rest.pop()).filter(|_| bytes <= stop) {
        bytes += match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 1,
            Value::String(text) => text.len() + 2,
            Value::Array(items) => items.len() + 2,
            Value::Object(members) => 4 * members.len() + 2,
        };
        match value {
            Value::Array(items) if bytes <= stop => rest.extend(items),
            Value::Object(members) if bytes <= stop => {
                for (name, value) in members {
                    bytes += name.len();
                    rest.push(value);
                }
            }
            _ => {}
        }
    }
    bytes
}
