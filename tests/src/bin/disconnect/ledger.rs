//! What the handlers did, beside what the events say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use lodger_core::event::{Event, Outcome};
use serde::Serialize;

/// Which changes were made, by the handlers' own account.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<BTreeMap<String, Change>>);

#[derive(Debug, Default, Clone, Copy)]
struct Change {
    made: u32,
    /// Whether the handler said that it was.
    declared: bool,
}

impl Ledger {
    pub(crate) fn made(&self, id: &str) {
        self.0.lock().unwrap().entry(id.to_owned()).or_default().made += 1;
    }

    pub(crate) fn declared(&self, id: &str) {
        self.0.lock().unwrap().entry(id.to_owned()).or_default().declared = true;
    }

    /// Compares. `heard` are the orders whose answer a client waited for or happened to get.
    pub(crate) fn report(
        &self,
        server: &'static str,
        heard: &BTreeSet<String>,
        panics: usize,
        events: &[Event],
    ) -> Report {
        let changes = self.0.lock().unwrap();
        let mut report = Report { server, panics, heard: heard.len(), ..Report::default() };
        let mut told: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
        for event in events {
            told.entry(&event.target.id).or_default().push(event);
        }
        for (id, events) in &told {
            let [event] = events[..] else {
                report.doubled += 1;
                continue;
            };
            if event.action == "order.break" {
                let panicked =
                    event.outcome == Outcome::Unknown && event.reason.as_deref() == Some("panicked");
                *(if panicked { &mut report.panicked } else { &mut report.contradicting }) += 1;
                continue;
            }
            let change = changes.get(*id).copied().unwrap_or_default();
            match event.outcome {
                Outcome::Success if change.made == 0 => report.invented += 1,
                Outcome::Success => {
                    report.success += 1;
                    let answered = event.request.as_ref().is_some_and(|request| request.status.is_some());
                    report.answered_into_the_void += usize::from(answered && !heard.contains(*id));
                }
                Outcome::Unknown if !change.declared && !heard.contains(*id) => report.unknown += 1,
                // The handler said that it was done, or the client has read that it was.
                _ => report.contradicting += 1,
            }
        }
        for (id, change) in changes.iter() {
            report.changes += change.made as usize;
            report.missing += usize::from(!told.contains_key(&**id));
        }
        report.missing += heard.iter().filter(|id| !told.contains_key(id.as_str())).count();
        report
    }
}

/// How it ended against one server.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    server: &'static str,
    /// Changes that handlers made.
    changes: usize,
    /// Requests whose answer was read.
    heard: usize,
    success: usize,
    unknown: usize,
    /// Of the successes, those whose answer was ready, and waited for the sync of the journal or went to nobody.
    answered_into_the_void: usize,
    panics: usize,
    panicked: usize,
    missing: usize,
    doubled: usize,
    invented: usize,
    contradicting: usize,
}

impl Report {
    pub(crate) fn is_sound(&self) -> bool {
        self.missing + self.doubled + self.invented + self.contradicting == 0 && self.panicked == self.panics
    }
}
