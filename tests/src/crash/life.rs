//! From the first start to the last count.

use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use lodger_store::Query;

use super::dice::{below, chance, up_to};
use super::load::{Told, Witness};
use super::{Clients, Guarantee, Plan, Recording, Report, Setup, Weather, stored};

/// One kill in so many hits a server that is still starting and taking over what its predecessors left.
const STARTING: u64 = 6;

/// A server that serves lives until it has acknowledged at least so many requests …
const LEAST: u64 = 30;

/// … and until a random number more, and then a random moment longer.
const MORE: u64 = 200;
const LONGER: Duration = Duration::from_millis(20);

/// Kills `program` as planned, and counts. After each hundredth kill it says to stderr how far it is.
///
/// `program serve FRAMEWORK GUARANTEE` has to serve, `program drain` to deliver what is left.
///
/// # Panics
///
/// When a server ends by itself or hangs.
#[must_use]
pub fn run(program: &Path, plan: Plan) -> Report {
    let data = tempfile::tempdir().unwrap();
    let recording = Arc::new(Recording::start());
    let setup = Setup::new(program, data.path()).sending_to(recording.address());
    if plan.flap {
        recording.flap();
    }
    let mut usual_start = Duration::ZERO;
    let mut told = Vec::new();
    for kill in 0..plan.kills {
        if kill > 0 && chance(STARTING) {
            killed_while_starting(&setup, plan, usual_start);
        } else {
            let began = Instant::now();
            let mut server = setup.start(&serving(plan));
            let address = server.address();
            usual_start = began.elapsed();
            let witness = witness(&setup, plan, &recording);
            let mut clients = Clients::start(address, &kill.to_string(), witness.as_ref());
            clients.wait_for(LEAST + below(MORE));
            sleep(up_to(LONGER));
            server.kill();
            told.extend(clients.end());
        }
        progress(kill + 1, &told);
    }
    recording.set(Weather::Fair);
    let drained = setup.start(&["drain"]).end();
    assert!(drained.success(), "what the dead left could not be delivered: {drained}");
    let at_once = plan.guarantee == Guarantee::Delivered;
    let stored = stored(&setup.store());
    recording.read(|arrivals| Report::new(plan.kills, &told, at_once, &stored, arrivals))
}

fn serving(plan: Plan) -> [&'static str; 3] {
    let guarantee = if plan.guarantee == Guarantee::Delivered { "delivered" } else { "durable" };
    ["serve", plan.framework.as_str(), guarantee]
}

/// A start takes longer where there is more to take over, so a kill may also come right after it.
fn killed_while_starting(setup: &Setup, plan: Plan, usual_start: Duration) {
    let server = setup.start(&serving(plan));
    sleep(up_to(usual_start * 2));
    server.kill();
}

/// Where an answer had to wait for every destination, each is asked as soon as it came. The store is opened for one life
/// of the server, so that a start finds it as the dead left it.
fn witness(setup: &Setup, plan: Plan, recording: &Arc<Recording>) -> Option<Witness> {
    if plan.guarantee != Guarantee::Delivered {
        return None;
    }
    let (store, recording) = (setup.store(), Arc::clone(recording));
    Some(Arc::new(move |order| {
        let query = Query::new().target("order", order);
        recording.has(order) && !store.query(&query).unwrap().entries.is_empty()
    }))
}

#[expect(clippy::print_stderr, reason = "a long program says how far it is")]
fn progress(kills: u64, told: &[Told]) {
    if kills.is_multiple_of(100) {
        eprintln!("{kills} kills, {} requests", told.len());
    }
}
