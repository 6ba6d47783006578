//! What was measured: a table for people and documents, a JSON object a line for programs, a plot.

mod member;
mod plot;

use std::fmt;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;
use serde::ser::SerializeMap;

use crate::rounds::Sample;

pub(crate) use plot::{scratch, target};

/// What a group measured.
#[derive(Debug)]
pub(crate) struct Report {
    group: &'static str,
    plotted: &'static str,
    figures: Vec<Figure>,
    notes: Vec<String>,
}

impl Report {
    /// An empty report of a group, whose plot will show the member `plotted`.
    pub(crate) fn new(group: &'static str, plotted: &'static str) -> Self {
        Self { group, plotted, figures: Vec::new(), notes: Vec::new() }
    }

    pub(crate) fn group(&self) -> &'static str {
        self.group
    }

    pub(crate) fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// A sentence below the table: what is switched on, what is missing and why.
    #[must_use]
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// One JSON object a line.
    pub(crate) fn lines(&self) -> String {
        let line = |figure| {
            let line = Line { group: self.group, figure };
            serde_json::to_string(&line).unwrap_or_default() + "\n"
        };
        self.figures.iter().map(line).collect()
    }

    /// Draws the group's plot into `target/bench`.
    pub(crate) fn plot(&self) -> Result<(), String> {
        plot::draw(self.group, self.plotted, &self.figures)
    }

    /// Every member that some figure has, in the order of their first appearance.
    fn members(&self) -> Vec<&'static str> {
        let mut members = Vec::new();
        for (member, _) in self.figures.iter().flat_map(|figure| &figure.members) {
            if !members.contains(member) {
                members.push(*member);
            }
        }
        members
    }
}

/// A table in Markdown, so that documents show what the program printed.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.figures.is_empty() {
            let (members, by) = (self.members(), self.figures.iter().any(|figure| figure.peer.is_some()));
            let goals = self.figures.iter().any(|figure| !figure.goals.is_empty());
            let mut table = Table::new();
            let names = members.iter().map(|member| member.replace('_', " "));
            let header = [self.group.to_owned()].into_iter().chain(names);
            let header = header.chain(by.then(|| "by".to_owned())).chain(goals.then(|| "goal".to_owned()));
            table.load_style(ASCII_MARKDOWN).set_header(header);
            for figure in &self.figures {
                let values = members.iter().map(|member| figure.text(member));
                let peer = by.then(|| figure.peer.clone().unwrap_or_default());
                let goal =
                    goals.then(|| figure.goals.iter().map(Goal::to_string).collect::<Vec<_>>().join(", "));
                table.add_row([figure.name.clone()].into_iter().chain(values).chain(peer).chain(goal));
            }
            for column in table.column_iter_mut().skip(1).take(members.len()) {
                column.set_cell_alignment(CellAlignment::Right);
            }
            writeln!(f, "{table}")?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "\n{}: {note}", self.group))
    }
}

/// One variant, and what was measured of it.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    name: String,
    /// What it is compared with; absent in what others are compared with.
    peer: Option<String>,
    members: Vec<(&'static str, f64)>,
    goals: Vec<Goal>,
}

impl Figure {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), peer: None, members: Vec::new(), goals: Vec::new() }
    }

    /// Adds a member. Its name says how it is shown: `ns` and `.._ns` are times in nanoseconds, `spread` and `of_..` are
    /// shares and shown as percentages, `ratio` is this figure by its peer's, everything else is a plain number.
    #[must_use]
    pub(crate) fn with(mut self, member: &'static str, value: f64) -> Self {
        self.members.push((member, value));
        self
    }

    /// Adds a member that may be missing.
    #[must_use]
    pub(crate) fn with_some(self, member: &'static str, value: Option<f64>) -> Self {
        match value {
            Some(value) => self.with(member, value),
            None => self,
        }
    }

    /// Adds the median of some rounds, and how far they lie apart.
    #[must_use]
    pub(crate) fn sample(self, member: &'static str, sample: Sample) -> Self {
        self.with(member, sample.median).with("spread", sample.spread)
    }

    /// Compares a member with a peer's, where both have it: its `ratio` is this one by the peer's.
    #[must_use]
    pub(crate) fn beside(mut self, peer: &Self, member: &'static str) -> Self {
        if let Some((ours, theirs)) = self.value(member).zip(peer.value(member)) {
            self.peer = Some(peer.name.clone());
            self.members.push(("ratio", ours / theirs));
        }
        self
    }

    /// The goal that a member is not above this. Call it when the member is there.
    #[must_use]
    pub(crate) fn at_most(self, member: &'static str, limit: f64) -> Self {
        self.goal(member, limit, Bound::AtMost)
    }

    /// The goal that a member is not below this. Call it when the member is there.
    #[must_use]
    pub(crate) fn at_least(self, member: &'static str, limit: f64) -> Self {
        self.goal(member, limit, Bound::AtLeast)
    }

    fn goal(mut self, member: &'static str, limit: f64, bound: Bound) -> Self {
        if let Some(value) = self.value(member) {
            let met = match bound {
                Bound::AtMost => value <= limit,
                Bound::AtLeast => value >= limit,
            };
            self.goals.push(Goal { member, bound, limit, met });
        }
        self
    }

    /// A member, where it was measured.
    pub(crate) fn value(&self, member: &str) -> Option<f64> {
        self.members.iter().find(|(known, _)| *known == member).map(|(_, value)| *value)
    }

    fn text(&self, member: &str) -> String {
        self.value(member).map(|value| member::text(member, value)).unwrap_or_default()
    }
}

#[derive(Debug, Clone)]
struct Goal {
    member: &'static str,
    bound: Bound,
    limit: f64,
    met: bool,
}

#[derive(Debug, Clone, Copy)]
enum Bound {
    AtMost,
    AtLeast,
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = match self.bound {
            Bound::AtMost => '≤',
            Bound::AtLeast => '≥',
        };
        let (member, limit) = (self.member.replace('_', " "), member::text(self.member, self.limit));
        write!(f, "{member} {bound} {limit}: {}", if self.met { "met" } else { "missed" })
    }
}

/// A figure as a line of JSON: `group`, `name`, `peer` where there is one, then its members, then `goals`.
struct Line<'a> {
    group: &'static str,
    figure: &'a Figure,
}

impl Serialize for Line<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Figure { name, peer, members, goals } = self.figure;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("group", self.group)?;
        map.serialize_entry("name", name)?;
        if let Some(peer) = peer {
            map.serialize_entry("peer", peer)?;
        }
        for (member, value) in members {
            map.serialize_entry(member, &member::json(*value))?;
        }
        if !goals.is_empty() {
            map.serialize_entry("goals", &goals.iter().map(Goal::to_string).collect::<Vec<_>>())?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests;
