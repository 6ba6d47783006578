//! The floor: what a service would write that captures the same by hand and nothing else. A layer keeps what it sees of
//! the request, the handler says the rest into a context, and a struct goes into a bounded queue. It makes no id,
//! redacts nothing, checks nothing, and what a cancelled request did is lost.

use std::hint::black_box;
use std::net::IpAddr;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde_json::Value;

use super::request::Update;

pub(super) mod actix;
pub(super) mod axum;

/// As many as our intake holds.
const WAITING: usize = 8_192;

/// What the handler says.
#[derive(Debug)]
#[expect(dead_code, reason = "nobody looks at it, but all of it is made and moved")]
pub(super) struct Said {
    action: &'static str,
    actor: String,
    target: String,
    fields: Vec<(&'static str, Value)>,
}

impl Said {
    pub(super) fn updated(actor: &str, id: u64, update: &Update) -> Self {
        Self {
            action: "invoice.update",
            actor: actor.to_owned(),
            target: id.to_string(),
            fields: vec![
                ("amount", update.amount.into()),
                ("currency", update.currency.clone().into()),
                ("paid", update.paid.into()),
            ],
        }
    }
}

/// Where the handler says it.
#[derive(Debug, Clone, Default)]
pub(super) struct Context(Arc<Mutex<Option<Said>>>);

impl Context {
    pub(super) fn say(&self, said: Said) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
    }

    fn take(&self) -> Option<Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What the layer keeps of a request: route and header values are of the framework's types.
#[derive(Debug)]
#[expect(dead_code, reason = "nobody looks at it, but all of it is made and moved")]
struct Seen<R, V> {
    began: SystemTime,
    route: Option<R>,
    address: Option<IpAddr>,
    request_id: Option<V>,
    trace: Option<V>,
    user_agent: Option<V>,
}

/// What goes into the queue.
#[derive(Debug)]
#[expect(dead_code, reason = "nobody looks at it, but all of it is made and moved")]
struct Captured<R, V> {
    seen: Seen<R, V>,
    said: Said,
    status: u16,
    ended: SystemTime,
}

impl<R, V> Captured<R, V> {
    fn new(seen: Seen<R, V>, said: Said, status: u16) -> Self {
        Self { seen, said, status, ended: SystemTime::now() }
    }
}

/// A bounded queue to a thread that takes what comes.
fn queue<T: Send + 'static>() -> SyncSender<T> {
    let (queue, taken) = sync_channel(WAITING);
    std::thread::spawn(move || taken.into_iter().for_each(|captured| drop(black_box(captured))));
    queue
}
