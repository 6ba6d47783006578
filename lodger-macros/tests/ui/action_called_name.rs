#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited(name = "invoice.update", target = id)]
async fn update(id: u64) {}

fn main() {}
