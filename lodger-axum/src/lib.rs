//! Audit logging for axum services: one layer, one attribute, and every change leaves a durable event.

extern crate self as lodger_axum;

mod actor;
mod extract;
mod future;
mod head;
mod layer;
mod service;
mod spawn;

pub use actor::SetActor;
pub use extract::{Audit, MissingLayer};
pub use future::ResponseFuture;
pub use layer::{AuditLayer, RequestView};
pub use service::AuditService;
pub use spawn::spawn;
