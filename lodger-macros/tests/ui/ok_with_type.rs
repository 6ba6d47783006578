#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.create", ok(|id: &u64| target(invoice = id)))]
async fn create() -> Result<u64, String> {
    Ok(1)
}

fn main() {}
