//! A destination that deduplicates nothing: it speaks the Lodger API on loopback and keeps every arrival.
//!
//! By hand and not on an HTTP library, because it has to misbehave.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::dice::below;
use super::weather::{self, Weather};

/// Ports that no system hands out to clients: while nobody listens, a client that is given this very port would
/// connect to itself (Linux starts at 32768).
const PORTS: std::ops::Range<u64> = 20_000..32_000;

/// One event as it arrived first.
#[derive(Debug)]
pub struct Arrival {
    /// The event's id.
    pub id: String,
    /// Its idempotency key.
    pub key: String,
    /// The body, to the byte.
    pub body: Vec<u8>,
    /// How often it came.
    pub times: u64,
}

/// What arrived, by the order that it is about.
#[derive(Debug, Default)]
pub struct Arrivals {
    /// More than one for an order means that an event was made twice.
    pub orders: HashMap<String, Vec<Arrival>>,
    /// Orders of which a repeat had another key or other bytes.
    pub altered: Vec<String>,
}

/// A recording destination. It ends when it is dropped.
#[derive(Debug)]
pub struct Recording {
    address: SocketAddr,
    arrivals: Arc<Mutex<Arrivals>>,
    sky: watch::Sender<Weather>,
    changing: Mutex<Option<JoinHandle<()>>>,
    runtime: Runtime,
}

impl Recording {
    /// Starts one on a free port, in fair weather.
    ///
    /// # Panics
    ///
    /// When there is no free port.
    #[must_use]
    pub fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = loop {
            let port = PORTS.start + below(PORTS.end - PORTS.start);
            if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port as u16)) {
                break listener;
            }
        };
        let address = listener.local_addr().unwrap();
        let (sky, weather) = watch::channel(Weather::Fair);
        let arrivals = Arc::default();
        runtime.spawn(serve(listener, address, weather, Arc::clone(&arrivals)));
        Self { address, arrivals, sky, changing: Mutex::default(), runtime }
    }

    /// Where it listens, also while it doesn't.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Goes away and comes back from now on.
    pub fn flap(&self) {
        *self.changing() = Some(self.runtime.spawn(weather::change(self.sky.clone())));
    }

    /// Behaves like this from now on.
    pub fn set(&self, weather: Weather) {
        if let Some(changing) = self.changing().take() {
            changing.abort();
        }
        self.sky.send_replace(weather);
    }

    fn changing(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it has an event about this order.
    #[must_use]
    pub fn has(&self, order: &str) -> bool {
        self.read(|arrivals| arrivals.orders.contains_key(order))
    }

    /// Looks at what arrived.
    pub fn read<T>(&self, look: impl FnOnce(&Arrivals) -> T) -> T {
        look(&self.arrivals.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn serve(
    first: TcpListener,
    address: SocketAddr,
    mut weather: watch::Receiver<Weather>,
    arrivals: Arc<Mutex<Arrivals>>,
) {
    let mut listening = Some(first);
    loop {
        let now = *weather.borrow_and_update();
        if now == Weather::Refusing {
            listening = None;
            if weather.changed().await.is_err() {
                return;
            }
            continue;
        }
        // Somebody may still hold an old connection to this port.
        let Some(listener) = listening.take().or_else(|| TcpListener::bind(address).ok()) else {
            tokio::task::yield_now().await;
            continue;
        };
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        // Dropped with the weather, and every connection with it.
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let Ok((stream, _)) = accepted else { continue };
                    connections.spawn(answer(stream, now, Arc::clone(&arrivals)));
                }
                changed = weather.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                }
            }
            while connections.try_join_next().is_some() {}
        }
    }
}

/// Serves one connection.
async fn answer(mut stream: TcpStream, weather: Weather, arrivals: Arc<Mutex<Arrivals>>) {
    let mut buffer = Vec::new();
    while let Some((key, body)) = next_request(&mut stream, &mut buffer).await {
        if weather == Weather::Hanging {
            return std::future::pending().await;
        }
        let receipt = record(&arrivals, key, body);
        if weather == Weather::Resetting {
            // A reset takes back even what was on its way.
            stream.set_zero_linger().unwrap();
            return;
        }
        let answer = format!(
            "HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{receipt}",
            receipt.len()
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Keeps an arrival and answers with its receipt.
fn record(arrivals: &Mutex<Arrivals>, key: String, body: Vec<u8>) -> String {
    let sent: Value = serde_json::from_slice(&body).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let id = text(&sent["metadata"]["_audit"]["eventId"]);
    let order = text(&sent["target"]["id"]);
    let receipt = json!({ "accepted": true, "receipt": format!("receipt_{id}"), "eventId": id }).to_string();
    let mut arrivals = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
    let Arrivals { orders, altered } = &mut *arrivals;
    let events = orders.entry(order.clone()).or_default();
    match events.iter_mut().find(|event| event.id == id) {
        Some(known) => {
            known.times += 1;
            if known.key != key || known.body != body {
                altered.push(order);
            }
        }
        None => events.push(Arrival { id, key, body, times: 1 }),
    }
    receipt
}

/// The idempotency key and the body of the connection's next request; `None` when it is closed.
async fn next_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(buffer[..head_end].to_vec()).unwrap();
    assert!(head.starts_with("POST /v1/events "), "an unexpected request: {head}");
    let header = |wanted: &str| {
        let named = head.split("\r\n").filter_map(|line| line.split_once(':'));
        named.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    };
    let length: usize = header("content-length").unwrap().parse().unwrap();
    let key = header("idempotency-key").unwrap().to_owned();
    let end = head_end + 4 + length;
    while buffer.len() < end {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let body = buffer[head_end + 4..end].to_vec();
    buffer.drain(..end);
    Some((key, body))
}
