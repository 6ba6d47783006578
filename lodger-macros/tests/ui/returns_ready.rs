#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("job.run")]
fn run() -> std::future::Ready<Result<(), String>> {
    std::future::ready(Err("not yet".to_owned()))
}

fn main() {}
