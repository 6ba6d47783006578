#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("InvoiceUpdate")]
async fn update() {}

fn main() {}
