use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::*;
use crate::event::Event;

struct Scratch {
    // Held for its Drop.
    _directory: tempfile::TempDir,
    path: PathBuf,
}

fn scratch() -> Scratch {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.jsonl");
    Scratch { _directory: directory, path }
}

fn delivery(action: &'static str) -> Delivery {
    let mut event = Event::builder("placeholder").build().unwrap();
    // Set by hand: a destination must bear what an older version or another program let through.
    event.action = action.into();
    let event = Arc::new(event);
    let bytes = event.to_canonical_json().unwrap();
    Delivery::new(event, bytes.into())
}

fn settled(delivery: &Delivery) -> Answer {
    Answer::Settled(Receipt::new(delivery.id(), "file"))
}

fn repeat(delivery: &Delivery) -> Answer {
    Answer::Settled(Receipt::new(delivery.id(), "file").as_repeat())
}

fn actions(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str::<Event>(line).unwrap().action.into_owned()).collect()
}

/// The finished files beside `path`, oldest first.
fn finished(path: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|file| file != path)
        .collect();
    files.sort();
    files
}

#[test]
fn a_line_is_the_canonical_event() {
    let at = scratch();
    let batch = [delivery("a.b"), delivery("c.d")];
    let file = FileDestination::open(&at.path).unwrap();
    assert_eq!(file.write(&batch), [settled(&batch[0]), settled(&batch[1])]);
    let expected = [&*batch[0].bytes, b"\n", &*batch[1].bytes, b"\n"].concat();
    assert_eq!(fs::read(&at.path).unwrap(), expected);
}

#[test]
fn an_event_is_not_written_twice() {
    let at = scratch();
    let batch = [delivery("a.b"), delivery("c.d")];
    let file = FileDestination::open(&at.path).unwrap();
    file.write(&batch[..1]);
    assert_eq!(file.write(&batch), [repeat(&batch[0]), settled(&batch[1])]);
    drop(file);
    let again = FileDestination::open(&at.path).unwrap();
    assert_eq!(again.write(&batch), [repeat(&batch[0]), repeat(&batch[1])]);
    let twice = delivery("e.f");
    assert_eq!(again.write(&[twice.clone(), twice.clone()]), [settled(&twice), settled(&twice)]);
    assert_eq!(actions(&at.path), ["a.b", "c.d", "e.f"]);
}

#[test]
fn a_torn_last_line_is_repaired_and_its_event_written_whole() {
    let at = scratch();
    let batch = [delivery("a.b"), delivery("c.d")];
    FileDestination::open(&at.path).unwrap().write(&batch);
    let whole = fs::metadata(&at.path).unwrap().len();
    OpenLen(&at.path).cut(whole - 10);
    let file = FileDestination::open(&at.path).unwrap();
    assert_eq!(file.write(&batch), [repeat(&batch[0]), settled(&batch[1])]);
    assert_eq!(actions(&at.path), ["a.b", "c.d"]);
}

struct OpenLen<'a>(&'a Path);

impl OpenLen<'_> {
    fn cut(&self, length: u64) {
        fs::OpenOptions::new().write(true).open(self.0).unwrap().set_len(length).unwrap();
    }
}

#[test]
fn a_full_file_is_renamed_and_a_new_one_begins() {
    let at = scratch();
    let batch = [delivery("a.b"), delivery("c.d"), delivery("e.f")];
    let two_lines = (batch[0].bytes.len() + batch[1].bytes.len() + 2) as u64;
    let file = FileDestination::open(&at.path).unwrap().rotate_at(two_lines);
    for delivery in &batch {
        assert_eq!(file.write(std::slice::from_ref(delivery)), [settled(delivery)]);
    }
    let old = finished(&at.path);
    assert_eq!(old.len(), 1, "{old:?}");
    assert_eq!(actions(&old[0]), ["a.b", "c.d"]);
    assert_eq!(actions(&at.path), ["e.f"]);
    let name = old[0].file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("audit.2") && name.ends_with("Z.jsonl"), "{name}");
    assert_eq!(file.write(&batch[..1]), [repeat(&batch[0])], "recognised across the rotation");
}

#[test]
fn rotating_again_and_again_overwrites_nothing() {
    let at = scratch();
    let file = FileDestination::open(&at.path).unwrap().rotate_at(1);
    for _ in 0..20 {
        file.write(&[delivery("a.b")]);
    }
    assert_eq!(finished(&at.path).len(), 19);
}

#[test]
fn a_character_that_breaks_lines_does_not_break_this_one() {
    let at = scratch();
    let file = FileDestination::open(&at.path).unwrap();
    file.write(&[delivery("a\u{2028}b\u{85}c\nd")]);
    let text = fs::read_to_string(&at.path).unwrap();
    assert!(!text.contains(['\u{2028}', '\u{85}']), "{text:?}");
    assert_eq!(actions(&at.path), ["a\u{2028}b\u{85}c\nd"]);
}

