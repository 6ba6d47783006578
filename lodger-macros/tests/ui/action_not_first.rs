#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited(actor = user, "invoice.update")]
async fn update() {}

fn main() {}
