#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited(actor = "ada", "invoice.update")]
async fn update() {}

fn main() {}
