#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", related = order)]
async fn update(order: u64) {}

fn main() {}
