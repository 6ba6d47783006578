#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited(update)]
async fn update() {}

fn main() {}
