#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", on(succes, rejected))]
async fn update() {}

fn main() {}
