#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", fields(secret(card)))]
async fn update(card: String) {}

fn main() {}
