//! Many events at once: what was recorded elsewhere, and what happened just now.

mod key;
mod report;
mod run;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use tokio::task::JoinSet;

use super::{EventCall, EventReceipt, LodgerApi, LodgerError};
use crate::service::Retries;
use run::{Run, finished};

pub use report::{ImportProgress, ImportStopped, Imported};

/// How many events are on their way at once unless something else is said.
const AT_ONCE: usize = 16;

/// The most that are ever on their way at once.
const MOST_AT_ONCE: usize = 64;

type Observer<'a> = Box<dyn FnMut(&Imported<'_>) + Send + 'a>;

/// Events on their way into the record, each under the caller's own time. Made by [`LodgerApi::import`], begun by
/// [`run`](Self::run).
///
/// The service takes one event a request. Several are made side by side, so events are accepted in about their order, not
/// exactly in it. Events are taken from their source when there is a place for them, and are not kept: a million need as
/// much memory as a hundred.
///
/// # An import that is run again
///
/// Each event has an idempotency key: its own, where its [`CallOptions`](super::CallOptions) have one (an id of the source, such
/// as a primary key, is the best that there is), else one made of the import's name, the event's place and all that it says.
/// Who runs the same import again, from the beginning or [from where it stopped](Self::resume_at), gets the first receipts
/// again and records nothing twice; how long the service remembers keys is not documented. An event that says something else
/// than the one that had its place is another event, and recorded.
///
/// # Failures
///
/// What fails for a reason that may pass is made again under the same key, as the import's [`Retries`] say. All wait while the
/// service asks for it (429 or 503 with `Retry-After`), if that is no longer than the retries' longest pause.
///
/// The import stops at the first event that fails for good, or at the first that is one more than it
/// [tolerates](Self::tolerate). It stops at once where nothing else will fare better: no API key, a 429 or 503 that no repeat got
/// past, and every status that neither may pass nor is about this one event (400, 409, 413, 422). Events that failed
/// for a reason that may pass, and were tolerated, are tried again by whoever
/// [resumes](ImportProgress::resume_at).
///
/// # Default
///
/// From the first event on, 16 at once, no failure tolerated, each request repeated up to 8 times with pauses of up to a minute,
/// whatever the client's own retries are: nobody waits for an import.
#[must_use = "call `run()` to begin"]
pub struct Import<'a, S> {
    calls: S,
    settings: Settings<'a>,
}

struct Settings<'a> {
    api: LodgerApi,
    name: String,
    at_once: usize,
    resume_at: u64,
    tolerated: u64,
    retries: Retries,
    observer: Option<Observer<'a>>,
}

impl LodgerApi {
    /// Prepares to record what happened elsewhere and earlier: history, or another system's backlog. Each event needs a time of
    /// its own ([`EventCall::occurred_at`]), which is sent untouched.
    ///
    /// The name is the import's, and stands for its source: keep it to run the same import again, and take another one for another
    /// source.
    ///
    /// ```no_run
    /// # use lodger_core::service::lodger::{EventCall, LodgerApi};
    /// # async fn example(api: LodgerApi, rows: Vec<(String, String, String)>) -> Result<(), Box<dyn std::error::Error>> {
    /// let calls = rows.into_iter().map(|(at, who, invoice)| EventCall::new("invoice.paid", who, invoice).occurred_at(at));
    /// let import = api.import("invoices 2025", calls).on_progress(|imported| {
    ///     if imported.index % 1_000 == 0 {
    ///         println!("{} accepted", imported.progress.accepted);
    ///     }
    /// });
    /// import.run().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn import<'a, N: Into<String>, I: IntoIterator<Item = EventCall>>(
        &self,
        name: N,
        calls: I,
    ) -> Import<'a, impl Stream<Item = EventCall> + use<N, I>> {
        self.import_stream(name, Calls(calls.into_iter()))
    }

    /// The same from a stream: a cursor of a database, lines of a file.
    pub fn import_stream<'a, S>(&self, name: impl Into<String>, calls: S) -> Import<'a, S>
    where
        S: Stream<Item = EventCall>,
    {
        let settings = Settings {
            api: self.clone(),
            name: name.into(),
            at_once: AT_ONCE,
            resume_at: 0,
            tolerated: 0,
            retries: Retries::up_to(8).longest_pause(Duration::from_secs(60)),
            observer: None,
        };
        Import { calls, settings }
    }

    /// Records several events that happened just now, 16 at once, each as [`event`](Self::event) does: with its own receipt or
    /// error, in the order of the calls. None of them stops the others. Those without a time happened when this is first
    /// polled, however long they wait for their turn.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing running, and open which events were recorded.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn events(
        &self,
        calls: impl IntoIterator<Item = EventCall>,
    ) -> Vec<Result<EventReceipt, LodgerError>> {
        let mut calls = calls.into_iter().map(EventCall::stamped).collect::<Vec<_>>().into_iter();
        let mut results = Vec::new();
        let mut under_way = JoinSet::new();
        loop {
            while under_way.len() < AT_ONCE
                && let Some(call) = calls.next()
            {
                let (api, place) = (self.clone(), results.len());
                results.push(None);
                under_way.spawn(async move { (place, api.event(call).await) });
            }
            let Some(done) = under_way.join_next().await else { break };
            let (place, result) = finished(done);
            if let Some(slot) = results.get_mut(place) {
                *slot = Some(result);
            }
        }
        results.into_iter().flatten().collect()
    }
}

