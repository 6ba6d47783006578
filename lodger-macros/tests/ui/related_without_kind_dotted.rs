#![allow(unused)]

use lodger_macros::audited_core as audited;

struct Order {
    id: u64,
}

#[audited("invoice.update", related(order.id))]
async fn update(order: Order) {}

fn main() {}
