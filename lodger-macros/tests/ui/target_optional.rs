#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", target = id)]
async fn update(id: Option<u64>) {}

fn main() {}
