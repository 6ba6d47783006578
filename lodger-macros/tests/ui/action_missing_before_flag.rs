#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited(user_visible)]
async fn update() {}

fn main() {}
