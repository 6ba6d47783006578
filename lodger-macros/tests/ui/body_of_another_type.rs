#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update")]
async fn update(id: u64) -> Result<u64, String> {
    id
}

#[audited("invoice.update")]
fn update_sync(id: u64) -> Result<u64, String> {
    Ok(id);
}

fn main() {}
