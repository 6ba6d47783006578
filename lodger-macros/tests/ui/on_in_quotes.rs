#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", on("success", "denied"))]
async fn update() {}

fn main() {}
