//! The embedded store.

use lodger_core::destination::Repeats;
use lodger_core::event::EventId;
use lodger_store::{Query, Store};
use tempfile::TempDir;

use crate::subject::{Place, Subject};

pub(crate) struct Embedded(TempDir);

impl Subject for Embedded {
    const REPEATS: Repeats = Repeats::Recognised;
    const IN_ORDER: bool = true;

    async fn open() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn place(&self) -> Option<Place> {
        Some(Place::new(format!("store:{}", self.0.path().join("store").display())))
    }

    fn stored(&self) -> Vec<EventId> {
        let store = Store::open(self.0.path().join("store")).unwrap();
        let (mut ids, mut query) = (Vec::new(), Query::new().oldest_first().limit(500));
        loop {
            let page = store.query(&query).unwrap();
            ids.extend(page.entries.iter().map(|entry| entry.event.id));
            match page.next {
                Some(next) => query = query.after(next),
                None => return ids,
            }
        }
    }
}

conforms!(Embedded: everywhere, killed);
