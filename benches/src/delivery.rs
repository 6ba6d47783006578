//! From recorded to acknowledged by a server in another process.
//!
//! Two ways. One event a request, answered with a receipt, as the Lodger API does: ours, which has every event on disk
//! before it sends it, beside the official TypeScript SDK, which keeps it in memory, and beside a bare reqwest that posts
//! ready bytes. And batches to a server that only acknowledges: ours beside a bare reqwest that posts ready batches, and
//! beside the OpenTelemetry SDK's batch log processor, which drops what comes while its queue is full.
//!
//! Each variant is a process of its own, with a server of its own; the processor time is that of the whole client process.

mod client;
mod event;
mod floor;
#[path = "../../tests/src/npm.rs"]
mod npm;
mod opentelemetry;
mod ours;
mod server;
mod typescript;

use self::client::Cost;
use self::ours::{Callers, Compressed};
use self::server::Answers;
use crate::callgrind::{self, Times};
use crate::options::Options;
use crate::report::{Figure, Report};
use crate::rounds::{Sample, take_turns};

const GROUP: &str = "delivery";

/// The name under which this program is the server.
const SERVER: &str = "server: ";

/// So many requests are under way at once where each holds one event, also in the other clients.
const ABREAST: usize = 64;

/// So many requests are under way at once where each holds a batch …
const BATCHES_ABREAST: usize = 4;

/// … of so many events.
const BATCH: usize = 500;

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variant {
    TypeScript,
    Single,
    FloorOfSingle,
    Batches(Compressed),
    Awaited,
    FloorOfBatches,
    OpenTelemetry,
}

impl Variant {
    const ALL: [Self; 9] = [
        Self::TypeScript,
        Self::Single,
        Self::FloorOfSingle,
        Self::Batches(Compressed::Not),
        Self::Awaited,
        Self::FloorOfBatches,
        Self::OpenTelemetry,
        Self::Batches(Compressed::Gzip),
        Self::Batches(Compressed::Zstd),
    ];

    fn name(self) -> &'static str {
        match self {
            Self::TypeScript => "one a request: TypeScript SDK 0.2.0",
            Self::Single => "one a request: lodger",
            Self::FloorOfSingle => "one a request: bare reqwest, nothing kept",
            Self::Batches(Compressed::Not) => "batches: lodger",
            Self::Batches(Compressed::Gzip) => "batches: lodger, gzip",
            Self::Batches(Compressed::Zstd) => "batches: lodger, zstd",
            Self::Awaited => "batches: lodger, each awaited",
            Self::FloorOfBatches => "batches: bare reqwest, ready batches",
            Self::OpenTelemetry => "batches: OpenTelemetry batch log processor",
        }
    }

    /// What it is compared with.
    fn peer(self) -> Option<Self> {
        match self {
            Self::TypeScript | Self::FloorOfBatches => None,
            Self::Single | Self::FloorOfSingle => Some(Self::TypeScript),
            Self::Batches(_) | Self::Awaited | Self::OpenTelemetry => Some(Self::FloorOfBatches),
        }
    }

    /// How many events make a run of some seconds.
    fn events(self, options: &Options) -> usize {
        let events = match self {
            Self::TypeScript => 4_000,
            Self::Single | Self::FloorOfSingle => 100_000,
            Self::OpenTelemetry | Self::Awaited => 200_000,
            Self::Batches(_) => 600_000,
            Self::FloorOfBatches => 1_000_000,
        };
        if options.quick { events / 20 } else { events }
    }

    /// Measures this process, which is nothing but the client.
    fn run(self, events: usize) -> Result<Cost, String> {
        match self {
            Self::TypeScript => typescript::run(events),
            Self::Single => ours::one_a_request(events),
            Self::FloorOfSingle => floor::one_a_request(events),
            Self::Batches(compressed) => ours::batches(events, Callers::Queue, compressed),
            Self::Awaited => ours::batches(events, Callers::Wait, Compressed::Not),
            Self::FloorOfBatches => floor::batches(events),
            Self::OpenTelemetry => opentelemetry::run(events),
        }
    }
}

