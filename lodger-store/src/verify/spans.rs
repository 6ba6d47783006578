//! Whether queries by time find what is there.

use std::collections::HashMap;

use rusqlite::Connection;

use super::stored::Stored;
use crate::span::{LENGTH, Span};

/// The spans of one part of a workspace's numbering, as the file has them.
pub(super) struct Spans<'a> {
    connection: &'a Connection,
    place: (String, i64),
    of_projects: HashMap<String, Option<Span>>,
}

impl<'a> Spans<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection, place: (String::new(), 0), of_projects: HashMap::new() }
    }

    /// Whether the entry's span holds its time. Entries come in the order of workspace and number.
    pub(super) fn hold(&mut self, entry: &Stored) -> rusqlite::Result<bool> {
        let number = entry.sequence / LENGTH;
        if self.place.1 != number || self.place.0 != entry.workspace {
            self.place = (entry.workspace.clone(), number);
            self.of_projects.clear();
        }
        let span = match self.of_projects.get(&entry.project) {
            Some(span) => *span,
            None => {
                let span = Span::read(self.connection, &entry.workspace, &entry.project, number)?;
                self.of_projects.insert(entry.project.clone(), span);
                span
            }
        };
        Ok(span.is_some_and(|span| span.holds(entry.occurred_at)))
    }
}
