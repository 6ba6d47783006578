#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", skip(card))]
async fn update(card: String) {}

fn main() {}
