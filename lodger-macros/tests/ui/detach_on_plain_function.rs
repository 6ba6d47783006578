#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("order.place", detach)]
fn place(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {}
