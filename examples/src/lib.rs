//! What the example programs share: a tiny invoicing domain, its users in both frameworks, the demonstration that
//! the quickstarts run, and stand-ins for hosted services.

pub mod actix;
pub mod axum;
pub mod client;
pub mod demonstration;
pub mod invoices;
pub mod stand_in;
pub mod stop;
pub mod table;
pub mod users;
