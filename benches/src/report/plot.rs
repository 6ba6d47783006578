//! A group's plot: a bar for each variant.

use std::fs;
use std::path::{Path, PathBuf};

use plotters::prelude::{
    BLACK, ChartBuilder, Color, IntoDrawingArea, IntoSegmentedCoord, RGBColor, Rectangle, SVGBackend,
    SegmentValue, WHITE,
};
use tempfile::TempDir;

use super::{Figure, member};

const WIDTH: u32 = 960;
const BAR_HEIGHT: u32 = 26;
const FRAME_HEIGHT: u32 = 110;
const BAR: RGBColor = RGBColor(70, 110, 160);

/// Draws this member of all figures that have it into `target/bench/GROUP.svg`.
pub(super) fn draw(group: &str, plotted: &str, figures: &[Figure]) -> Result<(), String> {
    let bars: Vec<(&str, f64)> =
        figures.iter().filter_map(|figure| Some((figure.name.as_str(), figure.value(plotted)?))).collect();
    let longest = bars.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    if longest <= 0.0 {
        return Ok(());
    }
    let path = target().join("bench").join(format!("{group}.svg"));
    let problem = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(|error| problem(&error))?;
    let title = format!("{group}: {}", plotted.replace('_', " "));
    fs::write(&path, svg(&title, plotted, &bars, longest)?).map_err(|error| problem(&error))
}

fn svg(title: &str, plotted: &str, bars: &[(&str, f64)], longest: f64) -> Result<String, String> {
    let problem = |error: &dyn std::fmt::Display| format!("the plot of {title}: {error}");
    let mut svg = String::new();
    let count = u32::try_from(bars.len()).unwrap_or(u32::MAX);
    let height = count.saturating_mul(BAR_HEIGHT).saturating_add(FRAME_HEIGHT);
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        area.fill(&WHITE).map_err(|error| problem(&error))?;
        let mut chart = ChartBuilder::on(&area)
            .caption(title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(36)
            .y_label_area_size(260)
            // The first variant stands on top.
            .build_cartesian_2d(0.0..longest * 1.05, (0..bars.len().saturating_sub(1)).into_segmented())
            .map_err(|error| problem(&error))?;
        let name = |segment: &SegmentValue<usize>| match segment {
            SegmentValue::CenterOf(place) => {
                let place = bars.len().saturating_sub(1).saturating_sub(*place);
                bars.get(place).map(|(name, _)| (*name).to_owned()).unwrap_or_default()
            }
            SegmentValue::Exact(_) | SegmentValue::Last => String::new(),
        };
        chart
            .configure_mesh()
            .disable_y_mesh()
            .max_light_lines(1)
            .label_style(("sans-serif", 15))
            .y_labels(bars.len())
            .y_label_formatter(&name)
            .x_label_formatter(&|value| member::text(plotted, *value))
            .axis_style(BLACK.mix(0.5))
            .draw()
            .map_err(|error| problem(&error))?;
        let drawn = bars.iter().rev().enumerate().map(|(place, (_, value))| {
            let corners =
                [(0.0, SegmentValue::Exact(place)), (*value, SegmentValue::Exact(place.saturating_add(1)))];
            let mut bar = Rectangle::new(corners, BAR.filled());
            bar.set_margin(4, 4, 0, 0);
            bar
        });
        chart.draw_series(drawn).map_err(|error| problem(&error))?;
        area.present().map_err(|error| problem(&error))?;
    }
    Ok(svg)
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository.join("target"), PathBuf::from)
}

/// A new directory below the target directory, removed when it is dropped: unlike the temporary directory that one
/// hardly ever lies in memory, where a sync costs nothing.
pub(crate) fn scratch() -> Result<TempDir, String> {
    let below = target().join("bench");
    let made = std::fs::create_dir_all(&below).and_then(|()| tempfile::tempdir_in(&below));
    made.map_err(|error| format!("can't make a directory in {}: {error}", below.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_has_a_bar_and_its_name() {
        let svg = svg("overhead: ns", "ns", &[("bare", 10.0), ("ours", 30.0)], 30.0).unwrap();
        assert!(svg.contains("overhead: ns"), "{svg}");
        for name in ["bare", "ours"] {
            assert_eq!(svg.matches(name).count(), 1, "{svg}");
        }
        let bars = svg.matches("#466EA0").count();
        assert_eq!(bars, 2, "{svg}");
    }

    #[test]
    fn one_variant_is_a_plot_too() {
        let svg = svg("memory: bytes", "bytes", &[("ours", 900.0)], 900.0).unwrap();
        assert_eq!(svg.matches("#466EA0").count(), 1, "{svg}");
    }
}
