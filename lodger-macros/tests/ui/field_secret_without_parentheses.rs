#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", fields(card = secret number))]
async fn update(number: String) {}

fn main() {}
