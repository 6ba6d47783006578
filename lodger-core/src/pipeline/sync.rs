//! What [`intake`](super::intake), [`budget`](super::budget) and [`progress`](super::progress) are made of. The model test
//! (`tests/tests/model.rs`) compiles those three files as they are, with shuttle's primitives in the place of these.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
