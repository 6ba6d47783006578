#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.save", ok(|0 | 3| fields(few = true)))]
async fn save() -> Result<u8, String> {
    Ok(1)
}

fn main() {}
