#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", target(invoice = { if id == 0 { break; } id }))]
async fn update(id: u64) {}

fn main() {}
