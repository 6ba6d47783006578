//! A recording HTTP server on loopback: every request is kept, every answer is scripted.
//!
//! It speaks just enough HTTP/1.1, by hand, to be able to misbehave: an HTTP library would not let it.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;

/// What the server does with one request. When the script is empty, the last step repeats.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Answers and keeps the connection.
    Reply(Reply),
    /// Reads the request, then closes without a word: the request may have been acted upon.
    Close,
    /// Reads the request, then resets the connection.
    Reset,
    /// Reads the request and never answers.
    Hang,
    /// Answers with a body that never ends, as fast as it is read.
    Endless(u16),
    /// Promises a longer body than it sends, then closes.
    Truncated(Reply),
    /// Sends these bytes and closes.
    Raw(Vec<u8>),
    /// Sends these bytes and keeps the connection.
    RawKept(Vec<u8>),
    /// Sends the first bytes, and then the second ones as long as somebody reads them.
    Flood(Vec<u8>, Vec<u8>),
}

/// A scripted answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, &body.to_string()).header("content-type", "application/json")
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn head(&self, length: usize) -> String {
        use std::fmt::Write as _;
        let mut head = format!("HTTP/1.1 {} Scripted\r\ncontent-length: {length}\r\n", self.status);
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        head.push_str("\r\n");
        head
    }
}

/// One request as it arrived. Header names are in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Recorded {
    pub(crate) fn json(&self) -> Value {
        if self.body.is_empty() { Value::Null } else { serde_json::from_slice(&self.body).unwrap() }
    }

    /// The headers that belong to the protocol, as `wire/README.md` counts them.
    pub(crate) fn protocol_headers(&self) -> BTreeMap<String, String> {
        const TRANSPORT: [&str; 6] =
            ["host", "accept", "user-agent", "content-length", "connection", "accept-encoding"];
        let mut headers = self.headers.clone();
        headers.retain(|name, _| !TRANSPORT.contains(&name.as_str()));
        headers
    }
}

/// The server. It stops with the runtime that it was started on.
pub(crate) struct Loopback {
    address: SocketAddr,
    shared: Arc<Shared>,
    arrived: watch::Receiver<usize>,
}

/// Decides by what was asked.
type Reader = Box<dyn FnMut(&Recorded) -> Step + Send>;

struct Shared {
    script: Mutex<(VecDeque<Step>, Step)>,
    /// Decides instead of the script.
    reader: Mutex<Option<Reader>>,
    requests: Mutex<Vec<(Instant, Recorded)>>,
    connections: AtomicUsize,
    arrived: watch::Sender<usize>,
}

impl Loopback {
    /// Starts a server that answers every request with this step until told otherwise.
    pub(crate) async fn start(step: Step) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, arrived) = watch::channel(0);
        let shared = Arc::new(Shared {
            script: Mutex::new((VecDeque::new(), step)),
            reader: Mutex::default(),
            requests: Mutex::new(Vec::new()),
            connections: AtomicUsize::new(0),
            arrived: sender,
        });
        let accepting = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepting.connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, Arc::clone(&accepting)));
            }
        });
        Self { address, shared, arrived }
    }

    pub(crate) async fn replying(reply: Reply) -> Self {
        Self::start(Step::Reply(reply)).await
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Queues steps; the last one stays.
    pub(crate) fn script(&self, steps: impl IntoIterator<Item = Step>) {
        let mut script = self.shared.script.lock().unwrap();
        for step in steps {
            script.1 = step.clone();
            script.0.push_back(step);
        }
    }

    /// Decides by each request from now on, instead of by the script.
    pub(crate) fn answer_by(&self, reader: impl FnMut(&Recorded) -> Step + Send + 'static) {
        *self.shared.reader.lock().unwrap() = Some(Box::new(reader));
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.shared.requests.lock().unwrap().iter().map(|(_, request)| request.clone()).collect()
    }

    /// When each request had arrived, on tokio's clock.
    pub(crate) fn arrivals(&self) -> Vec<Instant> {
        self.shared.requests.lock().unwrap().iter().map(|(at, _)| *at).collect()
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Waits until this many requests have arrived.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Recorded> {
        self.arrived.clone().wait_for(|&arrived| arrived >= count).await.unwrap();
        self.requests()
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut buffer = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut buffer).await {
        let by_request = shared.reader.lock().unwrap().as_mut().map(|reader| reader(&request));
        let step = by_request.unwrap_or_else(|| {
            let mut script = shared.script.lock().unwrap();
            let last = script.1.clone();
            script.0.pop_front().unwrap_or(last)
        });
        {
            let mut requests = shared.requests.lock().unwrap();
            requests.push((Instant::now(), request));
            let count = requests.len();
            drop(requests);
            shared.arrived.send_replace(count);
        }
        let kept = match step {
            Step::Reply(reply) => {
                let mut bytes = reply.head(reply.body.len()).into_bytes();
                bytes.extend_from_slice(&reply.body);
                stream.write_all(&bytes).await.is_ok()
            }
            Step::Close => false,
            Step::Reset => {
                stream.set_zero_linger().unwrap();
                false
            }
            Step::Hang => std::future::pending().await,
            Step::Endless(status) => {
                let head = format!("HTTP/1.1 {status} Scripted\r\n\r\n");
                let mut open = stream.write_all(head.as_bytes()).await.is_ok();
                while open {
                    open = stream.write_all(&[b' '; 8192]).await.is_ok();
                }
                false
            }
            Step::Truncated(reply) => {
                let mut bytes = reply.head(reply.body.len() + 1).into_bytes();
                bytes.extend_from_slice(&reply.body);
                drop(stream.write_all(&bytes).await);
                false
            }
            Step::Raw(bytes) => {
                drop(stream.write_all(&bytes).await);
                false
            }
            Step::RawKept(bytes) => stream.write_all(&bytes).await.is_ok(),
            Step::Flood(first, again) => {
                let mut open = stream.write_all(&first).await.is_ok();
                while open {
                    open = stream.write_all(&again).await.is_ok();
                }
                false
            }
        };
        if !kept {
            return;
        }
    }
}

/// The next request of the connection; `None` when it is closed or not HTTP.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Recorded> {
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    // A byte is a character, as in Latin-1.
    let head: String = buffer[..head_end].iter().copied().map(char::from).collect();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let end = head_end + 4 + length;
    while buffer.len() < end {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let body = buffer[head_end + 4..end].to_vec();
    buffer.drain(..end);
    Some(Recorded { method, path, headers, body })
}
