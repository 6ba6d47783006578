//! The official TypeScript SDK under node, installed beside what cargo builds.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::ABREAST;
use super::client::{self, Cost, WARM_UP};
use super::server::{Answers, Server};
use crate::report::target;

const PACKAGE: &str = "@lodger/sdk@0.2.0";

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
    let written = std::fs::create_dir_all(&directory)
        .and_then(|()| std::fs::write(directory.join("client.mjs"), include_str!("typescript.mjs")))
        .and_then(|()| std::fs::write(directory.join("package.json"), r#"{"private": true}"#));
    written.map_err(|error| format!("{}: {error}", directory.display()))?;
    succeed(Command::new("node").arg("--version"), &directory)?;
    if directory.join("node_modules/@lodger/sdk").is_dir() {
        return Ok(());
    }
    let options = ["--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"];
    succeed(Command::new("npm").arg("install").args(options).arg(PACKAGE), &directory)
}

/// Sends so many events.
pub(super) fn run(events: usize) -> Result<Cost, String> {
    let server = Server::start(Answers::Receipts)?;
    let numbers = [events, WARM_UP, ABREAST].map(|number| number.to_string());
    client::read(
        Command::new("node").arg("client.mjs").arg(server.address()).args(numbers).current_dir(directory()),
    )
}

fn succeed(command: &mut Command, directory: &Path) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.current_dir(directory).output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name}: {}", said.lines().next().unwrap_or("it fails without a word")))
}
