#![allow(unused)]

use lodger_macros::audited_core as audited;

struct Org {
    id: u64,
}

#[audited("invoice.update", tenant = "org-{org.id}")]
async fn update(org: Org) {}

fn main() {}
