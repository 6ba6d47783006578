#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", related(order = "{order_id}"))]
async fn update(order_id: u64) {}

fn main() {}
