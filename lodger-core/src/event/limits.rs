//! What an event may hold.
//!
//! Lengths are counted in Unicode characters (scalar values), sizes in bytes of canonical JSON. An event that
//! breaks a limit is an error when somebody is there to read it ([`Event::validate`]); where nobody is, as in the
//! middleware, [`trim`](super::trim::trim) cuts it instead.

mod check;
mod problem;
#[cfg(test)]
mod tests;

use super::Event;
pub use problem::{InvalidEvent, Problem};

/// The largest event: 64 KiB of canonical JSON. `writer`, `sequence` and `previous` don't count, because the journal
/// adds them after the event was accepted.
pub const MAX_EVENT_BYTES: usize = 64 * 1024;

/// How many objects and arrays may stand inside one another, the event itself being the first: metadata is the
/// second.
pub const MAX_DEPTH: usize = 16;

/// The largest integer, positive or negative: 2^53, up to which every reader of JSON agrees (RFC 7493 section 2.2).
pub const MAX_INTEGER: u64 = super::values::MAX_INTEGER;

/// How many other targets an event may name.
pub const MAX_RELATED: usize = 19;

/// How many changed values an event may hold.
pub const MAX_CHANGES: usize = 100;

/// How many tags an event may carry.
pub const MAX_TAGS: usize = 20;

/// How many actors may stand behind the actor, each one's own principals counted.
pub const MAX_ON_BEHALF_OF: usize = 4;

/// How many entries [`Event::trimmed`] has at most; what was cut beyond it is added up in the last one.
pub const MAX_TRIMMED: usize = 32;

/// What a text may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    pub(super) min: usize,
    pub(super) max: usize,
    /// Identifiers are one line: a control character in them is a mistake or an attack on whoever reads the log.
    pub(super) line: bool,
}

impl Text {
    const fn identifier(max: usize) -> Self {
        Self { min: 1, max, line: true }
    }

    const fn label(max: usize) -> Self {
        Self { min: 0, max, line: true }
    }

    const fn prose(max: usize) -> Self {
        Self { min: 0, max, line: false }
    }
}

/// Free text is accepted ("has change admin password"), dots are not required.
pub(super) const ACTION: Text = Text::identifier(128);
pub(super) const ID: Text = Text::identifier(128);
pub(super) const KIND: Text = Text::identifier(64);
pub(super) const NAME: Text = Text::prose(256);
/// An address has at most 254 characters (RFC 5321 section 4.5.3.1.3).
pub(super) const EMAIL: Text = Text::prose(256);
pub(super) const TENANT: Text = Text::label(128);
pub(super) const DESCRIPTION: Text = Text::prose(1024);
pub(super) const TAG: Text = Text::identifier(64);
pub(super) const REASON: Text = Text::prose(512);
pub(super) const CHANGE_PATH: Text = Text::prose(512);
pub(super) const ORIGIN: Text = Text::prose(256);
pub(super) const SOURCE: Text = Text::label(64);
pub(super) const USER_AGENT: Text = Text::prose(512);
pub(super) const ROUTE: Text = Text::prose(512);
/// Request ids and whatever else stands in the request: the longest has a fixed form well below it.
pub(super) const REQUEST_ID: Text = Text::label(128);
/// A mark in `trimmed`.
pub(super) const MARK: Text = Text::prose(128);

/// What the key under which a destination recognises a repeat may be: 12 to 255 printable ASCII characters (the
/// Lodger API asks for at least 12). It travels as an HTTP header, whose value loses spaces at its ends (RFC 9110
/// section 5.5), and two keys must not become one.
pub(crate) fn is_idempotency_key(key: &str) -> bool {
    (12..=255).contains(&key.len())
        && key.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && !key.starts_with(' ')
        && !key.ends_with(' ')
}

/// Names that the parts of an event use themselves. A member of `extra` under one of them would make the JSON
/// ambiguous: two members of one name, of which each reader picks another.
pub(super) mod members {
    pub(in crate::event) const EVENT: &[&str] = &[
        "id",
        "action",
        "actor",
        "target",
        "related",
        "tenant",
        "description",
        "tags",
        "userVisible",
        "retention",
        "outcome",
        "reason",
        "changes",
        "metadata",
        "personal",
        "origin",
        "source",
        "occurredAt",
        "request",
        "writer",
        "sequence",
        "previous",
        "operation",
        "idempotencyKey",
        "trimmed",
    ];
    pub(in crate::event) const ACTOR: &[&str] = &["id", "kind", "name", "email", "tenant", "onBehalfOf"];
    pub(in crate::event) const TARGET: &[&str] = &["kind", "id", "name"];
    pub(in crate::event) const CHANGE: &[&str] = &["op", "path", "before", "after"];
    pub(in crate::event) const ORIGIN: &[&str] = &["service", "version", "environment", "host"];
    pub(in crate::event) const REQUEST: &[&str] = &[
        "id",
        "clientRequestId",
        "session",
        "traceId",
        "spanId",
        "traceparent",
        "method",
        "route",
        "status",
        "ip",
        "ipSource",
        "userAgent",
        "durationMicros",
    ];
}

/// Checks every limit of this module.
pub(super) fn check(event: &Event) -> Result<(), InvalidEvent> {
    InvalidEvent::unless_empty(check::problems(event))
}
