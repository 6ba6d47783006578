//! Our threads in an application's process: whose they are can be seen, and they take none of its signals.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop right there, with a backtrace")]

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use lodger_core::Lodger;
use lodger_core::destination::{Answer, BoxFuture, Delivery, Destination, Identity};
use lodger_core::event::Event;

/// A destination that blocks a thread of its runtime's pool, as looking up a name does, and never answers.
#[derive(Debug)]
struct Blocking(&'static str);

impl Destination for Blocking {
    fn identity(&self) -> Identity {
        Identity::new("of a long kind", self.0)
    }

    fn deliver<'a>(&'a self, _: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async {
            tokio::task::spawn_blocking(std::thread::park).await.unwrap();
            std::future::pending().await
        })
    }
}

/// The threads of this process by their names as the system shows them, each with the signals that it blocks.
fn threads() -> BTreeMap<String, Vec<u64>> {
    let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for task in fs::read_dir("/proc/self/task").unwrap() {
        let task = task.unwrap().path();
        // A thread may end between the two.
        let (Ok(name), Ok(status)) =
            (fs::read_to_string(task.join("comm")), fs::read_to_string(task.join("status")))
        else {
            continue;
        };
        let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap();
        found.entry(name.trim().to_owned()).or_default().push(u64::from_str_radix(mask.trim(), 16).unwrap());
    }
    found
}

/// HUP, INT, QUIT, USR1, USR2, PIPE, ALRM, TERM, CHLD, CONT, TSTP, WINCH.
const OF_THE_APPLICATION: [u32; 12] = [1, 2, 3, 10, 12, 13, 14, 15, 17, 18, 20, 28];

/// Bounds what a missing thread can cost; no result depends on it.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn every_thread_has_a_name_of_its_own_and_blocks_the_signals_of_the_application() {
    let lodger = Lodger::builder()
        .destination(Blocking("one"))
        .destination(Blocking("two"))
        .in_memory_journal()
        .build()
        .unwrap();
    lodger.enqueue(Event::builder("a.b").build().unwrap()).unwrap();
    let mut context = Context::from_waker(Waker::noop());
    // Each of these starts a thread of its own when it is first polled.
    let mut flush = pin!(lodger.flush(Duration::from_secs(60)));
    assert!(flush.as_mut().poll(&mut context).is_pending());
    let mut job = pin!(lodger.run_as(lodger_core::event::Actor::service("worker"), std::future::ready(())));
    let timed = job.as_mut().poll(&mut context).is_pending();
    // Linux shows the first 15 bytes of a name.
    let of_a_client = [
        "lodger-journal",
        "lodger-0-ofalon",
        "lodger-1-ofalon",
        "lodger-0-pool",
        "lodger-1-pool",
        "lodger-flush",
    ];
    see(of_a_client.into_iter().chain(timed.then_some("lodger-timer")).collect());

    let mut shutdown = pin!(lodger.shutdown(Duration::from_secs(60)));
    assert!(shutdown.as_mut().poll(&mut context).is_pending());
    see(vec!["lodger-shutdown"]);
}

/// Waits until each of these threads is there, and looks at all of ours. For a moment a new thread has the name of the
/// one that started it; what stays so shares a name.
fn see(mut expected: Vec<&str>) {
    let started = Instant::now();
    while !expected.is_empty() {
        assert!(started.elapsed() < PATIENCE, "not there, or not alone with their names: {expected:?}");
        for (name, masks) in threads().into_iter().filter(|(name, _)| name.starts_with("lodger")) {
            for signal in OF_THE_APPLICATION {
                assert!(
                    masks.iter().all(|mask| mask & (1 << (signal - 1)) != 0),
                    "{name} takes signal {signal}"
                );
            }
            if masks.len() == 1 {
                expected.retain(|one| *one != name);
            }
        }
        std::thread::yield_now();
    }
}
