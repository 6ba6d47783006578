#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update")]
const fn update() {}

fn main() {}
