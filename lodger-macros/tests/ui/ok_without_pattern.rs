#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.create", ok(target(invoice = invoice.id)))]
async fn create() -> Result<u64, String> {
    Ok(1)
}

fn main() {}
