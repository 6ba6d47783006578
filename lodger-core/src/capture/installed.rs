//! The client for code that runs outside every scope.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};
use std::time::Duration;

use super::{Captured, Count, Reservation, Sink, Terms, Wait};
use crate::event::{last_resort, trim};
use crate::redact::{HashKey, Rules};

/// The only global state of this crate that knows a client: set by `Lodger::install`. It doesn't keep it alive, because
/// nothing drops a static: the last handle would never commit.
static INSTALLED: RwLock<Option<Weak<dyn Sink>>> = RwLock::new(None);

/// Makes `sink` the one that takes events from outside every scope, as long as somebody else keeps it.
pub fn install(sink: &Arc<dyn Sink>) {
    *INSTALLED.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::downgrade(sink));
}

/// Forgets the installed one, if it is `sink`: a client that is shut down takes no more events.
pub fn uninstall(sink: &Arc<dyn Sink>) {
    let mut installed = INSTALLED.write().unwrap_or_else(PoisonError::into_inner);
    if installed.as_ref().is_some_and(|current| std::ptr::addr_eq(current.as_ptr(), Arc::as_ptr(sink))) {
        *installed = None;
    }
}

/// The installed one, if it is still there.
#[must_use]
pub fn installed() -> Option<Arc<dyn Sink>> {
    INSTALLED.read().unwrap_or_else(PoisonError::into_inner).as_ref()?.upgrade()
}

/// The installed one, or what counts, logs and prints the events that nobody takes.
pub(crate) fn installed_or_orphanage() -> Arc<dyn Sink> {
    #[cfg(feature = "testing")]
    if let Some(capture) = super::on_thread::on_this_thread() {
        return capture;
    }
    installed().unwrap_or_else(|| {
        static ORPHANAGE: OnceLock<Arc<dyn Sink>> = OnceLock::new();
        Arc::clone(ORPHANAGE.get_or_init(|| Arc::new(Orphanage::default())))
    })
}

/// How many events were recorded outside every scope while no client was installed. Each is on stderr.
#[must_use]
pub fn orphans() -> u64 {
    ORPHANS.load(Ordering::Relaxed)
}

static ORPHANS: AtomicU64 = AtomicU64::new(0);

/// Takes the events that have nowhere to go, and is loud about them.
#[derive(Debug)]
struct Orphanage {
    key: HashKey,
}

impl Default for Orphanage {
    fn default() -> Self {
        // Without randomness the hashes on stderr could be guessed; with a fixed key they could be too.
        let key = HashKey::generate().unwrap_or_else(|_| HashKey::from_bytes([0; 32]));
        Self { key }
    }
}

impl Sink for Orphanage {
    fn accept(&self, captured: Captured, _terms: Terms) -> Option<Wait> {
        let mut event = captured.into_event();
        if ORPHANS.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::error!(
                target: "lodger",
                "an audit event was recorded outside every request and job, and no client is installed to take it: \
                 call lodger.install() at start-up and keep the handle, or run the code in lodger.run_as(actor, …); \
                 such events are only printed to stderr"
            );
        }
        Rules::default().apply(&mut event, &self.key);
        trim::trim(&mut event);
        last_resort::print(&event, "no client is installed");
        None
    }

    fn reserve(&self, _: Option<IpAddr>) -> Result<Reservation, Duration> {
        Ok(Box::new(()))
    }

    fn durable(&self) -> Wait {
        Box::pin(std::future::ready(Ok(())))
    }

    fn is_durable(&self) -> bool {
        false
    }

    fn hash_key(&self) -> &HashKey {
        &self.key
    }

    fn count(&self, _what: Count) {}
}
