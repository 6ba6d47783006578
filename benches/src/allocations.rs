//! The allocator of this program: the system's, and it counts.
//!
//! It counts only while [`of`] runs, weighs from [`weigh`] on, and holds threads up only in [`alone`], so that timed rounds
//! don't pay for it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Counts what [`System`] is asked for.
pub(crate) struct Counting;

/// What is switched on: the sum of these.
static SWITCHED_ON: AtomicU8 = AtomicU8::new(0);
const COUNTING: u8 = 1;
const WEIGHING: u8 = 2;
const HOLDING: u8 = 4;

static BYTES: AtomicI64 = AtomicI64::new(0);
static BLOCKS: AtomicI64 = AtomicI64::new(0);
static ALL_THREADS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    // Const and without a destructor: it neither allocates nor ends before its thread.
    static THIS_THREAD: Cell<u64> = const { Cell::new(0) };
    static NEVER_HELD_UP: Cell<bool> = const { Cell::new(false) };
}

/// A block of `new` bytes is asked for, or with `old` a block of so many grown or given back.
#[inline]
fn note(old: Option<usize>, new: Option<usize>) {
    let on = SWITCHED_ON.load(Ordering::Relaxed);
    if on != 0 {
        note_all(on, old, new);
    }
}

#[cold]
#[inline(never)]
fn note_all(on: u8, old: Option<usize>, new: Option<usize>) {
    if on & HOLDING != 0 && !NEVER_HELD_UP.get() {
        while SWITCHED_ON.load(Ordering::Relaxed) & HOLDING != 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    if on & COUNTING != 0 && new.is_some() {
        ALL_THREADS.fetch_add(1, Ordering::Relaxed);
        THIS_THREAD.set(THIS_THREAD.get() + 1);
    }
    if on & WEIGHING != 0 {
        let size = |block: Option<usize>| block.map_or(0, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
        BYTES.fetch_add(size(new) - size(old), Ordering::Relaxed);
        BLOCKS.fetch_add(i64::from(new.is_some()) - i64::from(old.is_some()), Ordering::Relaxed);
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
        note(None, Some(layout.size()));
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(None, Some(layout.size()));
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(Some(layout.size()), Some(size));
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        note(Some(layout.size()), None);
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
    SWITCHED_ON.fetch_or(COUNTING, Ordering::Relaxed);
    let result = work();
    SWITCHED_ON.fetch_and(!COUNTING, Ordering::Relaxed);
    let this_thread = THIS_THREAD.get() - before.0;
    let all_threads = ALL_THREADS.load(Ordering::Relaxed) - before.1;
    drop(turn);
    (result, Allocations { this_thread, other_threads: all_threads.saturating_sub(this_thread) })
}

/// From now on what is in use is weighed.
pub(crate) fn weigh() {
    SWITCHED_ON.fetch_or(WEIGHING, Ordering::Relaxed);
}

/// What is in use of the memory that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InUse {
    pub(crate) bytes: i64,
    pub(crate) blocks: i64,
}

/// What is in use since [`weigh`]: meaningful as a difference.
pub(crate) fn in_use() -> InUse {
    InUse { bytes: BYTES.load(Ordering::Relaxed), blocks: BLOCKS.load(Ordering::Relaxed) }
}

/// Does `work` while every other thread stops at its next allocation, or at the next that it gives back: what this thread
/// hands to them stays where it is. One caller at a time; it must not wait for any of them.
pub(crate) fn alone<R>(work: impl FnOnce() -> R) -> R {
    NEVER_HELD_UP.set(true);
    SWITCHED_ON.fetch_or(HOLDING, Ordering::SeqCst);
    let result = work();
    SWITCHED_ON.fetch_and(!HOLDING, Ordering::SeqCst);
    NEVER_HELD_UP.set(false);
    result
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
    fn what_is_in_use_is_what_was_not_given_back() {
        weigh();
        // Alone: what other tests of the same process give back would be missing here.
        let [before, meanwhile, after] = alone(|| {
            let before = in_use();
            let kept: Vec<Vec<u8>> = (0..1_000).map(|_| black_box(Vec::with_capacity(1_000))).collect();
            let meanwhile = in_use();
            drop(kept);
            [before, meanwhile, in_use()]
        });
        // A million bytes, and the vector of vectors. A thread may be in the middle of its last block.
        assert!(
            (1_000_000..1_100_000).contains(&(meanwhile.bytes - before.bytes)),
            "{before:?} {meanwhile:?}"
        );
        assert!((990..1_010).contains(&(meanwhile.blocks - before.blocks)), "{before:?} {meanwhile:?}");
        assert!((-10..10).contains(&(after.blocks - before.blocks)), "{before:?} {after:?}");
    }

    #[test]
    fn nothing_is_counted_outside() {
        let before = THIS_THREAD.get();
        black_box(vec![0_u8; 99]);
        assert_eq!(of(|| ()).1.this_thread, 0);
        assert_eq!(THIS_THREAD.get(), before);
    }
}
