//! What the embedded store has.

use std::collections::HashMap;

use lodger_store::{Query, Store};

/// How often each order is in this store, whose chain must be whole.
///
/// # Panics
///
/// When it is not, or the store can't be read.
#[must_use]
pub fn stored(store: &Store) -> HashMap<String, u64> {
    let report = store.verify().unwrap();
    assert!(report.is_intact(), "{report:?}");
    let mut times = HashMap::new();
    let mut query = Query::new().oldest_first().limit(500);
    loop {
        let page = store.query(&query).unwrap();
        for entry in page.entries {
            *times.entry(entry.event.target.id).or_default() += 1;
        }
        match page.next {
            Some(next) => query = query.after(next),
            None => return times,
        }
    }
}
