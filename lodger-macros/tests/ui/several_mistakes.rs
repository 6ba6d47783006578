#![allow(unused)]

use lodger_macros::audited_core as audited;

struct Update {
    amount: u64,
}

// Everything that is wrong is said, and nothing about what follows.
#[audited(
    "Invoice.Update",
    target(id),
    acter = user,
    fields(amount = body.amount, amount),
    on(succeeded),
    tenant = load()?,
)]
async fn update(id: u64, user: u64, body: Update) -> Result<u64, String> {
    Ok(id + user + body.amount)
}

async fn caller() -> Result<u64, String> {
    update(1, 2, Update { amount: 3 }).await
}

fn main() {
    drop(caller());
}
