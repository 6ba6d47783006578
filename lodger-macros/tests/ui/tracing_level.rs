#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", level = "info")]
async fn update() {}

fn main() {}
