#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", fields(*amount))]
async fn update(amount: &u64) {}

fn main() {}
