//! The official TypeScript SDK under node, installed beside what cargo builds.

use std::path::PathBuf;
use std::process::Command;

use super::ABREAST;
use super::client::{self, Cost, WARM_UP};
use super::npm;
use super::server::{Answers, Server};
use crate::report::target;

fn directory() -> PathBuf {
    target().join("bench").join("typescript")
}

/// Installs the SDK with npm, if that has not been done yet.
///
/// # Errors
///
/// Where node or npm is missing, or npm can't get it: a reason to go without.
pub(super) fn install() -> Result<(), String> {
    let directory = directory();
    npm::install(&directory, "@lodger/sdk", "0.2.0")?;
    std::fs::write(directory.join("client.mjs"), include_str!("typescript.mjs"))
        .map_err(|error| format!("{}: {error}", directory.display()))
}

/// Sends so many events.
pub(super) fn run(events: usize) -> Result<Cost, String> {
    let server = Server::start(Answers::Receipts)?;
    let numbers = [events, WARM_UP, ABREAST].map(|number| number.to_string());
    client::read(
        Command::new("node").arg("client.mjs").arg(server.address()).args(numbers).current_dir(directory()),
    )
}
