#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", fields("raw-note"))]
async fn update(note: String) {}

fn main() {}
