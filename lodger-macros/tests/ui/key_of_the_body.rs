#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update", description = "The amount was corrected", tags("billing"))]
async fn update() {}

fn main() {}
