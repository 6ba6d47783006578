use std::collections::BTreeSet;

use lodger_core::event::{Actor, Event, RequestInfo, Target};
use proptest::prelude::*;
use tempfile::TempDir;

use super::stream::{Budget, Scope, Stream};
use super::walk::{Source, Step};
use super::*;
use crate::Store;
use crate::testing::{append, event, store};

const ACTIONS: [&str; 4] = ["invoice.update", "invoice.delete", "invoicer.update", "member.add"];
const ACTORS: [&str; 3] = ["ada", "bob", "cleo"];
const OUTCOMES: [Outcome; 4] = [Outcome::Success, Outcome::Failure, Outcome::Denied, Outcome::Unknown];

fn time(minute: usize) -> Timestamp {
    Timestamp::from_micros(1_778_846_400_000_000 + minute as i64 * 60_000_000).unwrap()
}

/// Sixty different events; the number decides each field.
fn sixty() -> Vec<Event> {
    let one = |number: usize| {
        let mut event = Event::builder(ACTIONS[number % 4])
            .actor(Actor::user(ACTORS[number % 3]))
            .target(Target::new(if number.is_multiple_of(2) { "invoice" } else { "member" }, number % 5))
            .outcome(OUTCOMES[number / 4 % 4])
            .occurred_at(time(number * 7 % 60))
            .metadata("note", format!("Größe {number} \"100%\" a_b"))
            .build()
            .unwrap();
        event.tenant = (!number.is_multiple_of(7)).then(|| format!("t{}", number % 2));
        let mut request = RequestInfo::default();
        request.id = (!number.is_multiple_of(3)).then(|| format!("r{}", number / 6));
        event.request = Some(request);
        event
    };
    (0..60).map(one).collect()
}

fn filled() -> (TempDir, Store, Vec<Event>) {
    let (dir, store) = store();
    let events = sixty();
    let batch: Vec<Vec<u8>> = events.iter().map(|event| event.to_canonical_json().unwrap()).collect();
    assert!(store.append(&batch).unwrap().iter().all(Result::is_ok));
    (dir, store, events)
}

/// What the query should find, told from the events alone.
fn matches(query: &Query, event: &Event) -> bool {
    let request = event.request.as_ref().and_then(|request| request.id.clone());
    let text = String::from_utf8(event.to_canonical_json().unwrap()).unwrap().to_lowercase();
    query.actor.as_ref().is_none_or(|id| event.actor.id == *id)
        && query.action.as_ref().is_none_or(|action| event.action == *action)
        && query.action_prefix.as_ref().is_none_or(|prefix| event.action.starts_with(prefix.as_str()))
        && query.target.as_ref().is_none_or(|(kind, id)| event.target.kind == *kind && event.target.id == *id)
        && query.tenant.as_ref().is_none_or(|tenant| event.tenant.as_ref() == Some(tenant))
        && query.outcome.is_none_or(|outcome| event.outcome == outcome)
        && query.from.is_none_or(|from| event.occurred_at >= from)
        && query.to.is_none_or(|to| event.occurred_at < to)
        && query.request_id.as_ref().is_none_or(|id| request.as_ref() == Some(id))
        && query.text.as_ref().is_none_or(|part| text.contains(&part.to_lowercase()))
}

/// All pages behind one another.
fn all(store: &Store, query: &Query) -> Vec<Event> {
    let (mut query, mut found) = (query.clone(), Vec::new());
    loop {
        let page = store.query(&query).unwrap();
        assert!(page.entries.len() <= query.limit);
        found.extend(page.entries.into_iter().map(|entry| entry.event));
        match page.next {
            // As text, as a program would carry it in a link.
            Some(next) => query = query.after(next.to_string().parse().unwrap()),
            None => return found,
        }
    }
}

