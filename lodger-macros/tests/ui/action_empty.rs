#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("")]
async fn update() {}

fn main() {}
