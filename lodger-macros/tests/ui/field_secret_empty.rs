#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", fields(card = secret()))]
async fn update(card: String) {}

fn main() {}
