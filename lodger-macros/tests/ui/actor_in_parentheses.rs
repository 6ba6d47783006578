#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", actor(user))]
async fn update(user: u64) {}

fn main() {}
