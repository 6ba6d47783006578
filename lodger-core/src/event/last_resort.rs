//! Where an event goes when nothing else can take it.

use std::io::Write;

use serde::Serialize;

use super::{Event, one_line};

/// One line on stderr.
#[derive(Serialize)]
struct Line<'a> {
    lodger: &'static str,
    reason: &'a str,
    event: &'a Event,
}

/// Writes the event as one JSON line to stderr, with the reason. The event must be redacted already; the caller counts.
///
/// Collectors of container logs pick the line up, and a person finds it by `"lodger":"last-resort"`.
pub(crate) fn print(event: &Event, reason: &str) {
    let Some(line) = line(event, reason) else {
        tracing::error!(event = %event.id, reason, "an event could not be kept and not be written as JSON either");
        return;
    };
    // One write under one lock, so that lines don't mix.
    if let Err(error) = std::io::stderr().lock().write_all(&line) {
        tracing::error!(event = %event.id, reason, %error, "an event could not be kept and stderr is closed");
    }
}

fn line(event: &Event, reason: &str) -> Option<Vec<u8>> {
    let json = serde_json::to_string(&Line { lodger: "last-resort", reason, event }).ok()?;
    let mut line = one_line::json(&json).into_owned();
    line.push('\n');
    Some(line.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Actor;

    #[test]
    fn it_is_one_line_of_json_whatever_the_event_holds() {
        let mut event =
            Event::builder("invoice.update").metadata("note", "a\nb\u{2029}c\u{85}").build().unwrap();
        // The limits refuse such an id, but what ends here may have been refused for just that.
        event.actor = Actor::user("ada\r\n\u{2028}\u{202e}\u{200f}x");
        let text = String::from_utf8(line(&event, "intake full").unwrap()).unwrap();
        assert_eq!(text.matches('\n').count(), 1);
        assert!(text.ends_with('\n'));
        assert!(!text.contains(['\u{2028}', '\u{2029}', '\u{202e}', '\u{200f}', '\u{85}', '\r']));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["lodger"], "last-resort");
        assert_eq!(value["reason"], "intake full");
        assert_eq!(value["event"]["actor"]["id"], "ada\r\n\u{2028}\u{202e}\u{200f}x");
    }
}
