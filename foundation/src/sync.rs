//! The locks and atomics of the lock-level code, real ones normally and loom's under `cfg(loom)`.
//!
//! Only what the mailbox, the reply cell, the cell of a process, the limiters and the breaker need. Nothing here adds behaviour.

#[cfg(not(loom))]
mod real {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

    pub(crate) use parking_lot::{Mutex, MutexGuard};
}

#[cfg(loom)]
mod real {
    pub(crate) use loom::sync::MutexGuard;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

    /// A loom mutex with the poison-free interface of the real one.
    #[derive(Debug)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().expect("a loom model never poisons a lock")
        }
    }
}

pub(crate) use real::{AtomicBool, AtomicU8, AtomicU64, Mutex, MutexGuard, Ordering};
