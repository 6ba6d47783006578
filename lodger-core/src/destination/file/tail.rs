//! What stands at the end of a file of events.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use serde::Deserialize;

use crate::event::EventId;

/// How much of the end is read, in bytes. An event has at most 64 KiB, so its whole line is always in it.
const WINDOW: u64 = 1024 * 1024;

/// The end of a file.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::destination) struct Tail {
    /// The events in the window, oldest first.
    pub(in crate::destination) ids: Vec<EventId>,
    /// The length of the file without what a crash tore.
    pub(in crate::destination) whole: u64,
    /// Whether the last event is whole but lacks its line break.
    pub(in crate::destination) unfinished: bool,
}

#[derive(Deserialize)]
struct Line {
    id: EventId,
}

/// Reads the end of a file. `None` when it holds something else than events; nobody's file is cut by mistake.
pub(super) fn read(file: &mut File) -> io::Result<Option<Tail>> {
    let length = file.metadata()?.len();
    let start = length.saturating_sub(WINDOW);
    file.seek(SeekFrom::Start(start))?;
    let mut window = Vec::new();
    file.by_ref().take(length - start).read_to_end(&mut window)?;
    Ok(scan(&window, start))
}

/// `start` is where in the file the window begins.
pub(in crate::destination) fn scan(window: &[u8], start: u64) -> Option<Tail> {
    let after_last_break = window.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let (lines, torn) = window.split_at(after_last_break);
    let mut whole_lines = 0;
    let mut ids = Vec::new();
    for (number, line) in lines.split_inclusive(|&byte| byte == b'\n').enumerate() {
        if number == 0 && start > 0 {
            continue; // its beginning may lie before the window
        }
        whole_lines += 1;
        ids.extend(id_of(line));
    }
    let events_only = whole_lines == 0 || !ids.is_empty();
    let mut tail = Tail { ids, whole: start + after_last_break as u64, unfinished: false };
    match torn.first() {
        None => return events_only.then_some(tail),
        // A line that begins before the window is longer than any event.
        Some(_) if after_last_break == 0 && start > 0 => return None,
        // Some file systems leave zeros where data did not reach the disk.
        Some(b'{' | 0) if events_only => {}
        Some(_) => return None,
    }
    if let Some(id) = id_of(torn) {
        tail.ids.push(id);
        tail.whole += torn.len() as u64;
        tail.unfinished = true;
    } else if serde_json::from_slice::<serde_json::Value>(torn).is_ok() {
        return None; // whole, but no event
    }
    Some(tail)
}

fn id_of(line: &[u8]) -> Option<EventId> {
    serde_json::from_slice::<Line>(line).ok().map(|line| line.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = r#"{"action":"a","id":"0199b1c0-0000-7000-8000-00000000000a"}"#;
    const B: &str = r#"{"action":"b","id":"0199b1c0-0000-7000-8000-00000000000b"}"#;

    fn ids(lines: &[&str]) -> Vec<EventId> {
        lines.iter().map(|line| id_of(line.as_bytes()).unwrap()).collect()
    }

    fn found(text: &str) -> Option<Tail> {
        scan(text.as_bytes(), 0)
    }

    #[test]
    fn whole_lines_are_kept() {
        let text = format!("{A}\n{B}\n");
        let whole = text.len() as u64;
        assert_eq!(found(&text), Some(Tail { ids: ids(&[A, B]), whole, unfinished: false }));
        assert_eq!(found(""), Some(Tail { ids: Vec::new(), whole: 0, unfinished: false }));
    }

    #[test]
    fn a_torn_line_is_cut_at_every_length() {
        for torn in 1..B.len() {
            let text = format!("{A}\n{}", &B[..torn]);
            let whole = A.len() as u64 + 1;
            assert_eq!(found(&text), Some(Tail { ids: ids(&[A]), whole, unfinished: false }), "{torn}");
        }
        assert_eq!(found("{\"a").unwrap().whole, 0);
        assert_eq!(found(&format!("{A}\n\0\0\0")).unwrap().whole, A.len() as u64 + 1);
    }

    #[test]
    fn an_event_that_lacks_only_its_line_break_is_kept() {
        let text = format!("{A}\n{B}");
        assert_eq!(
            found(&text),
            Some(Tail { ids: ids(&[A, B]), whole: text.len() as u64, unfinished: true })
        );
    }

    #[test]
    fn a_damaged_line_in_between_is_nobodys_business() {
        let text = format!("{A}\n\0\0}}\n{B}\n");
        assert_eq!(found(&text).unwrap().ids, ids(&[A, B]));
    }

    #[test]
    fn a_file_of_something_else_is_not_ours() {
        for text in [
            "root:x:0:0\n",
            "hello",
            "{\n  \"port\": 80\n}\n",
            "{\"port\":80}",
            "{\"port\":80}\n",
            "\u{7f}ELF",
        ] {
            assert_eq!(found(text), None, "{text:?}");
        }
        assert_eq!(scan(&[b'x'; 100], 5), None, "a line longer than the window");
    }

    #[test]
    fn the_first_line_of_a_window_may_be_half() {
        let text = format!("{}\n{B}\n", &A[10..]);
        let whole = 1000 + text.len() as u64;
        assert_eq!(scan(text.as_bytes(), 1000), Some(Tail { ids: ids(&[B]), whole, unfinished: false }));
    }
}
