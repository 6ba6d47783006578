#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("login", target = id)]
async fn login(id: u64) {}

fn main() {}
