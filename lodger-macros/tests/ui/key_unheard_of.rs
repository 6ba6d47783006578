#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", detach)]
async fn update() {}

fn main() {}
