#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited(7)]
async fn update() {}

fn main() {}
