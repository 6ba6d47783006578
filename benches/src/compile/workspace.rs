//! The workspace in which the variants are built: apart from this one, with the same versions of everything.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::source::{Variant, service};

/// A package for each variant, below `target/bench`.
pub(crate) struct Workspace {
    root: PathBuf,
    handlers: usize,
}

impl Workspace {
    /// Writes the packages anew.
    pub(crate) fn write(handlers: usize) -> Result<Self, String> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let repository = repository.canonicalize().map_err(|error| format!("the repository: {error}"))?;
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository.join("target"), PathBuf::from);
        let workspace = Self { root: target.join("bench/compile"), handlers };
        let members = Variant::ALL.map(Variant::package);
        workspace.put(
            "Cargo.toml",
            &format!(
                "[workspace]\nresolver = \"3\"\nmembers = {members:?}\n\n[profile.dev]\nincremental = false\n"
            ),
        )?;
        let lock = repository.join("Cargo.lock");
        fs::copy(&lock, workspace.root.join("Cargo.lock"))
            .map_err(|error| format!("{}: {error}", lock.display()))?;
        for variant in Variant::ALL {
            workspace.put(&format!("{}/Cargo.toml", variant.package()), &manifest(variant, &repository))?;
            workspace.put_source(variant, "")?;
        }
        Ok(workspace)
    }

    fn put(&self, name: &str, text: &str) -> Result<(), String> {
        let path = self.root.join(name);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        written.map_err(|error| format!("{}: {error}", path.display()))
    }

    fn put_source(&self, variant: Variant, comment: &str) -> Result<(), String> {
        let source = format!("//! {comment}\n{}", service(variant, self.handlers));
        self.put(&format!("{}/src/main.rs", variant.package()), &source)
    }

    /// Builds everything once, so that nothing but the variants themselves is left to build.
    pub(crate) fn build_dependencies(&self) -> Result<(), String> {
        self.cargo(&["--workspace"])
    }

    /// How long a variant takes to build whose dependencies are built.
    pub(crate) fn build(&self, variant: Variant, round: usize) -> Result<Duration, String> {
        self.put_source(variant, &format!("Round {round}."))?;
        let start = Instant::now();
        self.cargo(&["--package", variant.package()])?;
        Ok(start.elapsed())
    }

    fn cargo(&self, arguments: &[&str]) -> Result<(), String> {
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--offline"])
            .args(arguments)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", self.root.join("target"))
            .status()
            .map_err(|error| format!("cargo: {error}"))?;
        if status.success() { Ok(()) } else { Err(format!("cargo build {arguments:?} failed: {status}")) }
    }

    fn binary(&self, variant: Variant) -> PathBuf {
        self.root.join("target/debug").join(variant.package()).with_extension(std::env::consts::EXE_EXTENSION)
    }

    /// The size of the variant's program, with its debug information.
    pub(crate) fn binary_bytes(&self, variant: Variant) -> Result<u64, String> {
        let binary = self.binary(variant);
        fs::metadata(&binary)
            .map(|found| found.len())
            .map_err(|error| format!("{}: {error}", binary.display()))
    }

    /// The size of the future of one of its handlers, as the program itself says.
    pub(crate) fn future_bytes(&self, variant: Variant) -> Result<u64, String> {
        let binary = self.binary(variant);
        let output =
            Command::new(&binary).output().map_err(|error| format!("{}: {error}", binary.display()))?;
        let said = String::from_utf8_lossy(&output.stdout);
        said.trim().parse().map_err(|_| format!("{} said {said:?} instead of a size", binary.display()))
    }
}

fn manifest(variant: Variant, repository: &Path) -> String {
    let host = repository.join("lodger-axum");
    format!(
        "[package]\nname = \"{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[dependencies]\n\
         axum = {{ version = \"0.8\", default-features = false, features = [\"http1\", \"json\", \"tokio\", \"matched-path\"] }}\n\
         lodger-axum = {{ path = {:?} }}\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\n\
         tokio = {{ version = \"1\", features = [\"macros\", \"rt-multi-thread\", \"net\"] }}\n\
         tracing = {{ version = \"0.1\", features = [\"attributes\"] }}\n",
        variant.package(),
        host,
    )
}
