//! The test captures of this thread, which go before the installed client.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use super::Sink;

thread_local! {
    /// The last one that is still there takes the events. None is kept alive, so dropping a capture undoes it.
    static SINKS: RefCell<Vec<Weak<dyn Sink>>> = const { RefCell::new(Vec::new()) };
}

/// Makes `sink` the one that takes events from outside every scope on this thread, as long as somebody else keeps it.
pub(crate) fn install_on_thread(sink: &Arc<dyn Sink>) {
    SINKS.with_borrow_mut(|sinks| {
        sinks.retain(|sink| sink.strong_count() > 0);
        sinks.push(Arc::downgrade(sink));
    });
}

/// The last one that was installed on this thread and is still there.
pub(super) fn on_this_thread() -> Option<Arc<dyn Sink>> {
    // A destructor of another thread-local may come here after ours is gone.
    let last = SINKS.try_with(|sinks| sinks.borrow().iter().rev().find_map(Weak::upgrade));
    last.unwrap_or_default()
}
