//! Who was lost, who came twice.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use super::load::Told;
use super::recording::{Arrival, Arrivals};

/// What is printed, as one line of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// How often the server was killed.
    pub kills: u64,
    /// Requests whose client received a 2xx.
    pub acknowledged: u64,
    /// Of these, how many some destination doesn't have.
    pub lost: u64,
    /// Requests that are more than once in the store, or of which the recording destination has two different events.
    pub duplicated: u64,
    /// Requests without an answer.
    pub unknown: u64,
}

/// The figures, and every promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The figures.
    pub figures: Figures,
    /// How often the recording destination got what it had already, which is allowed.
    pub repeats: u64,
    /// One line a broken promise.
    pub broken: Vec<String>,
}

/// Every kill is to be worth it: a server that acknowledges nothing would lose nothing.
const ACKNOWLEDGED_A_KILL: u64 = 20;

/// How many orders are named for each broken promise.
const SHOWN: usize = 20;

impl Report {
    /// Counts. `at_once` says that an answer had to wait for every destination.
    #[must_use]
    pub fn new(
        kills: u64,
        told: &[Told],
        at_once: bool,
        stored: &HashMap<String, u64>,
        arrived: &Arrivals,
    ) -> Self {
        let asked: BTreeSet<&str> = told.iter().map(|told| told.order.as_str()).collect();
        let acknowledged: BTreeSet<&str> =
            told.iter().filter(|told| told.status == Some(201)).map(|told| told.order.as_str()).collect();
        let recorded = &arrived.orders;

        let not_stored: Vec<&str> =
            acknowledged.iter().copied().filter(|order| !stored.contains_key(*order)).collect();
        let not_recorded: Vec<&str> =
            acknowledged.iter().copied().filter(|order| !recorded.contains_key(*order)).collect();
        let stored_twice: Vec<&str> = orders(stored.iter().filter(|(_, times)| **times > 1));
        let made_twice: Vec<&str> = orders(recorded.iter().filter(|(_, events)| events.len() > 1));
        let invented: Vec<&str> = orders(stored.iter())
            .into_iter()
            .chain(orders(recorded.iter()))
            .filter(|order| !asked.contains(order))
            .collect();
        let early: Vec<&str> = told
            .iter()
            .filter(|told| at_once && told.status == Some(201) && !told.delivered)
            .map(|told| told.order.as_str())
            .collect();
        let refused: Vec<&Told> =
            told.iter().filter(|told| told.status.is_some_and(|status| status != 201)).collect();

        let mut broken = Vec::new();
        let mut check = |what: &str, orders: &[&str]| {
            if !orders.is_empty() {
                let first = &orders[..orders.len().min(SHOWN)];
                broken.push(format!("{what}: {} orders: {}", orders.len(), first.join(" ")));
            }
        };
        check("acknowledged and not in the store", &not_stored);
        check("acknowledged and not at the recording destination", &not_recorded);
        check("acknowledged before every destination had it", &early);
        check("more than once in the store", &stored_twice);
        check("more than one event at the recording destination", &made_twice);
        check("repeated with another key or other bytes", &strs(&arrived.altered));
        check("recorded, and nobody asked for it", &invented);
        if let Some(first) = refused.first() {
            broken.push(format!("{} requests were answered otherwise, the first: {first:?}", refused.len()));
        }
        let figures = Figures {
            kills,
            acknowledged: acknowledged.len() as u64,
            lost: union(&not_stored, &not_recorded),
            duplicated: union(&stored_twice, &made_twice),
            unknown: told.iter().filter(|told| told.status.is_none()).count() as u64,
        };
        if figures.acknowledged < kills * ACKNOWLEDGED_A_KILL {
            broken.push(format!("fewer than {ACKNOWLEDGED_A_KILL} acknowledged a kill"));
        }
        let times = |event: &Arrival| event.times - 1;
        Self { figures, repeats: recorded.values().flatten().map(times).sum(), broken }
    }
}

fn orders<'a, T: 'a>(found: impl Iterator<Item = (&'a String, T)>) -> Vec<&'a str> {
    found.map(|(order, _)| order.as_str()).collect()
}

fn strs(orders: &[String]) -> Vec<&str> {
    orders.iter().map(String::as_str).collect()
}

fn union(one: &[&str], other: &[&str]) -> u64 {
    one.iter().chain(other).collect::<BTreeSet<_>>().len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(order: &str, status: Option<u16>) -> Told {
        Told { order: order.to_owned(), status, delivered: false }
    }

    fn arrival(id: &str) -> Arrival {
        Arrival { id: id.to_owned(), key: format!("event_{id}"), body: b"{}".to_vec(), times: 1 }
    }

    /// `a` is fine everywhere, `b` only in the store, `c` nowhere and unknown.
    #[test]
    fn what_one_destination_lacks_is_lost_and_what_nobody_answered_is_unknown() {
        let all = [told("a", Some(201)), told("b", Some(201)), told("c", None)];
        let stored = HashMap::from([("a".to_owned(), 1), ("b".to_owned(), 1)]);
        let mut arrived = Arrivals::default();
        arrived.orders.insert("a".to_owned(), vec![arrival("1")]);
        let report = Report::new(0, &all, false, &stored, &arrived);
        let expected = Figures { kills: 0, acknowledged: 2, lost: 1, duplicated: 0, unknown: 1 };
        assert_eq!(report.figures, expected);
        assert_eq!(report.broken, ["acknowledged and not at the recording destination: 1 orders: b"]);
    }

    #[test]
    fn a_second_event_for_a_request_is_a_duplicate_and_a_repeated_delivery_is_not() {
        let all = [told("a", Some(201)), told("b", Some(201))];
        let stored = HashMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]);
        let mut arrived = Arrivals::default();
        arrived.orders.insert("a".to_owned(), vec![Arrival { times: 3, ..arrival("1") }]);
        arrived.orders.insert("b".to_owned(), vec![arrival("2"), arrival("3")]);
        let report = Report::new(0, &all, false, &stored, &arrived);
        assert_eq!((report.figures.duplicated, report.repeats), (1, 2));
        assert_eq!(
            report.broken,
            [
                "more than once in the store: 1 orders: b",
                "more than one event at the recording destination: 1 orders: b"
            ]
        );
    }

    #[test]
    fn what_nobody_asked_for_what_changed_and_what_came_too_early_breaks_a_promise() {
        let all = [told("a", Some(201)), told("d", Some(503))];
        let stored = HashMap::from([("a".to_owned(), 1), ("x".to_owned(), 1)]);
        let mut arrived = Arrivals { altered: vec!["a".to_owned()], ..Arrivals::default() };
        arrived.orders.insert("a".to_owned(), vec![arrival("1")]);
        let report = Report::new(1, &all, true, &stored, &arrived);
        assert_eq!(report.broken.len(), 5, "{:#?}", report.broken);
        assert_eq!(report.broken[0], "acknowledged before every destination had it: 1 orders: a");
        assert_eq!(report.broken[1], "repeated with another key or other bytes: 1 orders: a");
        assert_eq!(report.broken[2], "recorded, and nobody asked for it: 1 orders: x");
        assert!(report.broken[3].starts_with("1 requests were answered otherwise"), "{:#?}", report.broken);
        assert_eq!(report.broken[4], "fewer than 20 acknowledged a kill");
    }
}
