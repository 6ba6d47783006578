//! Instructions, counted by callgrind: the same on every run, however busy the machine is.
//!
//! The program runs itself under valgrind, with one variant that does its work a few times and again many times. The
//! difference is divided, so neither the start nor the end is counted. Each thread is counted apart: the one that drives
//! the variant, which in a service is the request's, and all others.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Once;

use crate::options::Options;

/// How often the variant does its work, in the two runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) few: usize,
    pub(crate) many: usize,
}

/// Instructions for doing the work once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Instructions {
    pub(crate) this_thread: f64,
    pub(crate) other_threads: f64,
}

/// Counts a variant: this program is run as `GROUP --counted VARIANT --times N`, see [`Options::counted`].
///
/// `None` where valgrind is missing, which is said once. With `LODGER_REQUIRE_ALL=1` that is an error.
pub(crate) fn count(
    options: &Options,
    group: &str,
    variant: &str,
    times: Times,
) -> Result<Option<Instructions>, String> {
    let scratch = tempfile::tempdir().map_err(|error| format!("a directory for callgrind: {error}"))?;
    let kept = options.keep.as_deref().unwrap_or(scratch.path());
    fs::create_dir_all(kept).map_err(|error| format!("{}: {error}", kept.display()))?;
    let few = Run::start(scratch.path().join("few"), group, variant, times.few);
    let many = Run::start(kept.join(file_name(group, variant)), group, variant, times.many);
    match (few, many) {
        (Ok(few), Ok(many)) => Ok(Some(Counted::each(few.finish()?, many.finish()?, times))),
        (Err(error), _) | (_, Err(error)) if error.kind() == ErrorKind::NotFound => missing(),
        (Err(error), _) | (_, Err(error)) => Err(format!("valgrind: {error}")),
    }
}

fn missing() -> Result<Option<Instructions>, String> {
    static SAID: Once = Once::new();
    let reason = "valgrind is not installed: no instructions are counted";
    if std::env::var_os("LODGER_REQUIRE_ALL").is_some_and(|value| value == "1") {
        return Err(reason.to_owned());
    }
    #[expect(clippy::print_stderr, reason = "why a member is missing")]
    SAID.call_once(|| eprintln!("{reason}"));
    Ok(None)
}

fn file_name(group: &str, variant: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    format!("{group}-{variant}").chars().map(plain).collect()
}

/// This program under valgrind.
struct Run {
    child: Child,
    out: PathBuf,
}

impl Run {
    fn start(out: PathBuf, group: &str, variant: &str, times: usize) -> std::io::Result<Self> {
        let child = Command::new("valgrind")
            .args(["--quiet", "--tool=callgrind", "--separate-threads=yes"])
            .arg(format!("--callgrind-out-file={}", out.display()))
            .arg(std::env::current_exe()?)
            .args([group, "--counted", variant, "--times", &times.to_string()])
            // Else glibc now and then consolidates small freed blocks when a large one is freed, and whether it does is
            // the luck of the heap's layout: up to 1,000 instructions a request, more than what is measured.
            .env("GLIBC_TUNABLES", "glibc.malloc.mxfast=0")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(Self { child, out })
    }

    fn finish(self) -> Result<Counted, String> {
        let output = self.child.wait_with_output().map_err(|error| format!("valgrind: {error}"))?;
        if output.status.success() {
            Counted::read(&self.out)
        } else {
            Err(format!("under valgrind: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)))
        }
    }
}

/// The instructions of a whole run.
#[derive(Debug, Clone, Copy)]
struct Counted {
    main: u64,
    others: u64,
}

impl Counted {
    /// Sums up the files of a run: `OUT-01` is the main thread's, `OUT-02` and on those of the others.
    fn read(out: &Path) -> Result<Self, String> {
        let said = |path: &Path, problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
        let (Some(directory), Some(name)) = (out.parent(), out.file_name()) else {
            return Err(said(out, &"no file"));
        };
        let prefix = format!("{}-", name.to_string_lossy());
        let mut counted = Self { main: 0, others: 0 };
        for entry in fs::read_dir(directory).map_err(|error| said(directory, &error))? {
            let path = entry.map_err(|error| said(directory, &error))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let Some(thread) = name.strip_prefix(&prefix).and_then(|rest| rest.parse::<u32>().ok()) else {
                continue;
            };
            let text = fs::read_to_string(&path).map_err(|error| said(&path, &error))?;
            let count = summary(&text).ok_or_else(|| said(&path, &"no summary"))?;
            *(if thread == 1 { &mut counted.main } else { &mut counted.others }) += count;
        }
        if counted.main == 0 { Err(said(out, &"callgrind counted nothing")) } else { Ok(counted) }
    }

    #[expect(clippy::cast_precision_loss, reason = "instructions far below 2^52")]
    fn each(few: Self, many: Self, times: Times) -> Instructions {
        let more = many_more(times.few, times.many) as f64;
        Instructions {
            this_thread: many.main.saturating_sub(few.main) as f64 / more,
            other_threads: many.others.saturating_sub(few.others) as f64 / more,
        }
    }
}

fn many_more(few: usize, many: usize) -> usize {
    many.saturating_sub(few).max(1)
}

fn summary(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("summary:")).and_then(|rest| rest.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_of_two_runs_is_divided_thread_by_thread() {
        let few = Counted { main: 1_000_100, others: 5_050 };
        let many = Counted { main: 1_001_000, others: 5_500 };
        let each = Counted::each(few, many, Times { few: 10, many: 100 });
        assert_eq!(each, Instructions { this_thread: 10.0, other_threads: 5.0 });
    }

    #[test]
    fn the_files_of_a_run_are_summed_up() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, count: u64| {
            let text = format!("version: 1\nthread: 1\n\nevents: Ir\nsummary: {count}\n\nfn=(1) main\n");
            fs::write(directory.path().join(name), text).unwrap();
        };
        write("many-01", 700);
        write("many-02", 20);
        write("many-13", 3);
        write("many-more-01", 9_000);
        let counted = Counted::read(&directory.path().join("many")).unwrap();
        assert_eq!((counted.main, counted.others), (700, 23));
        assert!(Counted::read(&directory.path().join("few")).is_err());
    }

    #[test]
    fn a_variants_name_makes_a_file_name() {
        assert_eq!(file_name("overhead", "axum: audited"), "overhead-axum--audited");
    }
}
