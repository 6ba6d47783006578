#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", fields(card = secret(card, owner)))]
async fn update(card: String, owner: String) {}

fn main() {}
