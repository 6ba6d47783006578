//! Bounds waits by a clock of our own: an application may run on a tokio runtime that was built without its timer, on
//! another executor, or on none, and a wait of ours must end there too.
//!
//! One thread for the whole process, started when a wait is bounded that is not over at once, and ended when nobody has
//! waited for a while. A wait that ends in time costs two short locks and wakes nobody: the thread sleeps to the time that
//! it knows of, and finds out then that nobody waits for it any more.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use super::thread;

/// The thread ends when nobody has waited for so long.
const IDLE: Duration = Duration::from_secs(30);

/// What a wait without an end is bounded by: an instant that far ahead exists on every platform.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A wait: when it ends, and a number that tells it from others that end at the same time.
type Key = (Instant, u64);

/// Those who wait, and the thread that wakes them. It knows no client, and is empty while nobody waits.
static TIMER: Timer = Timer { state: Mutex::new(State::EMPTY), changed: Condvar::new() };

struct Timer {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    waiting: BTreeMap<Key, Waker>,
    numbers: u64,
    /// When the thread looks next; `None` while there is no thread.
    looks_at: Option<Instant>,
}

impl State {
    const EMPTY: Self = Self { waiting: BTreeMap::new(), numbers: 0, looks_at: None };
}

/// The output of `work`, or `None` when it takes longer than this. Nothing is started or locked when `work` is ready at once.
///
/// Should the system refuse the thread, `work` is waited for without a bound, and the log says so.
pub(crate) async fn within<F: Future>(limit: Duration, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut alarm: Option<Alarm> = None;
    poll_fn(|context| {
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(Some(done));
        }
        let alarm = alarm.get_or_insert_with(|| Alarm::new(Instant::now() + limit.min(LONGEST)));
        if alarm.rings(context.waker()) { Poll::Ready(None) } else { Poll::Pending }
    })
    .await
}

/// Wakes a task at a time. Dropping it takes it back.
struct Alarm {
    ends_at: Instant,
    /// Its place, and whom it wakes.
    set: Option<(Key, Waker)>,
}

impl Alarm {
    fn new(ends_at: Instant) -> Self {
        Self { ends_at, set: None }
    }

    /// Whether its time has come. If not, this task is woken then.
    fn rings(&mut self, waker: &Waker) -> bool {
        if Instant::now() >= self.ends_at {
            return true;
        }
        match &mut self.set {
            Some((_, woken)) if woken.will_wake(waker) => {}
            Some((key, woken)) => {
                woken.clone_from(waker);
                TIMER.set(*key, waker.clone());
            }
            None => self.set = Some((TIMER.add(self.ends_at, waker.clone()), waker.clone())),
        }
        false
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if let Some((key, _)) = self.set.take() {
            let waker = TIMER.lock().waiting.remove(&key);
            // Not under the lock: a waker is the application's code.
            drop(waker);
        }
    }
}

impl Timer {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, ends_at: Instant, waker: Waker) -> Key {
        let mut state = self.lock();
        state.numbers += 1;
        let key = (ends_at, state.numbers);
        state.waiting.insert(key, waker);
        match state.looks_at {
            Some(looks_at) if looks_at <= ends_at => {}
            Some(_) => {
                state.looks_at = Some(ends_at);
                drop(state);
                self.changed.notify_one();
            }
            None => {
                state.looks_at = Some(ends_at);
                drop(state);
                start();
            }
        }
        key
    }

    fn set(&self, key: Key, waker: Waker) {
        // Where it is gone it has rung, and whoever polls sees the time.
        let before = self.lock().waiting.get_mut(&key).map(|place| std::mem::replace(place, waker));
        drop(before);
    }

    /// Wakes everybody whose time has come, until nobody has waited for a while.
    fn run(&self) {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let later = state.waiting.split_off(&(now, u64::MAX));
            let due = std::mem::replace(&mut state.waiting, later);
            if !due.is_empty() {
                drop(state);
                for waker in due.into_values() {
                    // The waker of an executor that we don't know: its panic must not end the waits of the others.
                    if catch_unwind(AssertUnwindSafe(|| waker.wake())).is_err() {
                        tracing::error!("a task could not be woken: its waker panicked");
                    }
                }
                state = self.lock();
                continue;
            }
            let next = state.waiting.first_key_value().map(|((ends_at, _), _)| *ends_at);
            let looks_at = next.unwrap_or(now + IDLE);
            state.looks_at = Some(looks_at);
            let sleep = looks_at.saturating_duration_since(now);
            let (woken, slept) =
                self.changed.wait_timeout(state, sleep).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if next.is_none() && slept.timed_out() && state.waiting.is_empty() {
                state.looks_at = None;
                return;
            }
        }
    }
}

