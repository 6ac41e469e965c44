//! The heap of this program, counted while somebody asks for it.
//!
//! The allocator is the system's. Counting is off while time is measured: then an allocation costs one more load of a flag
//! that nobody writes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};

/// The system's allocator with a count of what is in use and of how often it was asked.
#[derive(Debug)]
pub(crate) struct CountingHeap {
    counting: AtomicBool,
    bytes: AtomicIsize,
    requests: AtomicUsize,
}

/// What was allocated and not freed while counting, and how many requests that took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    pub(crate) bytes: isize,
    pub(crate) requests: usize,
}

impl CountingHeap {
    pub(crate) const fn new() -> Self {
        Self {
            counting: AtomicBool::new(false),
            bytes: AtomicIsize::new(0),
            requests: AtomicUsize::new(0),
        }
    }

    /// Starts counting from zero.
    pub(crate) fn start(&self) {
        self.bytes.store(0, Ordering::SeqCst);
        self.requests.store(0, Ordering::SeqCst);
        self.counting.store(true, Ordering::SeqCst);
    }

    /// Stops counting and returns the counts.
    pub(crate) fn stop(&self) -> Counted {
        self.counting.store(false, Ordering::SeqCst);
        Counted {
            bytes: self.bytes.load(Ordering::SeqCst),
            requests: self.requests.load(Ordering::SeqCst),
        }
    }

    fn add(&self, bytes: isize, requests: usize) {
        if self.counting.load(Ordering::Relaxed) {
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
            self.requests.fetch_add(requests, Ordering::Relaxed);
        }
    }
}

/// The size of an object fits `isize`: that is a rule of `Layout`.
fn signed(size: usize) -> isize {
    isize::try_from(size).unwrap_or(isize::MAX)
}

#[expect(
    unsafe_code,
    reason = "an allocator cannot be written without; it only counts and passes on"
)]
// SAFETY: every method passes its arguments on to the system's allocator unchanged and returns what that returns.
unsafe impl GlobalAlloc for CountingHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.add(signed(layout.size()), 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, object: *mut u8, layout: Layout) {
        self.add(-signed(layout.size()), 0);
        // SAFETY: the caller keeps the contract of `dealloc`; every object came from the system's allocator.
        unsafe { System.dealloc(object, layout) }
    }

    unsafe fn realloc(&self, object: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.add(signed(size) - signed(layout.size()), 1);
        // SAFETY: the caller keeps the contract of `realloc`; every object came from the system's allocator.
        unsafe { System.realloc(object, layout, size) }
    }
}
