#![allow(unused)]

use lodger_macros::audited_core as audited;

struct Invoice;

#[audited("invoice.update", target = invoice)]
async fn update(invoice: &Invoice) {}

fn main() {}
