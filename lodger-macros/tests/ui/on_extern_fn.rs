#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update")]
extern "C" fn update() {}

fn main() {}
