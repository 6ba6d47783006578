//! A store that grows: its pages, its counts, verifying it, its size.

use std::error::Error;
use std::fs;
use std::time::Instant;

use lodger_store::{Query, Store};

use super::append::append;
use super::{events, number};
use crate::options::Options;
use crate::report::{Figure, Report, scratch};
use crate::rounds::{Sample, take_turns};

/// How many events are appended at once where that isn't what is measured.
const AT_ONCE: usize = 4_096;

/// Verifying a larger store says nothing new.
const MOST_VERIFIED: u64 = 1_000_000;

pub(super) fn measure(options: &Options, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let dir = scratch()?;
    let store = Store::open(dir.path().join("store"))?;
    let mut sizes = if options.quick { vec![2_000, 10_000] } else { vec![100_000, 1_000_000] };
    sizes.extend(options.large.then_some(10_000_000));
    let (mut entries, mut first) = (0, Vec::new());
    for size in sizes {
        report.add(grow(&store, entries, size)?);
        entries = size;
        let figures = pages(options, &store, size)?;
        for (at, figure) in figures.iter().enumerate() {
            report.add(match first.get(at) {
                // In a quick run the smaller store has no full pages.
                Some(small) if options.quick => figure.clone().beside(small, "ns"),
                Some(small) => figure.clone().beside(small, "ns").at_most("ratio", 2.0),
                None => figure.clone(),
            });
        }
        counts(options, &store, size)?.into_iter().for_each(|figure| report.add(figure));
        if first.is_empty() {
            first = figures;
        }
        if size <= MOST_VERIFIED {
            report.add(verify(&store, size)?);
        }
    }
    Ok(())
}

fn grow(store: &Store, from: u64, to: u64) -> Result<Figure, Box<dyn Error>> {
    let (mut done, mut elapsed) = (from, 0.0);
    while done < to {
        let until = to.min(done + AT_ONCE as u64);
        let events: Vec<Vec<u8>> = (done..until).map(events::event).collect();
        let begin = Instant::now();
        append(store, &events, AT_ONCE)?;
        elapsed += begin.elapsed().as_secs_f64();
        done = until;
    }
    let bytes = fs::metadata(store.dir().join("events.db"))?.len();
    Ok(Figure::new(named("grown", to))
        .with("events_per_second", number(to - from) / elapsed)
        .with("ns", elapsed * 1e9 / number(to - from))
        .with("bytes_an_entry", number(bytes / to)))
}

/// A page of each query: from the newest entry on, from the middle on, and near the end.
fn pages(options: &Options, store: &Store, entries: u64) -> Result<Vec<Figure>, Box<dyn Error>> {
    let behind = |event: u64| -> Result<_, Box<dyn Error>> {
        let entry = store.event(events::id(event).parse()?)?.ok_or("an event is missing")?;
        Ok(entry.cursor())
    };
    let places = [None, Some(behind(entries / 2)?), Some(behind(entries / 20)?)];
    let mut queries = events::queries(entries);
    let rounds = if options.quick { 3 } else { 15 };
    let times = take_turns(&mut queries, rounds, |(_, _, query)| {
        let mut times = [0.0; 3];
        for (time, place) in times.iter_mut().zip(places) {
            let query = place.map_or(query.clone(), |place| query.clone().after(place));
            let begin = Instant::now();
            store.query(&query).map_err(|error| error.to_string())?;
            *time = begin.elapsed().as_secs_f64() * 1e9;
        }
        Ok(times)
    })?;
    let figures = queries.into_iter().zip(times).map(|((filter, share, _), times)| {
        let at = |place: usize| Sample::of(times.iter().filter_map(|times| times.get(place).copied())).median;
        let places = [at(0), at(1), at(2)];
        Figure::new(named(&format!("page: {filter}, {share}"), entries))
            .with("ns", places.into_iter().fold(0.0, f64::max))
            .with("first_ns", at(0))
            .with("middle_ns", at(1))
            .with("last_ns", at(2))
    });
    Ok(figures.collect())
}

fn counts(options: &Options, store: &Store, entries: u64) -> Result<Vec<Figure>, Box<dyn Error>> {
    let mut queries = [
        ("everything", Query::new()),
        ("actor, a quarter", Query::new().actor("importer")),
        ("actor, one in a thousand", Query::new().actor("rare")),
    ];
    let times = take_turns(&mut queries, options.rounds(), |(_, query)| {
        let begin = Instant::now();
        store.count(query).map_err(|error| error.to_string())?;
        Ok(begin.elapsed().as_secs_f64() * 1e9)
    })?;
    let figures = queries.into_iter().zip(times).map(|((name, _), times)| {
        Figure::new(named(&format!("count: {name}"), entries)).with("ns", Sample::of(times).median)
    });
    Ok(figures.collect())
}

fn verify(store: &Store, entries: u64) -> Result<Figure, Box<dyn Error>> {
    let begin = Instant::now();
    let report = store.verify()?;
    let elapsed = begin.elapsed().as_secs_f64();
    if !report.is_intact() || report.entries != entries {
        return Err(format!("the store is not intact: {:?}", report.problems.first()).into());
    }
    Ok(Figure::new(named("verify", entries))
        .with("events_per_second", number(entries) / elapsed)
        .with("ns", elapsed * 1e9 / number(entries)))
}

fn named(what: &str, entries: u64) -> String {
    match entries {
        10_000_000 => format!("{what}; 1e7"),
        1_000_000 => format!("{what}; 1e6"),
        100_000 => format!("{what}; 1e5"),
        other => format!("{what}; {other}"),
    }
}
