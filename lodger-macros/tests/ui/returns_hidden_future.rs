#![allow(unused)]

use lodger_macros::audited_core as audited;

type Answer = std::pin::Pin<Box<dyn std::future::Future<Output = Result<(), String>>>>;

#[audited("job.run")]
fn run() -> Answer {
    Box::pin(async { Err("not yet".to_owned()) })
}

fn main() {}
