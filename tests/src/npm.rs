//! A package of npm's, installed in a directory. `lodger-bench` compiles this file too.

use std::path::Path;
use std::process::Command;

/// Installs the package, such as `@lodger/sdk`, unless this version of it is there.
///
/// # Errors
///
/// Where node or npm is missing, or npm can't get it: a reason to go without.
pub(crate) fn install(directory: &Path, package: &str, version: &str) -> Result<(), String> {
    let shown = |error| format!("{}: {error}", directory.display());
    std::fs::create_dir_all(directory).map_err(shown)?;
    std::fs::write(directory.join("package.json"), r#"{"private": true}"#).map_err(shown)?;
    succeed(Command::new("node").arg("--version"), directory)?;
    let installed = directory.join("node_modules").join(package).join("package.json");
    if std::fs::read_to_string(installed)
        .is_ok_and(|text| text.contains(&format!("\"version\": \"{version}\"")))
    {
        return Ok(());
    }
    let options = ["--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"];
    succeed(Command::new("npm").arg("install").args(options).arg(format!("{package}@{version}")), directory)
}

/// Runs a program there.
///
/// # Errors
///
/// What it said first, where it fails.
pub(crate) fn succeed(command: &mut Command, directory: &Path) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.current_dir(directory).output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().find(|line| !line.contains(" warn ") && !line.starts_with("WARNING"));
    Err(format!("{name}: {}", first.unwrap_or("it fails without a word")))
}
