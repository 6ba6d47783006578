#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", actor =)]
async fn update() {}

fn main() {}
