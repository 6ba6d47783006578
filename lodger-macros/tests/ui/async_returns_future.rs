#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("job.run")]
async fn run() -> impl Future<Output = Result<(), String>> {
    async { Err("not yet".to_owned()) }
}

fn main() {}
