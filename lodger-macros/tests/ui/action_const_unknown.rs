#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited(actions::UPDATE)]
async fn update() {}

fn main() {}
