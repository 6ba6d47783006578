//! What is driven.

use crate::report::Figure;

/// An app that answers requests in process.
pub(super) trait Subject {
    /// Sends this many requests, one after the other, and takes each answer to its end.
    fn run(&mut self, requests: usize) -> Result<(), String>;

    /// Waits until nothing is left to do for them.
    fn settle(&mut self) -> Result<(), String>;
}

/// An app with one layer, or none.
pub(super) struct Variant {
    /// `APP: LAYER`.
    pub(super) name: &'static str,
    pub(super) start: fn() -> Result<Box<dyn Subject>, String>,
    /// What it is to reach.
    pub(super) goals: fn(Figure) -> Figure,
}

impl Variant {
    /// A variant without goals.
    pub(super) const fn new(name: &'static str, start: fn() -> Result<Box<dyn Subject>, String>) -> Self {
        Self { name, start, goals: |figure| figure }
    }

    /// Sets what it is to reach.
    pub(super) const fn with_goals(mut self, goals: fn(Figure) -> Figure) -> Self {
        self.goals = goals;
        self
    }

    /// Variants of one app are compared with each other.
    pub(super) fn app(&self) -> &str {
        self.name.split_once(": ").map_or(self.name, |(app, _)| app)
    }

    pub(super) fn layer(&self) -> &str {
        self.name.split_once(": ").map_or("", |(_, layer)| layer)
    }
}
