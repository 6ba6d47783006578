//! Hostile networks and hostile services, against a real client: a journal on disk, the Lodger destination, and HTTP.
//!
//! Whatever the network does, in the end every event is at the service once, with the bytes and the key of the first
//! attempt. Where a wait is bounded, the bound only keeps a hanging test from hanging for ever.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on should stop right there, with a backtrace"
)]

mod broken;
mod child;
#[path = "../../../lodger-core/tests/loopback/mod.rs"]
mod loopback;
mod one_line;
mod redaction;
mod secrets;
mod slow;
mod tls;
mod unbounded;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::destination::LodgerDestination;
use lodger_core::event::{Actor, Event, EventId, Target};
use lodger_core::service::lodger::LodgerApi;
use loopback::{Loopback, Recorded, Reply, Step};
use serde_json::json;
use tempfile::TempDir;

/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a service that recognises a repeat by its key holds: the body that came first under each key.
#[derive(Debug, Clone, Default)]
struct Stored(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Stored {
    /// Stores it once. Whether it was new.
    fn take(&self, request: &Recorded) -> bool {
        let key = request.headers["idempotency-key"].clone();
        let mut stored = self.0.lock().unwrap();
        match stored.get(&key) {
            Some(first) => {
                assert_eq!(*first, request.body, "a repeat of {key} has other bytes");
                false
            }
            None => stored.insert(key, request.body.clone()).is_none(),
        }
    }

    fn keys(&self) -> BTreeSet<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }
}

fn receipt() -> Reply {
    Reply::json(202, &json!({"accepted": true, "receipt": "rcpt_1"}))
}

fn accepted() -> Step {
    Step::Reply(receipt())
}

/// A client with its journal on disk, and the service that it delivers to.
struct Line {
    server: Loopback,
    stored: Stored,
    lodger: Lodger,
    recorded: Vec<EventId>,
    _journal: TempDir,
}

impl Line {
    /// The service stores every request, and then does what the script says.
    async fn to(server: Loopback, at: SocketAddr) -> Self {
        let stored = Stored::default();
        let api = LodgerApi::builder("org_1", "core")
            .api_key("lodger_sk_1")
            .api_base(format!("http://{at}"))
            .connect_timeout(Duration::from_millis(500))
            .timeout(Duration::from_secs(1));
        let journal = tempfile::tempdir().unwrap();
        let lodger = Lodger::builder()
            .destination(LodgerDestination::new(api.build().unwrap()))
            .journal_dir(journal.path().join("journal"))
            .impatient()
            .build()
            .unwrap();
        Self { server, stored, lodger, recorded: Vec::new(), _journal: journal }
    }

    async fn direct() -> Self {
        let server = Loopback::start(accepted()).await;
        let address = server.address();
        Self::to(server, address).await.accepting()
    }

    fn accepting(self) -> Self {
        self.answering(|_, _| accepted())
    }

    /// Stores, and then answers by the request and whether it is new.
    fn answering(self, answer: impl Fn(&Recorded, bool) -> Step + Send + 'static) -> Self {
        let stored = self.stored.clone();
        self.server.answer_by(move |request| {
            let new = stored.take(request);
            answer(request, new)
        });
        self
    }

    async fn record(&mut self) {
        let event =
            Event::builder("invoice.update").actor(Actor::user("u")).target(Target::new("invoice", 7));
        self.recorded.push(self.lodger.record(event.build().unwrap()).await.unwrap());
    }

    /// Waits until the service has been asked more often than this.
    async fn asked_beyond(&self, requests: usize) {
        tokio::time::timeout(PATIENCE, self.server.wait_for(requests + 1)).await.expect("nothing was sent");
    }

    /// Everything that was recorded is there, once, and nothing else is; the client agrees.
    async fn everything_is_there_once(&self) {
        self.lodger
            .flush(PATIENCE)
            .await
            .unwrap_or_else(|error| panic!("{error}: {:#?}", self.lodger.stats()));
        let recorded: BTreeSet<String> = self.recorded.iter().map(|id| format!("event_{id}")).collect();
        assert_eq!(self.stored.keys(), recorded);
        let stats = self.lodger.stats();
        let lane = &stats.destinations[0];
        let counts = [lane.routed, lane.delivered, lane.pending, lane.in_flight, lane.dead, lane.unreadable];
        let all = self.recorded.len() as u64;
        assert_eq!(counts, [all, all, 0, 0, 0, 0]);
        let mut first = BTreeMap::new();
        for request in self.server.requests() {
            let again = first.entry(request.headers["idempotency-key"].clone()).or_insert(request.clone());
            assert_eq!(*again, request, "a repeat differs");
        }
    }
}

/// The most memory that this process has had so far, in KiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}