fn any_query() -> impl Strategy<Value = Query> {
    use prop::option::weighted;
    use prop::sample::select;
    let prefixes = vec!["", "i", "invoice", "invoice.", "invoicer.", "m", "x"];
    let who = (
        weighted(0.3, select(&ACTORS[..])),
        weighted(0.2, select(&ACTIONS[..])),
        weighted(0.3, select(prefixes)),
    );
    let what = (
        weighted(0.2, (select(vec!["invoice", "member"]), 0..6usize)),
        weighted(0.2, select(vec!["t0", "t1", "t2"])),
        weighted(0.2, select(&OUTCOMES[..])),
        weighted(0.1, 0..11usize),
    );
    let rest = (
        weighted(0.3, 0..70usize),
        weighted(0.3, 0..70usize),
        weighted(0.2, select(vec!["GRÖSSE 1", "größe 1"])),
    );
    (who, what, rest, any::<bool>(), 1..70usize).prop_map(|(who, what, rest, oldest_first, limit)| {
        let mut query = Query::new().limit(limit);
        if oldest_first {
            query = query.oldest_first();
        }
        (query.actor, query.action) = (who.0.map(str::to_owned), who.1.map(str::to_owned));
        query.action_prefix = who.2.map(str::to_owned);
        query.target = what.0.map(|(kind, id)| (kind.to_owned(), id.to_string()));
        (query.tenant, query.outcome) = (what.1.map(str::to_owned), what.2);
        query.request_id = what.3.map(|number| format!("r{number}"));
        (query.from, query.to) = (rest.0.map(time), rest.1.map(time));
        query.text = rest.2.map(str::to_owned);
        query
    })
}

#[test]
fn pages_hold_what_matches_and_in_order() {
    let (_dir, store, events) = filled();
    proptest!(ProptestConfig::with_cases(300), |(query in any_query())| {
        let mut expected: Vec<Event> = events.iter().filter(|event| matches(&query, event)).cloned().collect();
        if query.order == Order::NewestFirst {
            expected.reverse();
        }
        prop_assert_eq!(all(&store, &query), expected);
    });
}

#[test]
fn without_filters_the_newest_fifty_come_first() {
    let (_dir, store, _) = filled();
    let page = store.query(&Query::new()).unwrap();
    let sequences: Vec<u64> = page.entries.iter().map(|entry| entry.receipt.sequence).collect();
    assert_eq!(sequences, (11..=60).rev().collect::<Vec<_>>());
    let last = store.query(&Query::new().after(page.next.unwrap())).unwrap();
    assert_eq!((last.entries.len(), last.next), (10, None));
}

#[test]
fn a_cursor_stays_where_it_is_while_events_are_appended() {
    let (_dir, store, _) = filled();
    let page = store.query(&Query::new().limit(10)).unwrap();
    append(&store, &event("invoice.update"));
    let next = store.query(&Query::new().limit(10).after(page.next.unwrap())).unwrap();
    assert_eq!(next.entries[0].receipt.sequence, 50);
}

#[test]
fn what_has_come_since_an_entry_is_found_behind_its_cursor() {
    let (_dir, store, _) = filled();
    let last = store.query(&Query::new().limit(1)).unwrap().entries.remove(0);
    let since = Query::new().oldest_first().after(last.cursor());
    assert!(store.query(&since).unwrap().entries.is_empty());
    let receipt = append(&store, &event("invoice.update"));
    assert_eq!(store.query(&since).unwrap().entries[0].receipt, receipt);
}

#[test]
fn from_is_included_and_to_is_not() {
    let (_dir, store, _) = filled();
    let found = all(&store, &Query::new().from(time(10)).to(time(12)));
    let times: BTreeSet<Timestamp> = found.iter().map(|event| event.occurred_at).collect();
    assert_eq!(times, BTreeSet::from([time(10), time(11)]));
}

#[test]
fn text_is_found_whatever_its_case_and_holds_no_wildcards() {
    let (_dir, store, _) = filled();
    let count = |text: &str| all(&store, &Query::new().text(text)).len();
    assert_eq!(count("GRÖSSE 59"), 0, "ß is not ss");
    assert_eq!(count("GRÖßE 59"), 1);
    assert_eq!(count("\"100%\""), 60);
    assert_eq!(count("1_0%"), 0);
    assert_eq!(count("a_b"), 60);
    assert_eq!(count("a%b"), 0);
    assert_eq!(count("' OR 1 --"), 0);
}

