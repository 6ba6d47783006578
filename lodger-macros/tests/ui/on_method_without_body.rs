#![allow(unused)]

use lodger_macros::audited_core as audited;

trait Invoices {
    #[audited("invoice.update")]
    async fn update(&self);
}

fn main() {}
