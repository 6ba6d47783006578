//! An ext4 file system in a file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::ioctl::{Opcode, Setter, ioctl};
use rustix::thread::{UnshareFlags, unshare_unsafe};
use tempfile::TempDir;

/// `FS_IOC_SHUTDOWN`, `_IOR('X', 125, __u32)` in Linux' `include/uapi/linux/fs.h`.
const SHUTDOWN: Opcode = 0x8004_587d;

/// `FS_SHUTDOWN_FLAGS_NOLOGFLUSH`: from now on nothing reaches the disk any more, not even the file system's journal.
const NO_LOG_FLUSH: u32 = 2;

/// A small ext4 file system of a test's own, gone with it.
///
/// It is mounted where only this thread and what it starts can see it (a mount namespace), so tests don't meet, and
/// nothing stays mounted however the process ends.
#[derive(Debug)]
pub struct Volume {
    dir: TempDir,
    mounted: bool,
}

impl Volume {
    /// Makes one of so many MiB, with these further arguments to `mkfs.ext4`.
    ///
    /// # Errors
    ///
    /// When this machine doesn't allow it; the text says what it said.
    pub fn ext4(mib: u64, mkfs: &[&str]) -> Result<Self, String> {
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let image = dir.path().join("image");
        File::create(&image).and_then(|file| file.set_len(mib << 20)).map_err(|error| error.to_string())?;
        std::fs::create_dir(dir.path().join("mounted")).map_err(|error| error.to_string())?;
        run(Command::new("mkfs.ext4").arg("-q").args(mkfs).arg(&image))?;
        enter_own_namespace()?;
        let mut volume = Self { dir, mounted: false };
        volume.mount()?;
        Ok(volume)
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("mounted")
    }

    /// Cuts the power: what is not on the disk at this moment never will be.
    ///
    /// # Panics
    ///
    /// When the kernel refuses.
    pub fn power_off(&self) {
        let root = File::open(self.path()).unwrap();
        #[expect(unsafe_code, reason = "an ioctl can't be checked by the compiler; this one reads one u32")]
        // SAFETY: the opcode is that of FS_IOC_SHUTDOWN, which takes a pointer to a u32.
        unsafe { ioctl(&root, Setter::<SHUTDOWN, u32>::new(NO_LOG_FLUSH)) }.unwrap();
    }

    /// The machine comes up again: the file system recovers and is mounted. No process may use it.
    ///
    /// # Panics
    ///
    /// When it is in use, or can't be mounted.
    pub fn restart(&mut self) {
        self.unmount().unwrap();
        self.mount().unwrap();
    }

    /// Makes it read-only while it is in use, as an error of the disk does, until it is mounted anew.
    ///
    /// # Panics
    ///
    /// When the kernel refuses.
    pub fn turn_read_only(&self) {
        // A plain `ro` is refused while a file is open for writing.
        run(Command::new("mount").args(["-o", "remount,abort"]).arg(self.path())).unwrap();
    }

    /// Fills what is free, but for this many bytes, with a file that nobody needs.
    ///
    /// # Panics
    ///
    /// When that is not possible.
    pub fn fill(&self, but: u64) {
        let free = rustix::fs::statvfs(self.path()).unwrap();
        let bytes = (free.f_bavail * free.f_frsize).saturating_sub(but);
        run(Command::new("fallocate").arg("-l").arg(bytes.to_string()).arg(self.filler())).unwrap();
    }

    /// Removes what [`fill`](Self::fill) made.
    ///
    /// # Panics
    ///
    /// When there is nothing to remove.
    pub fn empty(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    fn mount(&mut self) -> Result<(), String> {
        let image = self.dir.path().join("image");
        run(Command::new("mount").args(["-o", "loop"]).arg(image).arg(self.path()))?;
        self.mounted = true;
        Ok(())
    }

    fn unmount(&mut self) -> Result<(), String> {
        run(Command::new("umount").arg(self.path()))?;
        self.mounted = false;
        Ok(())
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        if self.mounted && self.unmount().is_err() {
            // A process that the failing test left behind: it goes when that does.
            _ = run(Command::new("umount").arg("-l").arg(self.path()));
        }
    }
}

/// Lets this thread, and whatever it starts, have mounts of its own. Another time changes nothing.
fn enter_own_namespace() -> Result<(), String> {
    thread_local! {
        static ENTERED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }
    if ENTERED.get() {
        return Ok(());
    }
    #[expect(unsafe_code, reason = "unshare is unsafe for what it can do to open files; NEWNS does not")]
    // SAFETY: with NEWNS alone, file descriptors stay shared; only mounts and the working directory become ours.
    unsafe { unshare_unsafe(UnshareFlags::NEWNS) }.map_err(|errno| errno.to_string())?;
    run(Command::new("mount").args(["--make-rprivate", "/"]))?;
    ENTERED.set(true);
    Ok(())
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = Path::new(command.get_program()).display().to_string();
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Err(format!("{name}: {error}")),
    }
}