#[test]
fn a_limit_outside_one_to_five_hundred_is_refused() {
    let (_dir, store, _) = filled();
    for limit in [0, 501, usize::MAX] {
        let error = store.query(&Query::new().limit(limit)).unwrap_err();
        assert!(error.to_string().ends_with("is not within 1 to 500"), "{error}");
    }
    assert_eq!(store.query(&Query::new().limit(500)).unwrap().entries.len(), 60);
}

#[test]
fn counts_are_exact_where_little_is_found() {
    let (_dir, store, _) = filled();
    assert_eq!(store.count(&Query::new()).unwrap(), Count::Exactly(60));
    // Of 0..60 every third, and of those every fourth: 0, 12, 24, 36, 48.
    let both = Query::new().actor("ada").action("invoice.update");
    assert_eq!(store.count(&both).unwrap(), Count::Exactly(5));
    assert_eq!(store.count(&Query::new().actor("eve")).unwrap(), Count::Exactly(0));
    assert_eq!(store.count(&Query::new().text("größe 1").limit(1)).unwrap(), Count::Exactly(11));
    assert_eq!((Count::Exactly(7).to_string(), Count::AtLeast(7).to_string()), ("7".into(), "7+".into()));
}

#[test]
fn a_count_begins_behind_the_cursor() {
    let (_dir, store, _) = filled();
    let since = Query::new().oldest_first().after(Cursor::behind(57));
    assert_eq!(store.count(&since).unwrap(), Count::Exactly(3));
}

#[test]
fn an_action_that_lacks_the_prefix_is_not_found() {
    let (_dir, store, _) = filled();
    assert!(all(&store, &Query::new().action("member.add").action_prefix("invoice.")).is_empty());
    assert_eq!(all(&store, &Query::new().action("member.add").action_prefix("mem")).len(), 15);
}

#[test]
fn a_count_ends_at_its_limit() {
    let (_dir, store, _) = filled();
    assert_eq!(store.count_to(&Query::new(), 59).unwrap(), Count::AtLeast(59));
    assert_eq!(store.count_to(&Query::new(), 60).unwrap(), Count::Exactly(60));
}

#[test]
fn a_prefix_of_very_many_actions_is_answered_too() {
    let (_dir, store) = store();
    let events: Vec<Event> =
        (0..200).map(|number| Event::builder(format!("a.{number}")).build().unwrap()).collect();
    let batch: Vec<Vec<u8>> = events.iter().map(|event| event.to_canonical_json().unwrap()).collect();
    store.append(&batch).unwrap();
    assert_eq!(all(&store, &Query::new().action_prefix("a.").oldest_first().limit(30)), events);
    assert!(all(&store, &Query::new().action_prefix("b.")).is_empty());
    assert_eq!(store.count(&Query::new().action_prefix("a.1")).unwrap(), Count::Exactly(111));
}

#[test]
fn a_prefix_of_a_hundred_actions_looks_at_no_more_rows_than_one_action() {
    let (_dir, store) = store();
    let one = |number: usize| Event::builder(format!("a.{:02}", number % 100)).build().unwrap();
    let events: Vec<Event> = (0..10_100).map(one).collect();
    let batch: Vec<Vec<u8>> = events.iter().map(|event| event.to_canonical_json().unwrap()).collect();
    assert!(store.append(&batch).unwrap().iter().all(Result::is_ok));
    // A page of 500 asks for one more: five of each action. A count asks for 10,001: ten of each, at most 1,024 at once.
    for (first, rows) in [(501, 500), (10_001, 1_000)] {
        let query = Query::new().action_prefix("a.");
        let (fetched, spent) = store
            .read(|connection| {
                let (workspace, project) = (store.workspace(), store.project());
                let scope = Scope { connection, workspace, project, order: query.order };
                let mut sources = query.filters(scope, first)?.sources;
                let mut budget = Budget::new(1_000_000);
                let found = sources[0].seek(scope, query.begin(), &mut budget)?;
                assert!(matches!(found, Step::Found(found) if found.sequence == 10_100), "{found:?}");
                let Source::Any(streams) = &sources[0] else { panic!("{sources:?}") };
                let fetched: usize = streams.iter().map(|stream| stream.ahead.len()).sum();
                Ok((fetched, 1_000_000 - budget.left()))
            })
            .unwrap();
        // Each of the hundred searches is a step, too.
        assert_eq!((fetched, spent), (rows, rows + 100));
    }
    let query = Query::new().action_prefix("a.").limit(500);
    assert_eq!(store.query(&query).unwrap().entries.len(), 500);
    assert_eq!(store.count(&query).unwrap(), Count::AtLeast(10_000));
}

