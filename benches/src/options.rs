//! What can be asked of every group.

use std::path::PathBuf;

/// How to measure.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// One JSON object a line instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// How often everything is timed
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// So little of everything that it takes seconds: shows that it runs, the figures are rough
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only variants that have this in their name; can be said several times
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// Keeps what callgrind wrote in this directory, for `callgrind_annotate`
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// Puts the tables into this document, between `<!-- GROUP -->` and `<!-- /GROUP -->`
    #[arg(long, value_name = "FILE")]
    pub(crate) into: Option<PathBuf>,
    /// Runs one variant and reports nothing: what callgrind counts
    #[arg(long, hide = true, requires = "times")]
    counted: Option<String>,
    /// How often that variant does its work
    #[arg(long, hide = true)]
    times: Option<usize>,
}

impl Options {
    /// How often everything is timed: at least once.
    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 1 } else { self.rounds.max(1) }
    }

    /// Whether this variant is asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }

    /// The one variant that callgrind counts in this process, and how often it does its work.
    pub(crate) fn counted(&self) -> Option<(&str, usize)> {
        self.counted.as_deref().zip(self.times)
    }
}
