#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", actor = load().await)]
async fn update() {}

async fn load() {}

fn main() {}
