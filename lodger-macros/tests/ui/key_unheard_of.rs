#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", colour)]
async fn update() {}

fn main() {}
