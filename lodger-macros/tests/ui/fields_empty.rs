#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", fields())]
async fn update() {}

fn main() {}
