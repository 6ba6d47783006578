#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", fields(user.id = 3))]
async fn update() {}

fn main() {}
