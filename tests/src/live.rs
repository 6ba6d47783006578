//! How much memory is in use: bytes that are allocated and not freed.
//!
//! A test binary that asks has to name [`Counting`] as its allocator, and runs its tests one at a time: memory is counted
//! for the whole process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

static LIVE: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counting.
#[derive(Debug, Clone, Copy)]
pub struct Counting;

#[expect(unsafe_code, reason = "there is no other way to count what is allocated")]
// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Bytes in use now. Always 0 where [`Counting`] is not the allocator.
#[must_use]
pub fn live() -> usize {
    LIVE.load(Ordering::Relaxed)
}
