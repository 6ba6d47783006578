#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", target(invoice = text.parse::<u64>()?))]
async fn update(text: String) -> Result<(), std::num::ParseIntError> {
    Ok(())
}

fn main() {}
