#![allow(unused)]

use lodger_macros::audited_core as audited;

struct Invoice;

impl Invoice {
    const UPDATE: &'static str = "invoice.update";

    #[audited(Self::UPDATE)]
    async fn update(&self) {}
}

fn main() {}
