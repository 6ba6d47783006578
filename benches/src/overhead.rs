//! What a layer adds to a request: an axum router and an actix-web app with one JSON handler and a path parameter,
//! driven in process, so that nothing but the framework, the layer and the handler is measured.
//!
//! Instructions and allocations are those of the thread that drives the app, which in a service is the request's; what
//! other threads do for it stands beside them.

mod actix;
mod axum;
mod by_hand;
mod ours;
mod peers;
mod request;
mod subject;

use std::time::Instant;

use self::subject::{Subject, Variant};
use crate::allocations;
use crate::callgrind::{self, Instructions, Times};
use crate::options::Options;
use crate::report::{Figure, Report};
use crate::rounds::{Sample, take_turns};

const GROUP: &str = "overhead";

/// Requests before anything is measured: queues, maps and caches have their size then.
const WARM_UP: usize = 200;

pub(crate) fn measure(options: &Options) -> Result<Report, String> {
    let variants = axum::VARIANTS.iter().chain(actix::VARIANTS);
    if let Some((name, times)) = options.counted() {
        let variant = variants.into_iter().find(|variant| variant.name == name);
        let mut subject = (variant.ok_or_else(|| format!("{name:?} is no variant"))?.start)()?;
        subject.run(times)?;
        subject.settle()?;
        return Ok(Report::new(GROUP, "instructions"));
    }
    let wanted = variants.filter(|variant| options.wants(variant.name));
    let mut running = wanted.map(Running::start).collect::<Result<Vec<_>, _>>()?;
    let requests = if options.quick { 200 } else { 2_000 };
    let times = take_turns(&mut running, options.rounds(), |running| running.time(requests))?;
    let mut figures = Vec::new();
    for (mut running, times) in running.into_iter().zip(times) {
        let figure = running.figure(options, requests, Sample::of(times))?;
        figures.push((running.variant, figure));
    }
    let mut report = Report::new(GROUP, "instructions");
    for (variant, figure) in &figures {
        report.add(compared(variant, figure.clone(), &figures));
    }
    Ok(report)
}

/// A variant, ready for requests.
struct Running {
    variant: &'static Variant,
    subject: Box<dyn Subject>,
}

impl Running {
    fn start(variant: &'static Variant) -> Result<Self, String> {
        let mut subject = (variant.start)()?;
        subject.run(WARM_UP)?;
        subject.settle()?;
        Ok(Self { variant, subject })
    }

    /// Nanoseconds a request.
    fn time(&mut self, requests: usize) -> Result<f64, String> {
        let begin = Instant::now();
        self.subject.run(requests)?;
        let elapsed = begin.elapsed();
        self.subject.settle()?;
        Ok(elapsed.as_secs_f64() * 1e9 / each(requests))
    }

    fn figure(&mut self, options: &Options, requests: usize, times: Sample) -> Result<Figure, String> {
        let few = if options.quick { 20 } else { 200 };
        let times_counted = Times { few, many: few * 6 };
        let counted = callgrind::count(options, GROUP, self.variant.name, times_counted)?;
        let (ran, during) = allocations::of(|| self.subject.run(requests));
        ran?;
        let (settled, after) = allocations::of(|| self.subject.settle());
        settled?;
        let others = during.other_threads + after.other_threads;
        let instructions = |of: fn(Instructions) -> f64| counted.map(of);
        Ok(Figure::new(self.variant.name)
            .with_some("instructions", instructions(|counted| counted.this_thread))
            .with("allocations", per(during.this_thread, requests))
            .sample("ns", times)
            .with_some("other_threads_instructions", instructions(|counted| counted.other_threads))
            .with("other_threads_allocations", per(others, requests)))
    }
}

/// Adds what a variant costs over its framework's bare app, over an empty layer, and as a share of what request logging
/// costs.
fn compared(variant: &Variant, figure: Figure, all: &[(&Variant, Figure)]) -> Figure {
    let peer = |name: &str| {
        let is_peer =
            |(other, _): &&(&Variant, Figure)| other.app() == variant.app() && other.layer() == name;
        all.iter().find(is_peer).map(|(_, figure)| figure)
    };
    let over = |name, member| Some(figure.value(member)? - peer(name)?.value(member)?);
    let (over_bare, over_empty) = (over("bare", "instructions"), over("empty layer", "instructions"));
    let logging = peer("logging")
        .zip(peer("bare"))
        .and_then(|(logging, bare)| Some(logging.value("instructions")? - bare.value("instructions")?));
    let allocations = over("bare", "allocations");
    let mut compared = figure;
    if variant.layer() != "bare" {
        compared = compared
            .with_some("over_bare", over_bare)
            .with_some("allocations_over_bare", allocations)
            .with_some("over_empty_layer", over_empty.filter(|_| variant.layer() != "empty layer"))
            .with_some("of_logging", over_bare.zip(logging).map(|(over, logging)| over / logging));
    }
    (variant.goals)(compared)
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn per(count: u64, requests: usize) -> f64 {
    count as f64 / each(requests)
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn each(requests: usize) -> f64 {
    requests as f64
}
