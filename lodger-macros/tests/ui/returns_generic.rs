#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("job.run")]
async fn run<T>(job: impl Fn() -> T) -> T {
    job()
}

fn main() {}
