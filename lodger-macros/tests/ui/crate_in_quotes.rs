#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", crate = "lodger_axum")]
async fn update() {}

fn main() {}
