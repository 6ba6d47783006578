//! The allocator of this program: the system's, and it counts.
//!
//! It counts only while [`of`] runs, so that timed rounds don't pay for it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counts what [`System`] is asked for.
pub(crate) struct Counting;

static SWITCHED_ON: AtomicBool = AtomicBool::new(false);
static ALL_THREADS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    // Const and without a destructor: it neither allocates nor ends before its thread.
    static THIS_THREAD: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    if SWITCHED_ON.load(Ordering::Relaxed) {
        ALL_THREADS.fetch_add(1, Ordering::Relaxed);
        THIS_THREAD.set(THIS_THREAD.get() + 1);
    }
}

// A buffer that grows counts again: it is work of the allocator's, and most often a copy.
#[expect(
    unsafe_code,
    reason = "an allocator is unsafe by its trait; this one hands everything to the system's"
)]
// SAFETY: every call goes to `System` as it came, which keeps the promises.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe { System.dealloc(block, layout) }
    }
}

/// How often memory was allocated, or a block of it grown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allocations {
    pub(crate) this_thread: u64,
    pub(crate) other_threads: u64,
}

/// What `work` allocates, on this thread and on all others while it runs. One caller at a time.
pub(crate) fn of<R>(work: impl FnOnce() -> R) -> (R, Allocations) {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let before = (THIS_THREAD.get(), ALL_THREADS.load(Ordering::Relaxed));
    SWITCHED_ON.store(true, Ordering::Relaxed);
    let result = work();
    SWITCHED_ON.store(false, Ordering::Relaxed);
    let this_thread = THIS_THREAD.get() - before.0;
    let all_threads = ALL_THREADS.load(Ordering::Relaxed) - before.1;
    drop(turn);
    (result, Allocations { this_thread, other_threads: all_threads.saturating_sub(this_thread) })
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;
    use std::sync::{Arc, Barrier};

    use super::*;

    #[test]
    fn each_thread_counts_its_own() {
        let (begin, end) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let other = std::thread::spawn({
            let (begin, end) = (Arc::clone(&begin), Arc::clone(&end));
            move || {
                begin.wait();
                for _ in 0..5 {
                    black_box(Box::new(0_u8));
                }
                end.wait();
            }
        });
        let ((), counted) = of(|| {
            begin.wait();
            let mut one: Vec<u8> = black_box(Vec::with_capacity(16));
            one.extend([0; 64]); // two: it grows
            black_box(&one);
            black_box(Box::new(3_u64)); // three
            end.wait();
        });
        other.join().unwrap();
        assert_eq!(counted.this_thread, 3);
        // Other tests of the same process may allocate meanwhile.
        assert!(counted.other_threads >= 5, "{counted:?}");
    }

    #[test]
    fn nothing_is_counted_outside() {
        let before = THIS_THREAD.get();
        black_box(vec![0_u8; 99]);
        assert_eq!(of(|| ()).1.this_thread, 0);
        assert_eq!(THIS_THREAD.get(), before);
    }
}
