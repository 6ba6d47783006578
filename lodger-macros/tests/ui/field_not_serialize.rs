#![allow(unused)]

use lodger_macros::audited_core as audited;

struct Body;

#[audited("invoice.update", fields(body))]
async fn update(body: Body) {}

fn main() {}
