//! The operator's command, as a person uses it: a process of its own, over a journal that a live process has open.

#![cfg(feature = "journal")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic, its helpers too")]

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::client::{DeadLetterDirectory, DeadLetterQuery};
use lodger_core::destination::{Answer, BoxFuture, Delivery, Destination, Identity, Refusal};
use lodger_core::event::{Event, EventId, Target};
use lodger_core::journal::{JournalConfig, Opened, Routes, open};
use serde_json::Value;

/// Refuses everything, in the name of the file to which the command delivers.
#[derive(Debug)]
struct Refusing(Identity);

impl Destination for Refusing {
    fn identity(&self) -> Identity {
        self.0.clone()
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        let refused = || Answer::Refused(Refusal::http(422, "no\nsuch \u{202e}project"));
        Box::pin(async move { batch.iter().map(|_| refused()).collect() })
    }
}

/// A journal of a service, and where the service delivers to.
struct Place {
    scratch: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { scratch: tempfile::tempdir().unwrap() }
    }

    fn journal(&self) -> PathBuf {
        self.scratch.path().join("journal")
    }

    fn delivered(&self) -> PathBuf {
        self.scratch.path().join("delivered.jsonl")
    }

    fn file(&self) -> Identity {
        Identity::new("file", self.delivered().display().to_string())
    }

    /// A running service whose destination refuses everything.
    fn service(&self) -> Lodger {
        Lodger::builder().destination(Refusing(self.file())).journal_dir(self.journal()).build().unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        command()
            .args(arguments)
            .env("LODGER_DESTINATION", format!("file:{}", self.delivered().display()))
            .output()
            .unwrap()
    }

    /// Sends all dead letters again. False when another process has the file that they go to.
    fn retried(&self) -> bool {
        let journal = self.journal().display().to_string();
        let output = self.run(&["retry", journal.as_str(), "--all", "--within", "20"]);
        let busy = String::from_utf8_lossy(&output.stderr).contains("in use by another process");
        assert!(output.status.success() || busy, "{output:?}");
        !busy
    }

    /// Runs a command on the journal that has to succeed.
    fn said(&self, action: &str, arguments: &[&str]) -> String {
        let journal = self.journal().display().to_string();
        let output = self.run(&[&[action, journal.as_str()], arguments].concat());
        assert!(output.status.success(), "{action}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command on the journal that has to fail; what it says.
    fn refused(&self, action: &str, arguments: &[&str]) -> String {
        let journal = self.journal().display().to_string();
        let output = self.run(&[&[action, journal.as_str()], arguments].concat());
        assert!(!output.status.success(), "{action}: {output:?}");
        String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap()
    }

    fn status(&self) -> Value {
        serde_json::from_str(&self.said("status", &["--json"])).unwrap()
    }

    fn delivered_ids(&self) -> HashSet<String> {
        let text = fs::read_to_string(self.delivered()).unwrap_or_default();
        let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
        text.lines().map(id).collect()
    }
}

fn command() -> Command {
    // Cargo builds examples with the tests of their package, and tells nobody where.
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.extend(["examples", "journal"]);
    assert!(path.exists(), "cargo build -p lodger-core --example journal");
    let mut command = Command::new(path);
    command.env_remove("LODGER_API_KEY").env_remove("LODGER_JOURNAL_DIR");
    command
}

fn event(action: &'static str) -> Event {
    Event::builder(action).target(Target::new("invoice", 7)).build().unwrap()
}

async fn refuse(service: &Lodger, number: usize) -> Vec<EventId> {
    let mut ids = Vec::new();
    for _ in 0..number {
        let event = event("invoice.update");
        ids.push(event.id);
        service.event(event).await.unwrap_err();
    }
    ids
}

/// What a process leaves that dies with these events undelivered.
fn leave_behind(journal: &Path, destination: Identity, number: usize) -> Vec<EventId> {
    let Opened { mut writer, .. } = open(&JournalConfig::at(journal), &[destination]).unwrap();
    let events: Vec<Event> = (0..number).map(|_| event("order.ship")).collect();
    for event in &events {
        writer.append(&event.to_canonical_json().unwrap(), Routes::all(1)).unwrap();
    }
    writer.commit().unwrap();
    events.iter().map(|event| event.id).collect()
}

fn texts(ids: &[EventId]) -> HashSet<String> {
    ids.iter().map(EventId::to_string).collect()
}

#[tokio::test]
async fn status_tells_what_is_live_left_behind_damaged_and_dead() {
    let place = Place::new();
    let service = place.service();
    refuse(&service, 3).await;
    leave_behind(&place.journal(), Identity::new("gone", "https://x\n"), 2);
    let damaged = place.journal().join("damaged");
    fs::create_dir_all(&damaged).unwrap();
    fs::write(damaged.join("some.seg"), "12345").unwrap();

    let status = place.status();
    let writers = status["writers"].as_array().unwrap();
    assert_eq!(writers.len(), 2);
    let of = |live: bool| writers.iter().find(|writer| writer["live"] == live).unwrap();
    assert_eq!(of(true)["pid"], std::process::id());
    assert_eq!(of(true)["destinations"][0]["destination"]["kind"], "file");
    assert_eq!(of(true)["destinations"][0]["pending"], 0);
    assert_eq!(of(false)["destinations"][0]["pending"], 2);
    assert_eq!(of(false)["leftAlone"], Value::Null);
    assert_eq!(status["damaged"][0]["bytes"], 5);
    assert_eq!(status["deadLetters"][0]["letters"], 3);
    assert_eq!(status["deadLetters"][0]["destination"]["kind"], "file");

    let text = place.said("status", &[]);
    for part in ["  live  ", "  left behind  ", "2 pending  gone:https://x\\n", "some.seg", "  3  file:"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    service.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn list_and_export_read_beside_a_running_service() {
    let place = Place::new();
    let service = place.service();
    let ids = refuse(&service, 3).await;

    let listed = place.said("list", &[]);
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(!listed.contains('\u{202e}'), "{listed:?}");
    for (line, id) in lines.iter().zip(&ids) {
        assert!(line.starts_with(&format!("{id}  ")), "{line}");
        assert!(line.contains("  422  \"no\\nsuch \\u{202e}project\"  invoice.update  invoice 7"), "{line}");
    }
    assert_eq!(place.said("list", &["--destination", "file"]), listed);
    let error = place.refused("list", &["--destination", "webhook"]);
    assert!(error.contains("no destination is named \"webhook\"; there are: file:"), "{error}");

    let exported = place.said("export", &[]);
    for (line, id) in exported.lines().zip(&ids) {
        let line: Value = serde_json::from_str(line).unwrap();
        let event: Event = serde_json::from_value(line["event"].clone()).unwrap();
        assert_eq!((event.id, line["tries"].as_u64()), (*id, Some(1)));
    }
    assert_eq!(service.dead_letters().unwrap().len(), 3, "they stay what they are");
    service.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn what_is_purged_is_never_delivered_and_what_is_sent_again_arrives_once() {
    let place = Place::new();
    let service = place.service();
    let ids = refuse(&service, 6).await;

    let asked = place.refused("purge", &["--all"]);
    assert!(asked.contains("6 dead letters would be purged") && asked.contains("--yes"), "{asked}");
    assert!(place.refused("purge", &[]).contains("--all"));
    assert_eq!(place.said("purge", &["--older-than", "1", "--yes"]), "purged 0\n");
    assert_eq!(place.said("purge", &[&ids[0].to_string(), &ids[1].to_string(), "--yes"]), "purged 2\n");
    assert_eq!(service.dead_letters().unwrap().len(), 4, "the running service knows");

    let unknown = place.refused("retry", &[&ids[0].to_string()]);
    assert!(unknown.contains("no dead letters: ") && unknown.contains("`list`"), "{unknown}");
    let said = place.said("retry", &[&ids[2].to_string(), "--within", "20"]);
    assert_eq!(said, "delivered 1, refused again 0, not answered in time 0\n");
    assert_eq!(
        place.said("retry", &["--all", "--within", "20"]),
        "delivered 3, refused again 0, not answered in time 0\n"
    );
    assert_eq!(place.delivered_ids(), texts(&ids[2..]));
    assert_eq!(service.dead_letters().unwrap(), []);
    assert_eq!(place.said("retry", &["--all"]), "there are no dead letters\n");
    service.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn two_that_purge_and_send_at_once_lose_nothing_and_deliver_nothing_that_was_purged_before() {
    let place = Place::new();
    let service = place.service();
    let ids = refuse(&service, 8).await;
    let purged: Vec<String> = ids[..3].iter().map(EventId::to_string).collect();
    let mut arguments: Vec<&str> = purged.iter().map(String::as_str).collect();
    arguments.push("--yes");
    place.said("purge", &arguments);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            // Either may find that the other one was faster, also with the destination's file, which is one process's.
            scope.spawn(|| while !place.retried() {});
        }
    });
    assert_eq!(place.delivered_ids(), texts(&ids[3..]));
    assert_eq!(service.dead_letters().unwrap(), []);
    service.shutdown(Duration::from_secs(5)).await;
}

#[test]
fn what_was_left_behind_for_a_destination_that_is_gone_becomes_dead_letters() {
    let place = Place::new();
    let gone = Identity::new("gone", "https://x");
    let ids = leave_behind(&place.journal(), gone.clone(), 4);
    let error = place.refused("detach", &["nowhere"]);
    assert!(error.contains("there are: gone:https://x"), "{error}");
    assert_eq!(place.said("detach", &["gone:https://x"]), "4 events are dead letters now\n");
    let letters = DeadLetterDirectory::open(place.journal()).unwrap();
    let found = letters.list(&DeadLetterQuery::all().destination(gone)).unwrap();
    assert_eq!(found.map(|letter| letter.unwrap().id).collect::<HashSet<_>>(), ids.into_iter().collect());
    assert_eq!(
        place.status()["writers"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|writer| {
                writer["destinations"].as_array().unwrap().iter().map(|one| one["pending"].as_u64().unwrap())
            })
            .sum::<u64>(),
        0
    );
    let said = place.refused("retry", &["--all", "--within", "5"]);
    assert!(said.contains("4 are for gone:https://x, which LODGER_DESTINATION doesn't name"), "{said}");
}

#[test]
fn letters_of_the_largest_events_are_all_sent_again() {
    let place = Place::new();
    let large = || {
        let event = Event::builder("order.ship").metadata("text", "x".repeat(60_000));
        event.target(Target::new("invoice", 7)).build().unwrap()
    };
    // Twice what a client takes up at once.
    let events: Vec<Event> = (0..280).map(|_| large()).collect();
    let Opened { mut writer, backlogs, .. } =
        open(&JournalConfig::at(place.journal()), &[place.file()]).unwrap();
    for event in &events {
        writer.append(&event.to_canonical_json().unwrap(), Routes::all(1)).unwrap();
    }
    writer.commit().unwrap();
    drop((writer, backlogs));
    place.said("detach", &[&place.file().to_string()]);
    assert!(place.said("retry", &["--all", "--within", "15"]).contains("delivered 280, refused again 0"));
    assert_eq!(place.delivered_ids().len(), 280);
}

#[test]
fn a_wrong_directory_is_an_error_that_says_what_to_do_and_stays_as_it_is() {
    let place = Place::new();
    let purge = ["--all", "--yes"];
    let others: [(&str, &[&str]); 5] =
        [("status", &[]), ("list", &[]), ("export", &[]), ("retry", &["--all"]), ("detach", &["file"])];
    for (action, arguments) in others.into_iter().chain([("purge", purge.as_slice())]) {
        let error = place.refused(action, arguments);
        assert!(error.contains("there is no journal in") && error.contains("LODGER_JOURNAL_DIR"), "{error}");
        assert!(!place.journal().exists(), "{action} made it");
    }
    fs::create_dir(place.journal()).unwrap();
    assert!(place.refused("status", &[]).contains("there is no journal in"));
    assert_eq!(fs::read_dir(place.journal()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_damaged_letter_is_said_and_the_others_are_listed() {
    let place = Place::new();
    let service = place.service();
    refuse(&service, 3).await;
    service.shutdown(Duration::from_secs(5)).await;
    drop(service);
    let dir = fs::read_dir(place.journal().join("dead")).unwrap().next().unwrap().unwrap().path();
    let mut files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let file = files.find(|path| path.extension().is_some_and(|extension| extension == "jsonl")).unwrap();
    let mut bytes = fs::read(&file).unwrap();
    bytes[60] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let said = place.refused("list", &[]);
    assert!(said.contains("can't be read; they are kept"), "{said}");
    assert_eq!(said.matches("invoice.update").count(), 2);
    assert_eq!(place.status()["deadLetters"][0]["damage"].as_array().unwrap().len(), 1);
    assert_eq!(fs::read(&file).unwrap(), bytes);
}
