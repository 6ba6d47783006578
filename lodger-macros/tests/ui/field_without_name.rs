#![allow(unused)]

use lodger_macros::audited_core as audited;

struct Body {
    amount: u64,
}

#[audited("invoice.update", fields(body.amount, %body.amount))]
async fn update(body: Body) {}

fn main() {}
