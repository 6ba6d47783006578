#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", fields(amount = if amount == 0 { return } else { amount }))]
async fn update(amount: u64) {}

fn main() {}
