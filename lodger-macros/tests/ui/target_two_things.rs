#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", target(invoice = id, order = order))]
async fn update(id: u64, order: u64) {}

fn main() {}
