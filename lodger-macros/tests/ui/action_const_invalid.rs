#![allow(unused)]

use lodger_macros::audited_core as audited;

const ACTION: &str = "Invoice Update";

#[audited(ACTION)]
async fn update() {}

fn main() {}