fn start() {
    if let Err(error) = thread::spawn("lodger-timer", || TIMER.run()) {
        TIMER.lock().looks_at = None;
        tracing::error!(%error, "can't start the thread that bounds waits: they take as long as they take");
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake};

    use super::*;

    /// An executor with nothing but this thread.
    fn block_on<F: Future>(future: F) -> F::Output {
        struct Unpark(std::thread::Thread);
        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return done;
            }
            std::thread::park();
        }
    }

    const SOON: Duration = Duration::from_millis(5);
    const NEVER: Duration = Duration::from_secs(1_000_000);

    #[test]
    fn a_wait_ends_without_any_runtime() {
        assert_eq!(block_on(within(SOON, pending::<()>())), None);
        assert_eq!(block_on(within(NEVER, ready(7))), Some(7));
        assert_eq!(block_on(within(Duration::MAX, ready(7))), Some(7));
    }

    #[test]
    fn a_wait_ends_in_a_runtime_that_has_no_timer() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(within(SOON, pending::<()>())), None);
    }

    #[test]
    fn a_nearer_end_is_not_missed_behind_a_farther_one() {
        let far = std::thread::spawn(|| {
            block_on(within(NEVER, within(Duration::from_millis(50), pending::<()>())))
        });
        for _ in 0..20 {
            assert_eq!(block_on(within(SOON, pending::<()>())), None);
        }
        assert_eq!(far.join().unwrap(), Some(None));
    }

    #[test]
    fn a_wait_that_is_over_or_dropped_leaves_nothing_behind() {
        struct Nobody;
        impl Wake for Nobody {
            fn wake(self: Arc<Self>) {}
        }
        let nobody = Arc::new(Nobody);
        let waker = Waker::from(Arc::clone(&nobody));
        let mut context = Context::from_waker(&waker);
        {
            let mut wait = pin!(within(NEVER, pending::<()>()));
            assert!(wait.as_mut().poll(&mut context).is_pending());
            assert_eq!(Arc::strong_count(&nobody), 4, "the alarm and the timer each have one");
        }
        assert_eq!(Arc::strong_count(&nobody), 2);
    }

    #[test]
    fn many_waits_from_many_threads_all_end() {
        let ended = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for thread in 0..8_u64 {
                let ended = &ended;
                scope.spawn(move || {
                    for wait in 0..50_u64 {
                        let limit = Duration::from_micros((thread * 997 + wait * 131) % 3_000);
                        assert_eq!(block_on(within(limit, pending::<()>())), None);
                        ended.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(ended.into_inner(), 400);
    }

    #[test]
    fn a_waker_that_panics_ends_no_other_wait() {
        struct Bad;
        impl Wake for Bad {
            fn wake(self: Arc<Self>) {
                panic!("as this test wants it");
            }
        }
        let bad = Waker::from(Arc::new(Bad));
        let mut wait = Box::pin(within(SOON, pending::<()>()));
        assert!(wait.as_mut().poll(&mut Context::from_waker(&bad)).is_pending());
        for _ in 0..10 {
            assert_eq!(block_on(within(SOON, pending::<()>())), None);
        }
        drop(wait);
    }
}
