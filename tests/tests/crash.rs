//! Acknowledged means durable: a server under load is killed with SIGKILL at random moments, again and again over the
//! same data, and afterwards the store is read.
//!
//! What a client got a 2xx for must be there; nothing may be there twice. What was under way may be there or not.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on should stop right there, with a backtrace"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use lodger_store::{Query, Store};

/// How often each server is killed.
const KILLS: usize = 20;

/// How many clients work at the same time, so that a commit has company.
const CLIENTS: usize = 4;

/// A server lives until this many requests were acknowledged, at most.
const MAX_ACKNOWLEDGED: u64 = 300;

/// Bounds what a hanging server can cost; no result depends on it.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn axum_loses_nothing_that_was_acknowledged() {
    loses_nothing("axum");
}

#[test]
fn actix_loses_nothing_that_was_acknowledged() {
    loses_nothing("actix");
}

fn loses_nothing(framework: &str) {
    let data = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 0..KILLS {
        acknowledged.extend(until_killed(framework, data.path(), round));
    }
    let drained = server("drain", data.path()).wait().unwrap();
    assert!(drained.success(), "what the dead left could not be delivered: {drained}");

    let stored = stored(data.path());
    let lost: Vec<_> = acknowledged.iter().filter(|id| !stored.contains_key(*id)).collect();
    let doubled: Vec<_> = stored.iter().filter(|(_, times)| **times > 1).collect();
    assert!(lost.is_empty(), "of {} acknowledged, lost: {lost:?}", acknowledged.len());
    assert!(doubled.is_empty(), "of {} stored, more than once: {doubled:?}", stored.len());
    // Without this, a server that acknowledges nothing would pass.
    assert!(acknowledged.len() >= KILLS, "only {} requests were acknowledged", acknowledged.len());
}

/// Starts a server, loads it, kills it after a random number of acknowledgements, and says which there were.
fn until_killed(framework: &str, data: &Path, round: usize) -> Vec<String> {
    let mut server = server(framework, data);
    let mut address = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let (acknowledge, acknowledged) = channel();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (address, acknowledge) = (address.trim().to_owned(), acknowledge.clone());
            std::thread::spawn(move || work(&address, &format!("{round}-{client}"), &acknowledge))
        })
        .collect();
    drop(acknowledge);

    let enough = 1 + RandomState::new().build_hasher().finish() % MAX_ACKNOWLEDGED;
    let mut ids = take(&acknowledged, enough);
    server.kill().unwrap();
    server.wait().unwrap();
    for client in clients {
        client.join().unwrap();
    }
    // What was on its way to us when the server died counts like the rest.
    ids.extend(acknowledged);
    ids
}

fn take(acknowledged: &Receiver<String>, enough: u64) -> Vec<String> {
    (0..enough)
        .map(|_| acknowledged.recv_timeout(PATIENCE).expect("the server answers nothing any more"))
        .collect()
}

fn server(role: &str, data: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_crash-server"))
        .arg(role)
        .env("LODGER_DESTINATION", format!("store:{}", data.join("store").display()))
        .env("LODGER_JOURNAL_DIR", data.join("journal"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// One request after the other on one connection, until it breaks. Says which were acknowledged.
fn work(address: &str, name: &str, acknowledge: &Sender<String>) {
    let Ok(mut stream) = TcpStream::connect(address) else { return };
    for number in 0.. {
        let id = format!("{name}-{number}");
        let request = format!("POST /orders/{id} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n");
        if stream.write_all(request.as_bytes()).is_err() {
            return;
        }
        match status(&mut stream) {
            Some(201) => acknowledge.send(id).unwrap(),
            Some(other) => panic!("{id}: expected 201, got {other}"),
            None => return,
        }
    }
}

/// The status of the next response, which has no body. `None` when the connection breaks before its end.
fn status(stream: &mut TcpStream) -> Option<u16> {
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) => return None,
            Ok(read) => head.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    String::from_utf8(head).unwrap().split(' ').nth(1)?.parse().ok()
}

/// How often each order is in the store, whose chain must be whole.
fn stored(data: &Path) -> BTreeMap<String, usize> {
    let store = Store::open(data.join("store")).unwrap();
    let report = store.verify().unwrap();
    assert!(report.is_intact(), "{report:?}");
    let mut times = BTreeMap::new();
    let mut query = Query::new().oldest_first().limit(500);
    loop {
        let page = store.query(&query).unwrap();
        for entry in page.entries {
            *times.entry(entry.event.target.id).or_default() += 1;
        }
        match page.next {
            Some(next) => query = query.after(next),
            None => return times,
        }
    }
}
