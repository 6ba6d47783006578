//! Going from page to page, and knowing when to stop.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::pin::Pin;
use std::sync::Arc;

use super::{Entry, LodgerError};
use crate::service::Pages;
use crate::service::pages::{Fetching, Page};

/// So many events and cursors are remembered: 4 MiB at most.
const REMEMBERED: usize = 65_536;

/// So many pages in a row may have nothing new, as a live log's may, where events move from page to page.
const MOST_STALE: u32 = 2;

/// A walk over all pages ended before its end. What it gave before counts.
#[derive(Debug, thiserror::Error)]
#[error("the events from {} on could not be read", position(*cursor))]
#[non_exhaustive]
pub struct WalkError {
    /// Where to go on: the page that was not read. `None` is the beginning. For [`QueryCall::cursor`](super::QueryCall::cursor)
    /// and [`ActivityCall::cursor`](super::ActivityCall::cursor).
    pub cursor: Option<i64>,
    /// Why.
    #[source]
    pub error: LodgerError,
}

fn position(cursor: Option<i64>) -> String {
    cursor.map_or("the beginning".to_owned(), |cursor| format!("cursor {cursor}"))
}

impl From<WalkError> for LodgerError {
    fn from(walk: WalkError) -> Self {
        walk.error
    }
}

/// What of a page matters to its walk.
pub(super) struct Leaf {
    pub(super) entries: Vec<Entry>,
    pub(super) returned: u64,
    pub(super) total: u64,
    pub(super) next: Option<i64>,
}

type Asked = Pin<Box<dyn Future<Output = Result<Leaf, LodgerError>> + Send>>;

/// The entries of all pages that `ask` gets, the first one at this cursor.
pub(super) fn all<F: Future<Output = Result<Leaf, LodgerError>> + Send + 'static>(
    from: Option<i64>,
    ask: impl Fn(Option<i64>) -> F + Send + Sync + 'static,
) -> Pages<Entry, WalkError> {
    let ask = move |cursor| -> Asked { Box::pin(ask(cursor)) };
    Pages::new(page(Arc::new(ask), Steps::new(from)))
}

fn page(
    ask: Arc<dyn Fn(Option<i64>) -> Asked + Send + Sync>,
    mut steps: Steps,
) -> Fetching<Entry, WalkError> {
    Box::pin(async move {
        let leaf = ask(steps.at).await.map_err(|error| WalkError { cursor: steps.at, error })?;
        let next = leaf.next.filter(|_| leaf.returned > 0);
        steps.total = steps.total.max(leaf.total);
        let items = steps.unknown(leaf.entries);
        let next = match steps.go(next, items.len()) {
            Ok(true) => Some(page(ask, steps)),
            Ok(false) => None,
            // What stands on this page comes first.
            Err(error) => Some(Box::pin(std::future::ready(Err(error))) as Fetching<_, _>),
        };
        Ok(Page { items, next })
    })
}

/// Where a walk is.
struct Steps {
    at: Option<i64>,
    followed: Recent<i64>,
    known: Recent<(u64, u64)>,
    /// For fingerprints of ids that nobody can aim at.
    keys: (RandomState, RandomState),
    given: u64,
    /// The largest that the service said.
    total: u64,
    /// So many pages in a row had nothing new.
    stale: u32,
}

impl Steps {
    fn new(from: Option<i64>) -> Self {
        let mut followed = Recent::default();
        if let Some(from) = from {
            followed.insert(from, true);
        }
        Self {
            at: from,
            followed,
            known: Recent::default(),
            keys: <(RandomState, RandomState)>::default(),
            given: 0,
            total: 0,
            stale: 0,
        }
    }

    /// The entries that stood on no page before.
    fn unknown(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let first = self.known.all.is_empty();
        let mut here = Vec::new();
        let unknown: Vec<Entry> = entries
            .into_iter()
            .filter(|entry| {
                let id = (self.keys.0.hash_one(&entry.id), self.keys.1.hash_one(&entry.id));
                let unknown = !self.known.all.contains(&id);
                if unknown {
                    here.push(id);
                }
                unknown
            })
            .collect();
        for id in here {
            self.known.insert(id, first);
        }
        unknown
    }