#[test]
fn a_file_that_was_moved_or_removed_is_made_anew() {
    let at = scratch();
    let file = FileDestination::open(&at.path).unwrap();
    file.write(&[delivery("a.b")]);
    let moved = at.path.with_file_name("moved");
    fs::rename(&at.path, &moved).unwrap();
    file.write(&[delivery("c.d")]);
    assert_eq!(actions(&moved), ["a.b"]);
    assert_eq!(actions(&at.path), ["c.d"]);
    fs::remove_file(&at.path).unwrap();
    file.write(&[delivery("e.f")]);
    assert_eq!(actions(&at.path), ["e.f"]);
}

#[test]
fn a_file_that_was_emptied_under_us_is_no_reason_to_write_holes() {
    let at = scratch();
    let file = FileDestination::open(&at.path).unwrap();
    file.write(&[delivery("a.b")]);
    OpenLen(&at.path).cut(0);
    file.write(&[delivery("c.d")]);
    assert_eq!(actions(&at.path), ["c.d"]);
}

#[test]
fn a_file_of_something_else_is_refused_and_left_alone() {
    let at = scratch();
    fs::write(&at.path, "{\"port\":80}").unwrap();
    let error = FileDestination::open(&at.path).unwrap_err();
    assert!(matches!(error, FileError::NotEvents(_)), "{error}");
    assert_eq!(fs::read_to_string(&at.path).unwrap(), "{\"port\":80}");
    let error = FileDestination::open(at.path.parent().unwrap()).unwrap_err();
    assert!(matches!(error, FileError::NotAFile(_)), "{error}");
}

#[test]
fn a_file_in_use_is_refused() {
    let at = scratch();
    let first = FileDestination::open(&at.path).unwrap();
    let error = FileDestination::open(&at.path).unwrap_err();
    assert!(error.to_string().contains("give each process a file of its own"), "{error}");
    drop(first);
    FileDestination::open(&at.path).unwrap();
}

#[cfg(unix)]
#[test]
fn files_and_directories_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let at = scratch();
    let path = at.path.with_file_name("new").join("audit.jsonl");
    let file = FileDestination::open(&path).unwrap().rotate_at(1);
    file.write(&[delivery("a.b")]);
    file.write(&[delivery("c.d")]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&finished(&path)[0]), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_refused_whatever_it_leads_to() {
    let at = scratch();
    let real = at.path.with_file_name("real.jsonl");
    for exists in [false, true] {
        if exists {
            fs::write(&real, "").unwrap();
        }
        std::os::unix::fs::symlink(&real, &at.path).unwrap();
        let error = FileDestination::open(&at.path).unwrap_err();
        assert!(matches!(error, FileError::Symlink(_)), "{error}");
        assert_eq!(real.exists(), exists);
        fs::remove_file(&at.path).unwrap();
    }
}

#[test]
fn what_could_not_be_opened_is_asked_for_again() {
    let at = scratch();
    let file = FileDestination::open(&at.path).unwrap();
    let event = delivery("a.b");
    let directory = at.path.parent().unwrap().to_owned();
    fs::remove_dir_all(&directory).unwrap();
    fs::write(&directory, "in the way").unwrap();
    let answers = file.write(std::slice::from_ref(&event));
    assert!(matches!(&answers[0], Answer::Retry { after: None, .. }), "{answers:?}");
    fs::remove_file(&directory).unwrap();
    assert_eq!(file.write(std::slice::from_ref(&event)), [settled(&event)]);
    assert_eq!(actions(&at.path), ["a.b"]);
}

/// The device refuses every write with "no space left".
#[cfg(target_os = "linux")]
#[test]
fn what_a_full_disk_refused_leaves_no_trace_and_is_written_later() {
    for (rotate_at, rotated) in [(ROTATE_AT, false), (1, true)] {
        let at = scratch();
        let file = FileDestination::open(&at.path).unwrap().rotate_at(rotate_at);
        let batch = [delivery("a.b"), delivery("c.d")];
        file.write(&batch[..1]);
        let swap = |to: fs::File| file.lines.lock().unwrap().as_mut().unwrap().swap_file(to);
        let usable = swap(fs::OpenOptions::new().append(true).open("/dev/full").unwrap());
        let refused =
            file.lines.lock().unwrap().as_mut().unwrap().append(b"{}\n", &[batch[1].id()], ROTATE_AT);
        assert!(refused.unwrap_err().to_string().contains("can't write"));
        swap(usable);
        // What a write that failed half way leaves.
        fs::OpenOptions::new().append(true).open(&at.path).unwrap().write_all(b"{\"acti").unwrap();
        assert_eq!(file.write(&batch), [repeat(&batch[0]), settled(&batch[1])]);
        if rotated {
            assert_eq!(actions(&finished(&at.path)[0]), ["a.b"]);
            assert_eq!(actions(&at.path), ["c.d"]);
        } else {
            assert_eq!(actions(&at.path), ["a.b", "c.d"]);
        }
    }
}
