//! Fuzzed parsers of this module (see [`crate::fuzzing`]).

use std::path::Path;

use super::files::DeadLetterFiles;
use super::line::{self, Line};
use super::{DeadLetter, DeadLetterDirectory, DeadLetterQuery};
use crate::destination::{Identity, Refusal};
use crate::event::{Timestamp, WriterId};
use crate::journal::fuzzing::Scratch;

fn letter_of(bytes: &[u8]) -> DeadLetter {
    let at = Timestamp::from_micros(1_778_846_400_000_000).expect("a time");
    DeadLetter::new(at, &Identity::new("a", "b"), Refusal::http(422, "no"), 3, &bytes.into())
}

/// Behind a right checksum: whatever is read is the same when it is written and read again. As a letter's event: the
/// very bytes come back, from one line of JSON.
pub(crate) fn line(bytes: &[u8]) {
    drop(line::decode(bytes));
    let mut sealed = Vec::new();
    line::seal(&mut sealed, bytes);
    match line::decode(sealed.trim_ascii_end()) {
        Some(Line::Letter(_, letter)) => assert_eq!(written_and_read(&letter), letter),
        Some(Line::Removed(names)) => {
            let mut notes = Vec::new();
            line::encode_removed(&mut notes, &names).expect("names are JSON");
            let read = notes.split(|byte| *byte == b'\n').filter_map(line::decode);
            let read = read.flat_map(|line| if let Line::Removed(names) = line { names } else { Vec::new() });
            assert_eq!(read.collect::<Vec<_>>(), names);
        }
        Some(Line::Newer) | None => {}
    }
    let letter = letter_of(bytes);
    assert_eq!(written_and_read(&letter), letter);
}

fn written_and_read(letter: &DeadLetter) -> DeadLetter {
    let mut line = Vec::new();
    line::encode(&mut line, letter).expect("a letter is JSON");
    assert_eq!(line.pop(), Some(b'\n'));
    let text = std::str::from_utf8(&line).expect("JSON is UTF-8");
    assert!(!text.contains(['\n', '\r', '\u{2028}', '\u{202e}']), "one line: {text}");
    serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    let Some(Line::Letter(_, letter)) = line::decode(&line) else { panic!("what we wrote is readable") };
    letter
}

/// The first line is `destination.json`, the others are a dead process's file, each under a right checksum where it
/// begins with `{`. Beside them lies a letter of ours. It is listed whatever they are, what is listed can be removed,
/// and then it stays removed for whoever looks next.
pub(crate) fn files(bytes: &[u8]) {
    let root = Scratch::new();
    let ours = letter_of(br#"{"id":"0199b1c0-0000-7000-8000-00000000000a"}"#);
    std::fs::create_dir(root.path()).expect("a disk");
    let files = DeadLetterFiles::new(root.path(), &ours.destination, WriterId::mint());
    files.append(std::slice::from_ref(&ours)).expect("a disk");
    scatter(&files.dir, bytes);
    drop(files);

    let everything = DeadLetterQuery::all();
    let letters = DeadLetterDirectory::open(root.path()).expect("a letter says whose these are");
    let list = || letters.list(&everything).expect("damage is no error");
    let found: Vec<DeadLetter> = list().map(|letter| letter.expect("indexed")).collect();
    assert!(found.iter().any(|letter| letter.id == ours.id), "a line of somebody else's costs no letter");
    assert_eq!(letters.purge(&everything).expect("a disk"), found.len() as u64);
    assert_eq!(list().len(), 0);
    let whoever_looks_next = DeadLetterFiles::new(root.path(), &ours.destination, WriterId::mint());
    assert_eq!(whoever_looks_next.list().expect("damage is no error").len(), 0);
}

fn scatter(dir: &Path, bytes: &[u8]) {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    std::fs::write(dir.join("destination.json"), lines.next().unwrap_or_default()).expect("a disk");
    let mut text = Vec::new();
    for line in lines {
        if line.starts_with(b"{") {
            line::seal(&mut text, line);
        } else {
            text.extend_from_slice(line);
            text.push(b'\n');
        }
    }
    std::fs::write(dir.join("another.jsonl"), text).expect("a disk");
}
