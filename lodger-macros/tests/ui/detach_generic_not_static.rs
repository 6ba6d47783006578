#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("order.place", detach)]
async fn place<T: ToString + Send>(id: T) -> Result<String, String> {
    Ok(id.to_string())
}

fn main() {}
