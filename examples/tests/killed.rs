//! The quickstarts under SIGKILL: each is killed ten times at random moments under load, over the same data, and
//! afterwards its store is read. What a client got a 201 for is there, and nothing is there twice.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop right there, with a backtrace")]

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use lodger_store::{Query, Store};

const KILLS: usize = 10;
const CLIENTS: usize = 4;

#[test]
fn the_quickstart_on_axum_loses_nothing_that_it_acknowledged() {
    loses_nothing(env!("CARGO_BIN_EXE_quickstart"));
}

#[test]
fn the_quickstart_on_actix_loses_nothing_that_it_acknowledged() {
    loses_nothing(env!("CARGO_BIN_EXE_quickstart-actix"));
}

fn loses_nothing(program: &str) {
    let data = tempfile::tempdir().unwrap();
    let acknowledged: Vec<String> =
        (0..KILLS).flat_map(|round| until_killed(program, data.path(), round)).collect();
    // The next start delivers what the dead left, and waits for it before it shows its own events.
    assert!(quickstart(program, data.path()).arg("--once").status().unwrap().success());

    let stored = stored(data.path());
    let wrong: Vec<_> = acknowledged.iter().filter(|id| stored.get(*id) != Some(&1)).collect();
    assert!(wrong.is_empty(), "of {} acknowledged, lost or doubled: {wrong:?}", acknowledged.len());
    let doubled: Vec<_> = stored.iter().filter(|(_, times)| **times > 1).collect();
    assert!(doubled.is_empty(), "more than once: {doubled:?}");
    // Without this, a service that acknowledges nothing would pass.
    assert!(acknowledged.len() >= KILLS, "only {} requests were acknowledged", acknowledged.len());
}

fn quickstart(program: &str, data: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["--json", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Starts the quickstart, loads it, kills it after a random time, and says what it acknowledged.
fn until_killed(program: &str, data: &Path, round: usize) -> Vec<String> {
    let mut child = quickstart(program, data).stderr(Stdio::piped()).spawn().unwrap();
    let address = address(&mut child);
    let (acknowledge, acknowledged) = channel();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (address, acknowledge) = (address.clone(), acknowledge.clone());
            thread::spawn(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                let ids = (0..).map(|number| format!("kill-{round}-{client}-{number}"));
                ids.take_while(|id| create(&mut stream, id)).for_each(|id| acknowledge.send(id).unwrap());
            })
        })
        .collect();
    drop(acknowledge);
    // The first answer says that the load is on; the moment after it is random.
    let first = acknowledged.recv_timeout(Duration::from_secs(20)).unwrap();
    thread::sleep(Duration::from_millis(RandomState::new().build_hasher().finish() % 200));
    child.kill().unwrap();
    child.wait().unwrap();
    clients.into_iter().for_each(|client| client.join().unwrap());
    std::iter::once(first).chain(acknowledged).collect()
}

/// Where the quickstart says that it listens, once its demonstration is over.
fn address(child: &mut Child) -> String {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let rest = line.split_once("listens on http://")?.1;
        rest.split_once(' ').map(|(address, _)| address.to_owned())
    });
    // Somebody has to read the rest, or the quickstart would hang at its next word.
    thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    address.unwrap()
}

/// Creates an invoice. False when the connection breaks.
fn create(stream: &mut TcpStream, id: &str) -> bool {
    let body = r#"{"customer":"initech","amount":1900}"#;
    let request = format!(
        "POST /invoices HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ada-token\r\nx-request-id: {id}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).is_ok() && status(stream) == Some(201)
}

/// The status of the next response, read to the end of its JSON object.
fn status(stream: &mut TcpStream) -> Option<u16> {
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    while !answer.ends_with(b"}") {
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        answer.extend_from_slice(buffer.get(..read)?);
    }
    String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
}

/// How often each of our request ids is in the store, whose chain must be whole.
fn stored(data: &Path) -> BTreeMap<String, usize> {
    let store = Store::open(data).unwrap();
    assert!(store.verify().unwrap().is_intact());
    let mut stored = BTreeMap::new();
    let mut query = Query::new().oldest_first().limit(500);
    loop {
        let page = store.query(&query).unwrap();
        for entry in &page.entries {
            let id = entry.event.request.as_ref().and_then(|request| request.id.clone()).unwrap();
            if id.starts_with("kill-") {
                *stored.entry(id).or_default() += 1;
            }
        }
        match page.next {
            Some(next) => query = Query::new().oldest_first().limit(500).after(next),
            None => return stored,
        }
    }
}