impl<'a, S: Stream<Item = EventCall>> Import<'a, S> {
    /// How many events are on their way at once: 1 to 64; what is less or more counts as those. Default: 16.
    pub fn at_once(mut self, events: usize) -> Self {
        self.settings.at_once = events.clamp(1, MOST_AT_ONCE);
        self
    }

    /// Begins with the event of this number, the first one being 0. Those before are taken from the source and not sent. Default:
    /// 0. See [`ImportStopped::resume_at`].
    pub fn resume_at(mut self, index: u64) -> Self {
        self.settings.resume_at = index;
        self
    }

    /// So many events may fail without keeping the others from being tried; [`on_progress`](Self::on_progress) tells which.
    /// Default: none. Only such as were refused for what they are (400, 409, 413, 422, a call that can't be sent) leave
    /// the import a success.
    pub fn tolerate(mut self, failures: u64) -> Self {
        self.settings.tolerated = failures;
        self
    }

    /// How often a request is made again. Default: up to 8 times, no pause longer than a minute.
    pub fn retries(mut self, retries: Retries) -> Self {
        self.settings.retries = retries;
        self
    }

    /// Told of each event's receipt or error when it is there, in the order in which the service answers. Default: nobody.
    pub fn on_progress(mut self, observer: impl FnMut(&Imported<'_>) + Send + 'a) -> Self {
        self.settings.observer = Some(Box::new(observer));
        self
    }

    /// Imports until all is done, or it has to stop. `Ok` says that the service accepted every event, but those that it refused for
    /// what they are and that were tolerated: [`ImportProgress::failed`].
    ///
    /// # Errors
    ///
    /// [`ImportStopped`] says why and where to go on; it may come at the very end, when tolerated failures may have passed.
    /// Nothing is on its way any more; what was when the import stopped may have been recorded, and is recognised when it is
    /// sent again.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing running. Run the import again: what was recorded is recognised.
    ///
    /// # Durability
    ///
    /// An accepted event is accepted and queued at the service.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, and where the source or the observer does.
    pub async fn run(self) -> Result<ImportProgress, ImportStopped> {
        let of = match self.calls.size_hint() {
            (least, Some(most)) if least == most => u64::try_from(most).ok(),
            _ => None,
        };
        Run::new(self.settings, of).through(self.calls).await
    }
}

impl<S> fmt::Debug for Import<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Import").field("name", &self.settings.name).finish_non_exhaustive()
    }
}

/// Calls that are all there, as a stream.
struct Calls<I>(I);

/// What it holds is never pinned.
impl<I> Unpin for Calls<I> {}

impl<I: Iterator<Item = EventCall>> Stream for Calls<I> {
    type Item = EventCall;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<EventCall>> {
        Poll::Ready(self.0.next())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}
