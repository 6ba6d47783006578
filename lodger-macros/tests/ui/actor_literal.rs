#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", actor = "ada")]
async fn update() {}

fn main() {}
