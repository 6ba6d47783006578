//! Clients that keep a server busy and remember what it told them.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;

use super::PATIENCE;

/// How many clients work at the same time, so that a commit has company.
const CLIENTS: usize = 8;

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The order's id.
    pub order: String,
    /// The answer's status; `None` when there was none.
    pub status: Option<u16>,
    /// Whether the destinations had the event when the answer came, as far as somebody asked them.
    pub delivered: bool,
}

/// Asks the destinations for an order, at the moment of its answer.
pub type Witness = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Several clients, each with one connection and one request after the other, until the connection breaks.
#[derive(Debug)]
pub struct Clients {
    threads: Vec<JoinHandle<()>>,
    told: Receiver<Told>,
    heard: Vec<Told>,
}

impl Clients {
    /// Starts them. The orders' ids begin with `name`.
    #[must_use]
    pub fn start(address: SocketAddr, name: &str, witness: Option<&Witness>) -> Self {
        let (tell, told) = channel();
        let threads = (0..CLIENTS)
            .map(|client| {
                let (name, tell, witness) = (format!("{name}-{client}"), tell.clone(), witness.cloned());
                std::thread::spawn(move || work(address, &name, &tell, witness.as_ref()))
            })
            .collect();
        Self { threads, told, heard: Vec::new() }
    }

    /// Waits until so many requests were acknowledged.
    ///
    /// # Panics
    ///
    /// When the server answers nothing any more, or closes all connections before.
    pub fn wait_for(&mut self, enough: u64) {
        let mut acknowledged = 0;
        while acknowledged < enough {
            match self.told.recv_timeout(PATIENCE) {
                Ok(told) => {
                    acknowledged += u64::from(told.status == Some(201));
                    self.heard.push(told);
                }
                Err(RecvTimeoutError::Timeout) => panic!("the server answers nothing any more"),
                Err(RecvTimeoutError::Disconnected) => panic!("the server closed all connections"),
            }
        }
    }

    /// What became of all requests, once the last connection is broken. What was on its way to us then counts like the
    /// rest.
    ///
    /// # Panics
    ///
    /// When a client panicked.
    #[must_use]
    pub fn end(mut self) -> Vec<Told> {
        for thread in self.threads {
            thread.join().unwrap();
        }
        self.heard.extend(self.told);
        self.heard
    }
}

/// One request after the other on one connection, until it breaks or the server says that it closes it.
fn work(address: SocketAddr, name: &str, tell: &Sender<Told>, witness: Option<&Witness>) {
    let Ok(mut stream) = TcpStream::connect(address) else { return };
    for number in 0.. {
        let order = format!("{name}-{number}");
        let request =
            format!("POST /orders/{order} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n");
        let answer = stream.write_all(request.as_bytes()).ok().and_then(|()| head(&mut stream));
        let status = answer.as_deref().and_then(|head| head.split(' ').nth(1)?.parse().ok());
        let delivered = status == Some(201) && witness.is_some_and(|has| has(&order));
        let goes_on = answer.is_some_and(|head| !head.to_ascii_lowercase().contains("connection: close"));
        let listened_to = tell.send(Told { order, status, delivered }).is_ok();
        if !goes_on || !listened_to {
            return;
        }
    }
}

/// The head of the next response, which has no body. `None` when the connection breaks before its end.
fn head(stream: &mut TcpStream) -> Option<String> {
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
    Some(String::from_utf8(head).unwrap())
}
