//! What some tests need of the machine: root, loop devices, strace, official clients of hosted services.
//!
//! Where it is missing they skip and say so; with `LODGER_REQUIRE_ALL=1`, as in CI, that is a failure.

use std::process::{Command, Stdio};

use crate::disk::Volume;
use crate::official;

/// Something that not every machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// Root, to become somebody else.
    Root,
    /// An ext4 file system in a file, which takes root, loop devices and e2fsprogs.
    LoopDevices,
    /// strace, allowed to trace and to inject.
    Strace,
    /// `setpriv` of util-linux, to run something as somebody else.
    Setpriv,
    /// `prlimit` of util-linux, to run something with a limit.
    Prlimit,
    /// node, and npm or what it installed before: the official TypeScript client of Lodger.
    LodgerSdk,
    /// Python 3, and pip or what it installed before: the official Python client of Auditledge.
    AuditledgeSdk,
}

impl Requirement {
    /// Why it can't be had.
    fn missing(self) -> Option<String> {
        match self {
            Self::Root if rustix::process::geteuid().is_root() => None,
            Self::Root => Some("root".to_owned()),
            Self::LoopDevices => {
                Volume::ext4(4, &[]).err().map(|why| format!("root, loop devices and e2fsprogs ({why})"))
            }
            Self::Strace => unless(
                Command::new("strace").args(["-f", "-qqq", "-o", "/dev/null", "-e", "trace=fsync", "true"]),
                "strace, allowed to trace",
            ),
            Self::Setpriv => unless(Command::new("setpriv").arg("--version"), "setpriv of util-linux"),
            Self::Prlimit => unless(Command::new("prlimit").arg("--version"), "prlimit of util-linux"),
            Self::LodgerSdk => official::lodger().err().map(|why| format!("official Lodger client ({why})")),
            Self::AuditledgeSdk => {
                official::auditledge().err().map(|why| format!("official Auditledge client ({why})"))
            }
        }
    }
}

fn unless(command: &mut Command, what: &str) -> Option<String> {
    let ran = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    (!ran.is_ok_and(|status| status.success())).then(|| what.to_owned())
}

/// Whether all of it is here. Prints what is not.
///
/// # Panics
///
/// When something is missing and `LODGER_REQUIRE_ALL` is `1`.
#[must_use]
pub fn all(requirements: &[Requirement]) -> bool {
    let missing: Vec<String> = requirements.iter().filter_map(|requirement| requirement.missing()).collect();
    if missing.is_empty() {
        return true;
    }
    let missing = missing.join("; ");
    assert!(std::env::var("LODGER_REQUIRE_ALL").as_deref() != Ok("1"), "this machine has no {missing}");
    #[expect(clippy::print_stderr, reason = "a test that does nothing must say so")]
    {
        eprintln!("skipped: it needs {missing}");
    }
    false
}
