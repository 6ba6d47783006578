#![allow(unused)]

use lodger_macros::audited_core as audited;

struct Orders;

impl Orders {
    #[audited("order.place", detach)]
    async fn place(&self, id: u64) -> Result<u64, String> {
        Ok(id)
    }
}

fn main() {}