#[test]
fn no_more_is_fetched_than_the_budget_has_left() {
    let (_dir, store, _) = filled();
    let fetched = store
        .read(|connection| {
            let (workspace, project) = (store.workspace(), store.project());
            let scope = Scope { connection, workspace, project, order: Order::OldestFirst };
            let mut stream = Stream::new(scope, "", Vec::new(), 50);
            let mut budget = Budget::new(7);
            let mut sequences = Vec::new();
            for at in 1..20 {
                match stream.seek(scope, at, i64::MAX, &mut budget)? {
                    Step::Found(found) => sequences.push(found.sequence),
                    other => return Ok((sequences, other)),
                }
            }
            Ok((sequences, Step::End))
        })
        .unwrap();
    assert_eq!(fetched, ((1..=7).collect(), Step::Enough(8)));
}

/// More entries than two spans hold. Every tenth happened long before its neighbours, one in the far future.
fn many() -> (TempDir, Store, Vec<Event>) {
    let (dir, store) = store();
    let one = |number: usize| {
        let mut event = event(ACTIONS[number % 4]);
        event.actor = Actor::user(if number.is_multiple_of(1_000) { "rare" } else { "ada" });
        event.outcome = OUTCOMES[number % 3];
        event.occurred_at = match number {
            5_000 => time(1_000_000),
            _ if number.is_multiple_of(10) => time(number - number.min(2_500)),
            _ => time(number),
        };
        event
    };
    let events: Vec<Event> = (0..9_000).map(one).collect();
    let batch: Vec<Vec<u8>> = events.iter().map(|event| event.to_canonical_json().unwrap()).collect();
    assert!(store.append(&batch).unwrap().iter().all(Result::is_ok));
    (dir, store, events)
}

#[test]
fn pages_that_end_early_together_hold_what_matches() {
    let (_dir, store, events) = many();
    let q = Query::new;
    // Which queries look at more than a page may.
    let (early, at_once) = (true, false);
    let queries = [
        (q(), 9_000, at_once),
        // Every twelfth of what isn't rare.
        (q().actor("ada").action("invoice.update").outcome(Outcome::Success), 747, early),
        (q().actor("rare").outcome(Outcome::Success), 3, at_once),
        (q().actor("rare").outcome(Outcome::Unknown), 0, at_once),
        (q().action("invoice.update").action_prefix("member"), 0, early),
        (q().from(time(2_000)).to(time(2_020)), 20, at_once),
        (q().from(time(8_000)), 901, at_once),
        (q().to(time(1)), 251, at_once),
        (q().from(time(2_000)).to(time(6_000)).actor("rare"), 3, at_once),
        (q().action_prefix("invoice").text("RARE"), 9, early),
    ];
    for (query, expected, ends_early) in queries {
        for query in [query.clone().limit(500), query.oldest_first().limit(300)] {
            let mut wanted: Vec<&Event> = events.iter().filter(|event| matches(&query, event)).collect();
            assert_eq!(wanted.len(), expected, "{query:?}");
            if query.order == Order::NewestFirst {
                wanted.reverse();
            }
            let (mut rest, mut found, mut early) = (query.clone(), Vec::new(), 0);
            loop {
                let page = store.page(&rest, 1_000).unwrap();
                early += usize::from(page.entries.len() < query.limit && page.next.is_some());
                found.extend(page.entries.into_iter().map(|entry| entry.event));
                let Some(next) = page.next else { break };
                rest = rest.after(next);
            }
            assert!(found.iter().eq(wanted), "{query:?}");
            assert_eq!(early > 0, ends_early, "{query:?}");
        }
    }
}
