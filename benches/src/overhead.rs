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

pub(crate) use self::subject::Subject;
use self::subject::Variant;
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
        let mut subject = app(name)?;
        subject.run(times)?;
        subject.settle()?;
        return Ok(Report::new(GROUP, "instructions"));
    }
    let wanted = variants.filter(|variant| options.wants(variant.name));
    let mut running = wanted.map(Running::start).collect::<Result<Vec<_>, _>>()?;
    let requests = if options.quick { 200 } else { 2_000 };
    let times = take_turns(&mut running, options.rounds(), |running| running.time(requests))?;
    let mut report = Report::new(GROUP, "instructions");
    let mut figures = Vec::new();
    for (mut running, times) in running.into_iter().zip(times) {
        let figure = running.figure(options, requests, Sample::of(times))?;
        figures.push((running.variant, figure));
    }
    for (variant, figure) in ratios(&costs(&figures)) {
        report.add((variant.goals)(figure));
    }
    Ok(report)
}

/// The app of one variant.
pub(crate) fn app(name: &str) -> Result<Box<dyn Subject>, String> {
    let variant = axum::VARIANTS.iter().chain(actix::VARIANTS).find(|variant| variant.name == name);
    (variant.ok_or_else(|| format!("{name:?} is no variant"))?.start)()
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

type Measured = (&'static Variant, Figure);

/// The same app with another layer.
fn sibling<'a>(all: &'a [Measured], variant: &Variant, layer: &str) -> Option<&'a Figure> {
    let is_it = |(other, _): &&Measured| other.app() == variant.app() && other.layer() == layer;
    all.iter().find(is_it).map(|(_, figure)| figure)
}

/// Adds what each layer costs: over the bare app, and over an empty layer in its place.
fn costs(all: &[Measured]) -> Vec<Measured> {
    let cost = |(variant, figure): &Measured| {
        let over = |layer, member| Some(figure.value(member)? - sibling(all, variant, layer)?.value(member)?);
        let figure = figure.clone();
        let figure = match variant.layer() {
            "bare" => figure,
            layer => figure
                .with_some("over_bare", over("bare", "instructions"))
                .with_some("allocations_over_bare", over("bare", "allocations"))
                .with_some(
                    "over_empty_layer",
                    over("empty layer", "instructions").filter(|_| layer != "empty layer"),
                ),
        };
        (*variant, figure)
    };
    all.iter().map(cost).collect()
}

/// Adds each layer's cost by that of request logging.
fn ratios(all: &[Measured]) -> impl Iterator<Item = Measured> {
    all.iter().map(|(variant, figure)| {
        let logging =
            sibling(all, variant, "logging").filter(|_| !matches!(variant.layer(), "bare" | "logging"));
        let figure = match logging {
            Some(logging) => figure.clone().beside(logging, "over_bare"),
            None => figure.clone(),
        };
        (*variant, figure)
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn per(count: u64, requests: usize) -> f64 {
    count as f64 / each(requests)
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn each(requests: usize) -> f64 {
    requests as f64
}
