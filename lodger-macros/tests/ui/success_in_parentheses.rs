#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", success(|returned| returned.is_ok()))]
async fn update() -> Result<u8, String> {
    Ok(1)
}

fn main() {}
