//! Going from page to page, and knowing when to stop.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;

use super::{Entry, LodgerError};
use crate::service::Pages;
use crate::service::pages::Page;

/// What of a page matters to its walk.
pub(super) struct Leaf {
    pub(super) entries: Vec<Entry>,
    pub(super) returned: u64,
    pub(super) next: Option<i64>,
}

type Asked<T> = Pin<Box<dyn Future<Output = Result<T, LodgerError>> + Send>>;

/// The entries of all pages that `ask` gets, the first one at this cursor.
pub(super) fn all<F: Future<Output = Result<Leaf, LodgerError>> + Send + 'static>(
    from: Option<i64>,
    ask: impl Fn(Option<i64>) -> F + Send + Sync + 'static,
) -> Pages<Entry, LodgerError> {
    let ask = move |cursor| -> Asked<Leaf> { Box::pin(ask(cursor)) };
    Pages::new(page(Arc::new(ask), Steps::new(from)))
}

fn page(
    ask: Arc<dyn Fn(Option<i64>) -> Asked<Leaf> + Send + Sync>,
    mut steps: Steps,
) -> Asked<Page<Entry, LodgerError>> {
    Box::pin(async move {
        let leaf = ask(steps.at).await?;
        let counted = leaf.returned > 0;
        let to = leaf.next;
        let items = steps.unknown(leaf.entries);
        let goes_on = counted && !items.is_empty() && steps.go(to);
        Ok(Page { items, next: goes_on.then(|| page(ask, steps)) })
    })
}

/// Where a walk is.
struct Steps {
    at: Option<i64>,
    /// Whether cursors grow. Nobody documents it: the first two tell.
    rising: Option<bool>,
    /// Ids of the first page, where a walk in a circle comes by again.
    first: HashSet<String>,
    /// Ids of the page before.
    before: HashSet<String>,
}

impl Steps {
    fn new(from: Option<i64>) -> Self {
        Self { at: from, rising: None, first: HashSet::new(), before: HashSet::new() }
    }

    /// The entries that were neither on the first page nor on the one before.
    fn unknown(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let here: HashSet<String> = entries.iter().map(|entry| entry.id.clone()).collect();
        let known = |entry: &Entry| self.first.contains(&entry.id) || self.before.contains(&entry.id);
        let unknown = entries.into_iter().filter(|entry| !known(entry)).collect();
        if self.first.is_empty() {
            self.first.clone_from(&here);
        }
        self.before = here;
        unknown
    }

    /// Goes to the next cursor. False where that leads nowhere, or where the walk has been.
    fn go(&mut self, next: Option<i64>) -> bool {
        let Some(next) = next else { return false };
        if let Some(at) = self.at {
            let rises = next > at;
            // What is said on the last page is unknown. One that falls to nothing begins again or ends.
            if next == at || self.rising.is_some_and(|rising| rising != rises) || (!rises && next <= 0) {
                return false;
            }
            self.rising = Some(rises);
        }
        self.at = Some(next);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cursors that are asked for when the service answers these.
    fn walked(from: Option<i64>, answers: &[Option<i64>]) -> Vec<Option<i64>> {
        let mut steps = Steps::new(from);
        let mut asked = vec![from];
        for next in answers {
            if !steps.go(*next) {
                break;
            }
            asked.push(steps.at);
        }
        asked
    }

    #[test]
    fn a_walk_goes_either_way_and_never_back() {
        let no_end = [Some(10), Some(20), Some(30)];
        assert_eq!(walked(None, &no_end), [None, Some(10), Some(20), Some(30)]);
        assert_eq!(walked(None, &[Some(30), Some(20), Some(10)]), [None, Some(30), Some(20), Some(10)]);
        assert_eq!(walked(None, &[Some(10), Some(20), Some(10), Some(20)]), [None, Some(10), Some(20)]);
        assert_eq!(walked(None, &[Some(30), Some(20), Some(30), Some(20)]), [None, Some(30), Some(20)]);
        assert_eq!(walked(Some(-5), &[Some(-4), Some(-3)]), [Some(-5), Some(-4), Some(-3)]);
    }

    #[test]
    fn a_walk_ends_where_the_cursor_stays_falls_to_nothing_or_is_none() {
        assert_eq!(walked(None, &[None]), [None]);
        assert_eq!(walked(None, &[Some(10), Some(10)]), [None, Some(10)]);
        assert_eq!(walked(Some(10), &[Some(10)]), [Some(10)]);
        assert_eq!(walked(None, &[Some(10), Some(0)]), [None, Some(10)]);
        assert_eq!(walked(None, &[Some(10), Some(-1)]), [None, Some(10)]);
        assert_eq!(walked(Some(0), &[Some(0)]), [Some(0)]);
        assert_eq!(walked(Some(0), &[Some(i64::MAX), Some(i64::MIN)]), [Some(0), Some(i64::MAX)]);
    }
}
