//! Audit logging for actix-web services: one middleware, one attribute, and every change leaves a durable event.

extern crate self as lodger_actix;

mod actor;
mod extract;
mod future;
mod head;
mod middleware;
mod service;
mod spawn;

pub use actor::SetActor;
pub use extract::{Audit, MissingMiddleware};
pub use future::ResponseFuture;
pub use middleware::AuditMiddleware;
pub use service::AuditService;
pub use spawn::spawn;
