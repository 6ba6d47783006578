#![allow(unused)]

use lodger_macros::audited_core as audited;

struct Invoice {
    id: u64,
}

#[audited("invoice.update", ok(|invoice| invoice.id))]
async fn update() -> Result<Invoice, String> {
    Ok(Invoice { id: 1 })
}

fn main() {}
