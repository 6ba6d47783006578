#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("invoice.update")]
fn update() -> ! {
    loop {}
}

fn main() {}
