#![allow(unused)]

use lodger_macros::audited_core as audited;

trait Job {
    type Future: Future<Output = Result<(), String>>;
    fn run(&self) -> Self::Future;
}

struct Nightly;

impl Job for Nightly {
    type Future = std::future::Ready<Result<(), String>>;

    #[audited("job.run")]
    fn run(&self) -> Self::Future {
        std::future::ready(Err("not yet".to_owned()))
    }
}

fn main() {}
