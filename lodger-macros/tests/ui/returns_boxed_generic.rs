#![allow(unused)]

use lodger_macros::audited_core as audited;

use std::future::Future;
use std::pin::Pin;

#[audited("job.run")]
fn run<'a, F: Future + Send + 'a>(job: F) -> Pin<Box<dyn Future<Output = F::Output> + Send + 'a>> {
    Box::pin(job)
}

fn main() {}
