//! An event that wants to break lines is one line in every text output, with nothing in it that a terminal obeys.

use serde_json::Value;

use crate::child::Said;
use crate::loopback::{Loopback, Reply};
use crate::secrets::{environment, talk};

/// Every character at which some program ends a line, controls a terminal, or turns text around.
fn is_hostile(character: char) -> bool {
    (character.is_control() && character != '\n')
        || "\u{2028}\u{2029}\u{202e}\u{2066}\u{200f}\u{feff}\u{e0041}".contains(character)
}

/// As many lines as events, all of them harmless.
#[track_caller]
fn assert_lines(text: &str, events: usize) {
    assert_eq!(
        text.chars().find(|c| is_hostile(*c)).map(char::escape_unicode).map(|c| c.to_string()),
        None,
        "{text}"
    );
    assert_eq!(text.lines().count(), events, "{text}");
}

/// As JSON, each line is the whole event.
#[track_caller]
fn assert_events(text: &str) {
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let event = event.get("event").unwrap_or(&event);
        assert_eq!(
            event["metadata"]["note"].as_str().unwrap().chars().filter(|c| is_hostile(*c)).count(),
            12
        );
    }
}

fn file<'a>(said: &'a Said, name: &str) -> &'a str {
    let mut files = said.files.iter().filter(|(path, _)| path.contains(name));
    let (_, bytes) = files.next().expect("no such file");
    assert!(files.next().is_none());
    std::str::from_utf8(bytes).unwrap()
}

/// The last line are the statistics.
fn without_stats(said: &Said) -> &str {
    let (events, _) = said.out.trim_end().rsplit_once('\n').unwrap();
    events
}

#[tokio::test]
async fn on_standard_output() {
    for form in ["stdout", "stdout:json"] {
        let directory = tempfile::tempdir().unwrap();
        let said = talk("hostile", directory.path(), vec![("LODGER_DESTINATION", form)]).await;
        assert_lines(without_stats(&said), 3);
        if form == "stdout:json" {
            assert_events(without_stats(&said));
        }
    }
}

#[tokio::test]
async fn in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let said = talk("hostile", directory.path(), vec![("LODGER_DESTINATION", "file:./audit.jsonl")]).await;
    assert_lines(file(&said, "audit.jsonl"), 3);
    assert_events(file(&said, "audit.jsonl"));
}

/// The service's words are in them, too.
#[tokio::test]
async fn in_a_dead_letter_and_in_the_log_of_it() {
    let words = serde_json::json!({"error": "a\nb\u{2028}", "detail": "c\u{202e}\u{1b}[31m\u{85}d"});
    let server = Loopback::replying(Reply::json(422, &words)).await;
    let directory = tempfile::tempdir().unwrap();
    let said = talk("hostile", directory.path(), environment(&server.base(), &[])).await;
    assert_lines(file(&said, ".jsonl"), 3);
    assert_events(file(&said, ".jsonl"));
    let warnings: Vec<&str> = said.err_with(" WARN lodger").collect();
    assert!(!warnings.is_empty());
    for warning in warnings {
        assert_lines(warning, 1);
    }
}

#[tokio::test]
async fn on_standard_error_as_a_last_resort() {
    let server = Loopback::replying(Reply::text(503, "")).await;
    let directory = tempfile::tempdir().unwrap();
    let said = talk("memory", directory.path(), environment(&server.base(), &[])).await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    let lines: Vec<&str> = said.err_with(r#"{"lodger":"last-resort""#).collect();
    assert_eq!(lines.len(), 3, "{}", said.err);
    assert_lines(&lines.join("\n"), 3);
    assert_events(&lines.join("\n"));
}
