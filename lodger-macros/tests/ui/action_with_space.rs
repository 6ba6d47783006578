#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("update invoice")]
async fn update() {}

fn main() {}
