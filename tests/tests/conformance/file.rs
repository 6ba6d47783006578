//! A file of JSON lines.

use lodger_core::destination::Repeats;
use lodger_core::event::EventId;
use serde_json::Value;
use tempfile::TempDir;

use crate::subject::{Place, Subject, ids_at};

pub(crate) struct JsonLines(TempDir);

impl Subject for JsonLines {
    const REPEATS: Repeats = Repeats::Recognised;
    const IN_ORDER: bool = true;

    async fn open() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn place(&self) -> Option<Place> {
        Some(Place::new(format!("file:{}", self.0.path().join("audit.jsonl").display())))
    }

    fn stored(&self) -> Vec<EventId> {
        let text = std::fs::read_to_string(self.0.path().join("audit.jsonl")).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        ids_at("/id", &lines)
    }
}

conforms!(JsonLines: everywhere, killed);
