//! One event as one line of text.
//!
//! A line stays one line, and says what it says, whatever an event holds: control characters, line separators and
//! bidirectional controls are escaped. Otherwise a recorded name could forge a line of its own or turn around the
//! words beside it (CVE-2021-42574, "Trojan Source").

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::event::one_line::is_hostile;
use crate::event::{ActorKind, Event, Target};

pub(crate) use crate::event::one_line::json;

/// The event for a reader: when, who, did what, to which thing, how it ended, in which request.
///
/// ```text
/// 2026-05-15T12:00:00.000000Z  user u_17  invoice.update  invoice 7  success  req-1
/// ```
pub(crate) fn pretty(event: &Event) -> String {
    let mut line =
        format!("{}  {}  {}  {}", event.occurred_at, who(event), word(&event.action), what(&event.target));
    let _ = write!(line, "  {}", event.outcome);
    if let Some(reason) = &event.reason {
        let _ = write!(line, " ({})", escaped(reason));
    }
    let request = event.request.as_ref().and_then(|request| request.id.as_deref());
    let _ = write!(line, "  {}", request.map_or(Cow::Borrowed("-"), word));
    line
}

fn who(event: &Event) -> String {
    let actor = &event.actor;
    let kind = match actor.kind {
        ActorKind::User => "user",
        ActorKind::Service => "service",
        ActorKind::System => "system",
        ActorKind::Anonymous => return "anonymous".to_owned(),
        ActorKind::Unresolved => return "unresolved".to_owned(),
    };
    let mut who = format!("{kind} {}", word(&actor.id));
    if let Some(name) = &actor.name {
        let _ = write!(who, " {}", quoted(name));
    }
    if let Some(principal) = actor.on_behalf_of.first() {
        let _ = write!(who, " for {}", word(&principal.id));
    }
    who
}

pub(crate) fn what(target: &Target) -> String {
    let mut what = format!("{} {}", word(&target.kind), word(&target.id));
    if let Some(name) = &target.name {
        let _ = write!(what, " {}", quoted(name));
    }
    what
}

/// As it is when it can't be mistaken for several words, else in quotes.
pub(crate) fn word(text: &str) -> Cow<'_, str> {
    let plain = !text.is_empty()
        && !text.contains(|c: char| c.is_whitespace() || c == '"' || c == '\\' || is_hostile(c));
    if plain { Cow::Borrowed(text) } else { Cow::Owned(quoted(text)) }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => line.extend(['\\', c]),
            '\n' => line.push_str("\\n"),
            c if is_hostile(c) => line.extend(c.escape_unicode()),
            c => line.push(c),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Actor, Outcome, RequestInfo, Timestamp};

    fn at_noon(event: crate::event::EventBuilder) -> Event {
        event.occurred_at("2026-05-15T12:00:00Z".parse::<Timestamp>().unwrap()).build().unwrap()
    }

    #[test]
    fn a_line_says_who_did_what_to_which_thing() {
        let mut event = at_noon(
            Event::builder("invoice.update")
                .actor(Actor::user("u_17").name("Ada Lovelace"))
                .target(Target::new("invoice", 7).name("INV-7")),
        );
        event.request = Some(RequestInfo { id: Some("req-1".to_owned()), ..RequestInfo::default() });
        assert_eq!(
            pretty(&event),
            "2026-05-15T12:00:00.000000Z  user u_17 \"Ada Lovelace\"  invoice.update  invoice 7 \"INV-7\"  success  req-1"
        );
    }

    #[test]
    fn what_is_not_known_is_said_so() {
        let event = at_noon(Event::builder("invoice.delete").outcome(Outcome::Unknown).reason("cancelled"));
        assert_eq!(
            pretty(&event),
            "2026-05-15T12:00:00.000000Z  unresolved  invoice.delete  unresolved invoice.delete  unknown (cancelled)  -"
        );
    }

    #[test]
    fn impersonation_shows() {
        let actor = Actor::user("support").on_behalf_of(Actor::user("ada"));
        let event = at_noon(Event::builder("a.b").actor(actor).target(Target::new("t", "1")));
        assert!(pretty(&event).contains("  user support for ada  "), "{}", pretty(&event));
    }

    #[test]
    fn a_value_can_not_forge_a_line_or_a_column() {
        let mut event = at_noon(
            Event::builder("placeholder")
                .actor(Actor::user("\u{202e}ada\u{2028}"))
                .target(Target::new("x", "7\"  success")),
        );
        // Set by hand: the builder lets no line break through, an older version may have.
        event.action = "has\nchanged  success".into();
        assert_eq!(
            pretty(&event),
            concat!(
                r#"2026-05-15T12:00:00.000000Z  user "\u{202e}ada\u{2028}"  "has\nchanged  success"  "#,
                r#"x "7\"  success"  success  -"#
            )
        );
    }
}
