//! What was measured: a table for people, a JSON object a line for programs.

use std::fmt;

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;
use serde::Serialize;

/// All figures of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    figures: Vec<Figure>,
}

/// One figure.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) group: &'static str,
    pub(crate) name: String,
    /// What it is compared with; absent in what others are compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) peer: Option<&'static str>,
    /// Nanoseconds, where a time was measured: the median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ns: Option<u64>,
    /// Bytes, where a size was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<u64>,
    /// How far the rounds lie apart: (largest - smallest) / median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) spread: Option<f64>,
    /// This figure by the peer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ratio: Option<f64>,
}

impl Report {
    pub(crate) fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// One JSON object a line.
    pub(crate) fn lines(&self) -> String {
        let line = |figure| serde_json::to_string(figure).unwrap_or_default() + "\n";
        self.figures.iter().map(line).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(ASCII_MARKDOWN).set_header(["what", "measured", "spread", "by", "ratio"]);
        for figure in &self.figures {
            let measured = match (figure.ns, figure.bytes) {
                (Some(ns), _) => format!("{:.2} s", seconds(ns)),
                (None, Some(bytes)) => format!("{bytes} B"),
                (None, None) => String::new(),
            };
            table.add_row([
                figure.name.clone(),
                measured,
                figure.spread.map(|spread| format!("{:.0} %", spread * 100.0)).unwrap_or_default(),
                figure.peer.unwrap_or_default().to_owned(),
                figure.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            ]);
        }
        write!(f, "{table}")
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}
