//! All pages of a list, by offset and total.

use std::collections::{HashSet, VecDeque};

use super::{AuditledgeApi, AuditledgeError, EventPage, Query, StoredEvent};
use crate::service::Pages;
use crate::service::pages::{Fetching, Page};

/// On how many pages an event is looked for before it counts as new, and how many pages may show nothing new: as many as
/// can be recorded while one page is read, so the list moves by less.
const REMEMBERED: usize = 4;

pub(super) fn all(api: AuditledgeApi, query: Query) -> Pages<StoredEvent, AuditledgeError> {
    let offset = query.offset.unwrap_or(0);
    let (seen, nothing_new, pages, mark) = (VecDeque::new(), 0, 0, None);
    Pages::new(page(List { api, query, offset, seen, nothing_new, pages, mark }))
}

/// Where a list is read.
struct List {
    api: AuditledgeApi,
    query: Query,
    /// How many of the newest were on the pages so far.
    offset: u64,
    /// The ids on the last few pages.
    seen: VecDeque<HashSet<String>>,
    /// How many pages in a row showed only these.
    nothing_new: usize,
    /// How many pages there were.
    pages: u64,
    /// An event, and on which page it was: the first one of every page whose number is a power of two. A list that goes
    /// round comes back to one of them (Brent, "An improved Monte Carlo factorization algorithm", 1980).
    mark: Option<(String, u64)>,
}

fn page(mut list: List) -> Fetching<StoredEvent, AuditledgeError> {
    Box::pin(async move {
        let mut query = list.query.clone();
        if list.offset > 0 {
            query = query.offset(list.offset);
        }
        let EventPage { events, total, .. } = list.api.query(query).await?;
        let (from, on_page) = (list.offset, events.len() as u64);
        if on_page == 0 && from < total {
            return Err(AuditledgeError::Paging(format!(
                "of {total} events, there is none behind the first {from}"
            )));
        }
        list.pages += 1;
        let first = events.first().map(|event| event.id.clone());
        let items = list.new_ones(events);
        if list.goes_round() {
            return Err(AuditledgeError::Paging("they begin again".to_owned()));
        }
        if let Some(first) = first.filter(|_| list.pages.is_power_of_two()) {
            list.mark = Some((first, list.pages));
        }
        list.nothing_new = if items.is_empty() { list.nothing_new + 1 } else { 0 };
        if list.nothing_new == REMEMBERED {
            return Err(AuditledgeError::Paging("they show the same events again and again".to_owned()));
        }
        list.offset = from.saturating_add(on_page);
        // Where there are more events than the total says, it is no total: only an empty page is the end.
        let more = on_page > 0 && list.offset != total;
        Ok(Page { items, next: more.then(|| page(list)) })
    })
}

impl List {
    /// The events that were not on one of the last few pages.
    fn new_ones(&mut self, mut events: Vec<StoredEvent>) -> Vec<StoredEvent> {
        let mut ids = HashSet::with_capacity(events.len());
        events.retain(|event| {
            ids.insert(event.id.clone()) && !self.seen.iter().any(|page| page.contains(&event.id))
        });
        self.seen.push_back(ids);
        if self.seen.len() > REMEMBERED {
            self.seen.pop_front();
        }
        events
    }

    /// Whether the last page shows an event again that moving events can't have brought there.
    fn goes_round(&self) -> bool {
        let Some((mark, page)) = &self.mark else { return false };
        let far = self.pages - page > REMEMBERED as u64;
        far && self.seen.back().is_some_and(|ids| ids.contains(mark))
    }
}
