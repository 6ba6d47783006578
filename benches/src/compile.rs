//! What the attribute costs the compiler: debug builds of a service with 300 handlers, in three variants that differ in
//! the line above each handler only. All have the audit layer, so nothing but the attribute is measured.

mod source;
mod workspace;

use std::time::Duration;

use self::source::Variant;
use self::workspace::Workspace;
use crate::options::Options;
use crate::report::{Figure, Report};
use crate::rounds::{Sample, take_turns};

/// How many handlers each variant has.
const HANDLERS: usize = 300;

/// The same, where nobody looks at the figures.
const FEW_HANDLERS: usize = 10;

/// Builds every variant in each round.
pub(crate) fn measure(options: &Options) -> Result<Report, String> {
    let workspace = Workspace::write(if options.quick { FEW_HANDLERS } else { HANDLERS })?;
    workspace.build_dependencies()?;
    let mut round = 0;
    let times = take_turns(&mut Variant::ALL.clone(), options.rounds(), |variant| {
        round += 1;
        workspace.build(*variant, round)
    })?;
    let mut report = Report::new("compile", "ns");
    let mut plain: Option<[Compared; 3]> = None;
    for (variant, times) in Variant::ALL.into_iter().zip(times) {
        let figures = figures(variant, &times, &workspace)?;
        match &plain {
            None => figures.iter().for_each(|(figure, _)| report.add(figure.clone())),
            Some(plain) => compare(&figures, plain).for_each(|figure| report.add(figure)),
        }
        plain.get_or_insert(figures);
    }
    Ok(report)
}

/// A figure, and the member by which it is compared.
type Compared = (Figure, &'static str);

#[expect(clippy::cast_precision_loss, reason = "sizes far below 2^52")]
fn figures(variant: Variant, times: &[Duration], workspace: &Workspace) -> Result<[Compared; 3], String> {
    let figure = |what: &str| Figure::new(format!("{variant:?}: {what}").to_lowercase());
    let time = Sample::of(times.iter().map(|time| time.as_secs_f64() * 1e9));
    let binary = workspace.binary_bytes(variant)? as f64;
    let future = workspace.future_bytes(variant)? as f64;
    Ok([
        (figure("debug build").sample("ns", time), "ns"),
        (figure("debug binary").with("bytes", binary), "bytes"),
        (figure("a handler's future").with("bytes", future), "bytes"),
    ])
}

fn compare(figures: &[Compared], plain: &[Compared]) -> impl Iterator<Item = Figure> {
    figures.iter().zip(plain).map(|((figure, member), (plain, _))| figure.clone().beside(plain, member))
}
