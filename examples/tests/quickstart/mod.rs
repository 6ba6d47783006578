//! A quickstart under load, and what its store has afterwards.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use lodger_store::{Query, Store};

const CLIENTS: usize = 4;

/// A quickstart that is busy.
pub(crate) struct Busy {
    pub(crate) child: Child,
    clients: Vec<JoinHandle<()>>,
    first: String,
    acknowledged: Receiver<String>,
}

impl Busy {
    /// Starts one and loads it until the first request is acknowledged. The request ids begin with `load-` and `name`.
    pub(crate) fn start(program: &str, data: &Path, name: &str) -> Self {
        let mut child = quickstart(program, data).stderr(Stdio::piped()).spawn().unwrap();
        let address = address(&mut child);
        let (acknowledge, acknowledged) = channel();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (address, acknowledge) = (address.clone(), acknowledge.clone());
                let name = format!("load-{name}-{client}");
                thread::spawn(move || {
                    let mut stream = TcpStream::connect(address).unwrap();
                    let ids = (0..).map(|number| format!("{name}-{number}"));
                    ids.take_while(|id| create(&mut stream, id)).for_each(|id| acknowledge.send(id).unwrap());
                })
            })
            .collect();
        let first = acknowledged.recv_timeout(Duration::from_secs(20)).unwrap();
        Self { child, clients, first, acknowledged }
    }

    /// The ids that were acknowledged, once the quickstart has ended.
    pub(crate) fn end(self) -> Vec<String> {
        self.clients.into_iter().for_each(|client| client.join().unwrap());
        std::iter::once(self.first).chain(self.acknowledged).collect()
    }
}

pub(crate) fn quickstart(program: &str, data: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["--json", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
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
pub(crate) fn stored(data: &Path) -> BTreeMap<String, usize> {
    let store = Store::open(data).unwrap();
    assert!(store.verify().unwrap().is_intact());
    let mut stored = BTreeMap::new();
    let mut query = Query::new().oldest_first().limit(500);
    loop {
        let page = store.query(&query).unwrap();
        for entry in &page.entries {
            let id = entry.event.request.as_ref().and_then(|request| request.id.clone()).unwrap();
            if id.starts_with("load-") {
                *stored.entry(id).or_default() += 1;
            }
        }
        match page.next {
            Some(next) => query = Query::new().oldest_first().limit(500).after(next),
            None => return stored,
        }
    }
}
