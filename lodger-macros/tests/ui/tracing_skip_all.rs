#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", skip_all)]
async fn update(card: String) {}

fn main() {}
