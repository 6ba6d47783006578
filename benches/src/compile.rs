//! What the attribute costs the compiler: debug builds of a service with 300 handlers, in three variants that differ in
//! the line above each handler only. All have the audit layer, so nothing but the attribute is measured.

mod source;
mod workspace;

use std::time::Duration;

use self::source::Variant;
use self::workspace::Workspace;
use crate::report::{Figure, Report};

/// How many handlers each variant has.
const HANDLERS: usize = 300;

const GROUP: &str = "compile";

/// Builds every variant `rounds` times, taking turns.
pub(crate) fn measure(rounds: usize) -> Result<Report, String> {
    let workspace = Workspace::write(HANDLERS)?;
    workspace.build_dependencies()?;
    let mut times: [Vec<Duration>; Variant::ALL.len()] = Default::default();
    for round in 0..rounds {
        for (variant, times) in Variant::ALL.into_iter().zip(&mut times) {
            times.push(workspace.build(variant, round)?);
        }
    }
    let mut report = Report::default();
    let mut plain = None;
    for (variant, mut times) in Variant::ALL.into_iter().zip(times) {
        times.sort();
        let built = Built {
            time: *times.get(times.len() / 2).ok_or("no round was measured")?,
            spread: spread(&times),
            binary: workspace.binary_bytes(variant)?,
            future: workspace.future_bytes(variant)?,
        };
        let plain = plain.get_or_insert(built);
        built.report(variant, plain, &mut report);
    }
    Ok(report)
}

/// How far the sorted times lie apart, by their median.
fn spread(times: &[Duration]) -> f64 {
    match (times.first(), times.get(times.len() / 2), times.last()) {
        (Some(first), Some(median), Some(last)) => (*last - *first).as_secs_f64() / median.as_secs_f64(),
        _ => 0.0,
    }
}

/// What a variant came to.
#[derive(Debug, Clone, Copy)]
struct Built {
    time: Duration,
    spread: f64,
    binary: u64,
    future: u64,
}

impl Built {
    #[expect(clippy::cast_precision_loss, reason = "sizes far below 2^52")]
    fn report(&self, variant: Variant, plain: &Self, report: &mut Report) {
        let peer = (variant != Variant::Plain).then_some("plain");
        let ratio = |ours: f64, plains: f64| peer.map(|_| ours / plains);
        let name = |what: &str| format!("{variant:?}: {what}").to_lowercase();
        let bytes = |what, bytes: u64, plains: u64| Figure {
            group: GROUP,
            name: name(what),
            peer,
            ns: None,
            bytes: Some(bytes),
            spread: None,
            ratio: ratio(bytes as f64, plains as f64),
        };
        report.add(Figure {
            group: GROUP,
            name: name("debug build"),
            peer,
            ns: u64::try_from(self.time.as_nanos()).ok(),
            bytes: None,
            spread: Some(self.spread),
            ratio: ratio(self.time.as_secs_f64(), plain.time.as_secs_f64()),
        });
        report.add(bytes("debug binary", self.binary, plain.binary));
        report.add(bytes("a handler's future", self.future, plain.future));
    }
}
