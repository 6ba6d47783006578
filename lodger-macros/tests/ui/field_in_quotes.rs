#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", fields("note"))]
async fn update(note: String) {}

fn main() {}
