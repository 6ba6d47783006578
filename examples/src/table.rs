//! Events for the eyes.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use lodger_core::event::{Change, Event, Target};
use lodger_store::Entry;
use serde_json::Value;

/// A table of events: when, who, did what, to which thing, how it ended, in which request, and the store's receipt.
#[must_use]
pub fn table(entries: &[Entry]) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["when", "who", "did what", "to which thing", "outcome", "request id", "receipt"]);
    for entry in entries {
        table.add_row(cells(entry));
    }
    table.to_string()
}

/// One event as a line of text.
#[must_use]
pub fn line(entry: &Entry) -> String {
    cells(entry).join("  ")
}

fn cells(entry: &Entry) -> [String; 7] {
    let event = &entry.event;
    let when = event.occurred_at.to_string();
    let when = when.get(11..23).unwrap_or(&when).to_owned();
    let request =
        event.request.as_ref().and_then(|request| request.id.clone()).unwrap_or_else(|| "-".to_owned());
    let receipt = entry.receipt.id.clone();
    let cells =
        [when, event.actor.id.clone(), what(event), target(&event.target), outcome(event), request, receipt];
    cells.map(|cell| shown(&cell))
}

/// A recorded name must not be able to break the line, or to turn around the words beside it.
fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\'' | '\\' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
    }
    shown
}

/// One event as a line of JSON, with its receipt.
///
/// # Errors
///
/// When the event can't become JSON; an event out of the store always can.
pub fn json(entry: &Entry) -> Result<String, serde_json::Error> {
    let mut event = serde_json::to_value(&entry.event)?;
    if let Value::Object(members) = &mut event {
        members.insert("receipt".to_owned(), Value::from(entry.receipt.id.as_str()));
    }
    serde_json::to_string(&event)
}

fn what(event: &Event) -> String {
    let changes: Vec<String> = event.changes.iter().map(change).collect();
    if changes.is_empty() {
        event.action.to_string()
    } else {
        format!("{} ({})", event.action, changes.join(", "))
    }
}

fn change(change: &Change) -> String {
    let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    format!("{}: {} → {}", change.path.trim_start_matches('/'), side(&change.before), side(&change.after))
}

fn target(target: &Target) -> String {
    format!("{} {}", target.kind, target.id)
}

fn outcome(event: &Event) -> String {
    let status = event.request.as_ref().and_then(|request| request.status);
    status.map_or_else(|| event.outcome.to_string(), |status| format!("{} ({status})", event.outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stays_one_line_that_reads_from_left_to_right() {
        assert_eq!(shown("Ada's \"é\" 😀 → 7"), "Ada's \"é\" 😀 → 7");
        assert_eq!(shown("a\nb\u{2028}c\u{202e}d\u{1b}[31m"), "a\\nb\\u{2028}c\\u{202e}d\\u{1b}[31m");
    }
}
