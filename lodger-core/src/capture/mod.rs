//! What an audit event means: the framework-neutral rules by which a request becomes one.
//!
//! Nothing here knows a web framework. An adapter shows a request's head through [`Head`]; everything else is
//! text, bytes, status numbers and addresses, so each rule is a function with a table of tests.

pub mod client_ip;
pub mod head;
pub mod outcome;
pub mod request_id;
pub mod route_pattern;
pub mod rules;
pub mod session;
pub mod target;
pub mod trace;

pub use head::Head;
