#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", target = id, target(order = order))]
async fn update(id: u64, order: u64) {}

fn main() {}
