#![allow(unused)]

use lodger_macros::audited_core as audited;

mod actions {
    pub const UPDATE: &str = "invoice.";
}

#[audited(actions::UPDATE)]
async fn update() {}

fn main() {}
