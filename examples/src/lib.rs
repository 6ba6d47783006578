//! What the example programs share: a tiny invoicing domain, its users in both frameworks, and the demonstration that
//! the quickstarts run.

pub mod actix;
pub mod axum;
pub mod client;
pub mod demonstration;
pub mod invoices;
pub mod stop;
pub mod table;
pub mod users;
