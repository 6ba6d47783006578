#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", idempotency_key = "pay-{id}")]
async fn update(id: u64) {}

fn main() {}
