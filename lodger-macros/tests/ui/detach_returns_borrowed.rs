#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("order.place", detach)]
async fn place<'a>(id: u64) -> Result<&'a str, String> {
    Err(id.to_string())
}

fn main() {}
