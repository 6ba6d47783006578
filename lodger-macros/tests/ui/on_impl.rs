#![allow(unused)]

use lodger_macros::audited_core as audited;

struct Invoice;

#[audited("invoice.update")]
impl Invoice {
    async fn update(&self) {}
}

fn main() {}
