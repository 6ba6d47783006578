//! The official clients of hosted services, installed beside what cargo builds.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::npm;

/// The official TypeScript client of Lodger, for node: its entry file.
///
/// # Errors
///
/// Why it can't be had.
pub fn lodger() -> Result<PathBuf, String> {
    let directory = directory("lodger")?;
    let _alone = alone(&directory)?;
    npm::install(&directory, "@lodger/sdk", "0.2.0")?;
    Ok(directory.join("node_modules/@lodger/sdk/dist/index.js"))
}

/// The official Python client of Auditledge: the directory that it can be imported from.
///
/// # Errors
///
/// Why it can't be had.
pub fn auditledge() -> Result<PathBuf, String> {
    let directory = directory("auditledge")?;
    let _alone = alone(&directory)?;
    npm::succeed(Command::new("python3").arg("--version"), &directory)?;
    if !directory.join("auditledge-0.1.1.dist-info/RECORD").is_file() {
        let options = ["--quiet", "--no-deps", "--no-input", "--disable-pip-version-check", "--upgrade"];
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install"]).args(options).arg("--target").arg(&directory);
        npm::succeed(pip.arg("auditledge==0.1.1"), &directory)?;
    }
    Ok(directory)
}

fn directory(name: &str) -> Result<PathBuf, String> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository.join("target"), PathBuf::from);
    let directory = target.join("official").join(name);
    std::fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    Ok(directory)
}

/// Tests are processes of their own: one installs, the others wait.
fn alone(directory: &Path) -> Result<File, String> {
    let locked = File::create(directory.join("lock")).and_then(|file| file.lock().map(|()| file));
    locked.map_err(|error| format!("{}: {error}", directory.display()))
}
