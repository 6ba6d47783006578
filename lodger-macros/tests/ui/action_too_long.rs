#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.invoice.invoice.invoice.invoice.invoice.invoice.invoice.invoice.invoice.invoice.invoice.invoice.invoice.invoice.invoice.invoice.")]
async fn update() {}

fn main() {}
