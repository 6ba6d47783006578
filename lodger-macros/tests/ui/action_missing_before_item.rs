#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited(target(invoice = id), fields(amount))]
async fn update(id: u64, amount: u64) {}

fn main() {}
