#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update" user_visible)]
async fn update() {}

fn main() {}
