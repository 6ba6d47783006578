//! Standard output, which is another program's input: seen from outside of the process only.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A process that records for its standard output.
struct Process {
    child: Child,
    lines: Box<dyn Iterator<Item = String>>,
    /// The events that it acknowledged, and those that it wrote, one for each copy.
    acknowledged: Vec<String>,
    written: Vec<String>,
}

impl Process {
    fn start(journal: &Path, events: usize) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_recorder"))
            .arg("--journal")
            .arg(journal)
            .args(["--destination", "stdout:json", "--events", &events.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        Self { child, lines: Box::new(lines), acknowledged: Vec::new(), written: Vec::new() }
    }

    /// Listens until this holds, or it has nothing more to say. Answers the report of its end, if it came to that.
    fn hear(&mut self, until: impl Fn(&Self) -> bool) -> Option<Value> {
        let mut report = None;
        while !until(self) {
            let Some(line) = self.lines.next() else { break };
            if let Some(id) = line.strip_prefix("ok ") {
                self.acknowledged.push(id.to_owned());
            } else if line.starts_with('{') {
                // The last line may be torn, which is no event to whoever reads it.
                let event: Value = serde_json::from_str(&line).unwrap_or_default();
                self.written.extend(event["id"].as_str().map(str::to_owned));
            } else if let Some(json) = line.strip_prefix("report ") {
                report = Some(serde_json::from_str(json).unwrap());
            }
        }
        report
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn nothing_is_lost_when_the_process_is_killed_while_it_delivers_and_what_may_be_there_twice_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal");
    let mut first = Process::start(&journal, 1_000);
    first.hear(|process| process.acknowledged.len() >= 100);
    first.child.kill().unwrap();
    first.hear(|_| false);

    let mut second = Process::start(&journal, 0);
    writeln!(second.child.stdin.as_ref().unwrap(), "stop").unwrap();
    let report = second.hear(|_| false).unwrap();
    let written: Vec<&String> = first.written.iter().chain(&second.written).collect();
    let there: BTreeSet<&String> = written.iter().copied().collect();
    let missing: Vec<_> = first.acknowledged.iter().filter(|id| !there.contains(id)).collect();
    assert_eq!(missing, Vec::<&String>::new());
    let copies = (written.len() - there.len()) as u64;
    let counted = report["destinations"][0]["possibleDuplicates"].as_u64().unwrap();
    assert!(copies <= counted, "{copies} copies too many: {report}");
    assert_eq!(counted, second.written.len() as u64, "whatever was left may have been written");
}
