#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", tenant = "a", tenant = "b")]
async fn update() {}

fn main() {}
