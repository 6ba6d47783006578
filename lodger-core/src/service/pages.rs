//! Reading what stands on many pages.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

/// A page that is on its way.
pub(crate) type Fetching<T, E> = Pin<Box<dyn Future<Output = Result<Page<T, E>, E>> + Send>>;

/// What stands on all pages of an answer, one after the other. A page is asked for when the one before is used up.
///
/// It is a [`Stream`], and can do without one: [`next`](Self::next). What is recorded while it is read may be on none of
/// its pages, or on two, as far as the service's paging allows that. An error ends it.
///
/// # Cancel safety
///
/// Nothing is sent before it is polled. Dropping [`next`](Self::next)'s future loses nothing: the page that was being
/// fetched goes on being fetched by the next call.
#[must_use = "nothing is asked for before it is read"]
pub struct Pages<T, E> {
    items: std::vec::IntoIter<T>,
    next: Option<Fetching<T, E>>,
}

/// One page, and how to get the next one, where there may be one.
pub(crate) struct Page<T, E> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<Fetching<T, E>>,
}

impl<T, E> Pages<T, E> {
    /// Begins with the page that this future gets.
    pub(crate) fn new(first: impl Future<Output = Result<Page<T, E>, E>> + Send + 'static) -> Self {
        Self { items: Vec::new().into_iter(), next: Some(Box::pin(first)) }
    }

    /// The next one; `None` behind the last one, and behind an error.
    ///
    /// # Errors
    ///
    /// What fetching a page can fail with.
    pub async fn next(&mut self) -> Option<Result<T, E>> {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, E>>> {
        loop {
            if let Some(item) = self.items.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            let Some(fetching) = &mut self.next else { return Poll::Ready(None) };
            let page = std::task::ready!(fetching.as_mut().poll(context));
            self.next = None;
            match page {
                Ok(page) => (self.items, self.next) = (page.items.into_iter(), page.next),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

impl<T, E> Unpin for Pages<T, E> {}

impl<T, E> Stream for Pages<T, E> {
    type Item = Result<T, E>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(context)
    }
}

impl<T, E> fmt::Debug for Pages<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("read", &self.items.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages of two numbers each, up to a last one that is empty or fails.
    fn page(from: u32, last: Result<(), &'static str>) -> Fetching<u32, &'static str> {
        Box::pin(async move {
            if from > 4 {
                return last.map(|()| Page { items: vec![], next: None });
            }
            tokio::task::yield_now().await;
            Ok(Page { items: vec![from, from + 1], next: Some(page(from + 2, last)) })
        })
    }

    #[tokio::test]
    async fn everything_comes_once_and_in_order() {
        let mut pages = Pages::new(page(1, Ok(())));
        let mut all = Vec::new();
        while let Some(number) = pages.next().await {
            all.push(number.unwrap());
        }
        assert_eq!(all, [1, 2, 3, 4]);
        assert_eq!(pages.next().await, None);
    }

    #[tokio::test]
    async fn an_error_ends_it() {
        let mut pages = Pages::new(page(3, Err("gone")));
        assert_eq!(pages.next().await, Some(Ok(3)));
        assert_eq!(pages.next().await, Some(Ok(4)));
        assert_eq!(pages.next().await, Some(Err("gone")));
        assert_eq!(pages.next().await, None);
    }

    #[tokio::test]
    async fn a_call_that_is_dropped_loses_no_page() {
        let mut pages = Pages::new(page(3, Ok(())));
        let polled = std::future::poll_fn(|context| Poll::Ready(pages.poll(context).is_pending())).await;
        assert!(polled, "the page is being fetched");
        assert_eq!(pages.next().await, Some(Ok(3)));
    }
}
