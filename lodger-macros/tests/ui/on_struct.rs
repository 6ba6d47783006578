#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update")]
struct Invoice;

fn main() {}
