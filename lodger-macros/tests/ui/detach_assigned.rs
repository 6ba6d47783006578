#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("order.place", detach = true)]
async fn place() {}

fn main() {}
