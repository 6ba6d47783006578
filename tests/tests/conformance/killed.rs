//! A process that is killed while it delivers.

use std::path::PathBuf;

use lodger_core::destination::{Destination, Repeats};
use lodger_core::event::EventId;
use lodger_tests::disk::Setup;

use crate::client::all_of_them;
use crate::subject::Subject;

/// So many events are acknowledged before the process dies. Archiva takes no more than a hundred requests a minute.
const EVENTS: usize = 12;

pub(crate) async fn nothing_is_lost_when_the_process_is_killed_while_it_delivers<S: Subject>() {
    let subject = S::open().await;
    let journal = tempfile::tempdir().unwrap();
    let place = subject.place().unwrap();
    let recorder = PathBuf::from(env!("CARGO_BIN_EXE_recorder"));
    let setup = Setup::new(&[recorder], &journal.path().join("journal"), &place.text);
    let setup = place.settings.iter().fold(setup, |setup, (name, value)| setup.env(name, value));
    // The service has some of the events, and the process never hears of that.
    let answered = if subject.destination().max_batch() > 1 { 0 } else { EVENTS / 3 };
    if let Some(service) = subject.service() {
        service.hang_after(answered);
    }
    let events = if subject.service().is_some() { EVENTS } else { 100 * EVENTS };
    let mut first = setup.clone().with(format!("--events={events}")).start();
    assert!(first.hear(|heard| heard.ok.len() >= EVENTS), "{:?}", first.heard);
    if let Some(service) = subject.service() {
        while service.heard() <= answered {
            tokio::task::yield_now().await;
        }
    }
    let heard = first.kill();
    if let Some(service) = subject.service() {
        service.calm();
    }

    let report = setup.drain().report.unwrap();
    let stored = subject.stored();
    let acknowledged: Vec<EventId> = heard.ok.iter().map(|id| id.parse().unwrap()).collect();
    let missing: Vec<_> = acknowledged.iter().filter(|id| !stored.contains(id)).collect();
    assert_eq!(missing, Vec::<&EventId>::new(), "{report}");
    // What was under way without an answer may be there, too.
    let mut there = stored.clone();
    there.sort();
    there.dedup();
    let copies = all_of_them::<S>(&there, &stored);
    let counted = report["destinations"][0]["possibleDuplicates"].as_u64().unwrap();
    assert!(copies <= counted, "{copies} copies too many: {report}");
    if subject.service().is_some() {
        assert!(S::REPEATS != Repeats::Unasked || copies > 0, "it was not killed while it delivered");
    }
}