    /// Goes to the next cursor, behind a page with so much that was new. False where the walk is at its end.
    fn go(&mut self, next: Option<i64>, new: usize) -> Result<bool, WalkError> {
        self.given = self.given.saturating_add(new as u64);
        self.stale = if new == 0 { self.stale + 1 } else { 0 };
        let all_given = self.given >= self.total;
        let Some(next) = next.filter(|next| Some(*next) != self.at) else { return Ok(false) };
        let been_there = self.followed.all.contains(&next);
        if all_given && (been_there || self.stale > 0) {
            return Ok(false);
        }
        let lost = if been_there {
            "a cursor came back"
        } else if self.stale > MOST_STALE {
            "several in a row have nothing new"
        } else if self.given > self.total.saturating_add(REMEMBERED as u64) {
            "they hold far more events than there are"
        } else {
            self.followed.insert(next, false);
            self.at = Some(next);
            return Ok(true);
        };
        let given = format!("{lost}, with {} of {} events given", self.given, self.total);
        Err(WalkError { cursor: Some(next), error: LodgerError::Paging(given) })
    }
}

/// What came by lately.
struct Recent<T> {
    all: HashSet<T>,
    /// The oldest first. What is not in it is never forgotten.
    order: VecDeque<T>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self { all: HashSet::new(), order: VecDeque::new() }
    }
}

impl<T: Hash + Eq + Copy> Recent<T> {
    fn insert(&mut self, item: T, for_ever: bool) {
        if !self.all.insert(item) || for_ever {
            return;
        }
        self.order.push_back(item);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cursors that are asked for when the service answers these, each with one new entry of so many, and whether it ends well.
    fn walked(from: Option<i64>, total: u64, answers: &[Option<i64>]) -> (Vec<Option<i64>>, bool) {
        let mut steps = Steps::new(from);
        steps.total = total;
        let mut asked = vec![from];
        for next in answers {
            match steps.go(*next, 1) {
                Ok(true) => asked.push(steps.at),
                Ok(false) => return (asked, true),
                Err(error) => {
                    assert_eq!(error.cursor, *next);
                    return (asked, false);
                }
            }
        }
        (asked, true)
    }

    #[test]
    fn every_cursor_is_followed_that_was_not_followed_before() {
        for up_and_down in [[30, 20, 10], [10, 30, 20], [5, 0, -3], [0, i64::MAX, i64::MIN]] {
            let answers = up_and_down.map(Some);
            let [one, two, three] = answers;
            assert_eq!(walked(None, 9, &answers), (vec![None, one, two, three], true));
        }
    }

    #[test]
    fn a_cursor_that_stays_or_is_none_is_the_end() {
        assert_eq!(walked(None, 9, &[None]), (vec![None], true));
        assert_eq!(walked(None, 9, &[Some(10), Some(10)]), (vec![None, Some(10)], true));
        assert_eq!(walked(Some(10), 9, &[Some(10)]), (vec![Some(10)], true));
    }

    #[test]
    fn a_cursor_that_comes_back_is_the_end_where_all_was_given_and_else_an_error() {
        let circle = [Some(10), Some(20), Some(10)];
        assert_eq!(walked(None, 3, &circle), (vec![None, Some(10), Some(20)], true));
        assert_eq!(walked(None, 4, &circle), (vec![None, Some(10), Some(20)], false));
        assert_eq!(walked(Some(7), 9, &[Some(10), Some(7)]), (vec![Some(7), Some(10)], false));
    }

    #[test]
    fn far_more_than_there_are_is_an_error_and_memory_is_bounded() {
        let mut steps = Steps::new(None);
        steps.total = 2;
        let mut asked = 0;
        let error = loop {
            asked += 1;
            match steps.go(Some(asked), 1) {
                Ok(on) => assert!(on),
                Err(error) => break error,
            }
        };
        assert_eq!(asked, 2 + REMEMBERED as i64 + 1);
        assert!(matches!(error.error, LodgerError::Paging(_)), "{error:?}");
        assert_eq!((steps.followed.all.len(), steps.followed.order.len()), (REMEMBERED, REMEMBERED));
    }
}
