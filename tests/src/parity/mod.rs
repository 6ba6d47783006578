//! One service, two frameworks, the same events.
//!
//! A [`Case`] says how the layer is set up, what a client does, and which events must come of it, written down as
//! literal JSON. [`run()`] plays it against one [`Framework`] through a real socket and compares *everything*: a member
//! too many is as wrong as one too few.
//!
//! Nothing here sleeps. Where a moment matters (the client leaves while the handler waits), the service stops at a
//! named gate and the script goes on when it has got there.

pub mod app_actix;
pub mod app_axum;
mod case;
mod destination;
mod domain;
mod driver;
mod expect;
mod gates;
mod http1;
mod http2;
mod request;
mod run;
mod setup;

pub use case::{
    Case, Reply, Step, aside, ask, ask_again, case, closed, delivered, half_close, hang_up, hear, left, open,
    push, reached, read, reset, send, silent, work,
};
pub use domain::{ApiError, ApiKey, CurrentUser, Invoice, InvoiceId, JOBS};
pub use gates::Gates;
pub use request::{Request, delete, get, head, post, put, request};
pub use run::{Framework, run};
pub use setup::{Authentication, On, Pause, Resolver, Setup, World};

/// Makes a test of every named case, for both frameworks: `on_axum::name` and `on_actix::name`.
///
/// A case that is written but not listed here is dead code, and the compiler says so.
#[macro_export]
macro_rules! parity {
    ($($case:ident),+ $(,)?) => {
        mod on_axum {
            $(#[test] fn $case() { $crate::parity::run($crate::parity::Framework::Axum, &super::$case()); })+
        }
        mod on_actix {
            $(#[test] fn $case() { $crate::parity::run($crate::parity::Framework::Actix, &super::$case()); })+
        }
    };
}