/// Measures all of it; or, as one of the processes that are started for it, serves or runs one variant.
pub(crate) fn measure(options: &Options) -> Result<Report, String> {
    let report = Report::new(GROUP, "events_per_second");
    if let Some((name, times)) = options.counted() {
        if let Some(answers) = name.strip_prefix(SERVER) {
            server::run(Answers::named(answers)?)?;
        } else {
            let variant = Variant::ALL.into_iter().find(|variant| variant.name() == name);
            client::tell(&variant.ok_or("no such variant")?.run(times)?);
        }
        return Ok(report);
    }
    let mut report = report.note(format!(
        "events of about 700 bytes; {ABREAST} requests at once with one event each, or {BATCHES_ABREAST} with {BATCH}; \
         instructions are those of all threads of the client, which also makes the events; ours are queued by one thread \
         as fast as they are taken, and on disk before they are sent; \"each awaited\": by 256 callers, each of whom waits \
         until its event is on disk"
    ));
    let mut variants: Vec<Variant> =
        Variant::ALL.into_iter().filter(|variant| options.wants(variant.name())).collect();
    if variants.contains(&Variant::TypeScript)
        && let Err(reason) = typescript::install()
    {
        variants.retain(|variant| *variant != Variant::TypeScript);
        report = report.note(format!("no TypeScript SDK here: {reason}"));
    }
    let costs = take_turns(&mut variants, options.rounds(), |variant| {
        client::start(variant.name(), variant.events(options))
    })?;
    let mut figures: Vec<(Variant, Figure)> = Vec::new();
    for (variant, costs) in variants.into_iter().zip(costs) {
        let instructions = instructions(variant, options)?;
        figures.push((variant, figure(variant, &costs).with_some("instructions", instructions)));
    }
    compare(&mut figures);
    figures.into_iter().for_each(|(_, figure)| report.add(figure));
    Ok(report)
}

fn figure(variant: Variant, costs: &[Cost]) -> Figure {
    let per_second = Sample::of(costs.iter().map(|cost| cost.events as f64 / cost.seconds));
    let cpu = Sample::of(costs.iter().map(|cost| cost.cpu_seconds / cost.events as f64 * 1e5));
    let figure = Figure::new(variant.name()).sample("events_per_second", per_second);
    let figure = figure.with("cpu_seconds_per_100k", cpu.median);
    let offered = |cost: &Cost| (cost.events + cost.dropped) as f64;
    let dropped = Sample::of(costs.iter().map(|cost| cost.dropped as f64 / offered(cost)));
    if variant == Variant::OpenTelemetry { figure.with("of_dropped", dropped.median) } else { figure }
}

/// Per event. Node runs under no valgrind.
fn instructions(variant: Variant, options: &Options) -> Result<Option<f64>, String> {
    if variant == Variant::TypeScript || options.quick {
        return Ok(None);
    }
    let times = Times { few: 2_000, many: 12_000 };
    let counted = callgrind::count(options, GROUP, variant.name(), times)?;
    Ok(counted.map(|counted| counted.this_thread + counted.other_threads))
}

/// Sets each beside its peer, and ours beside the goals.
fn compare(figures: &mut [(Variant, Figure)]) {
    let all: Vec<(Variant, Figure)> = figures.to_vec();
    let found = |wanted| all.iter().find(|(variant, _)| *variant == wanted).map(|(_, figure)| figure);
    for (variant, figure) in figures {
        let mut compared = figure.clone();
        if let Some(peer) = variant.peer().and_then(found) {
            let cpu = |figure: &Figure| figure.value("cpu_seconds_per_100k");
            compared = compared
                .beside(peer, "events_per_second")
                .with_some("less_cpu", cpu(peer).zip(cpu(figure)).map(|(theirs, ours)| theirs / ours));
        }
        *figure = match variant {
            Variant::Single => compared.at_least("ratio", 15.0).at_least("less_cpu", 15.0),
            Variant::Batches(Compressed::Not) => {
                compared.at_least("events_per_second", 200_000.0).at_most("cpu_seconds_per_100k", 0.5)
            }
            _ => compared,
        };
    }
}
