#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", on(always, denied))]
async fn update() {}

fn main() {}
