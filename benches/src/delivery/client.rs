//! The client as a process of its own, and what it costs.

use std::future::Future;
use std::process::Command;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::GROUP;

/// So many events go ahead of what is measured, so that connections are open and code is loaded or compiled.
pub(super) const WARM_UP: usize = 2_000;

/// What a client took to have its events acknowledged.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cost {
    /// How many were acknowledged.
    pub(super) events: u64,
    /// How many it gave up.
    #[serde(default)]
    pub(super) dropped: u64,
    pub(super) seconds: f64,
    /// Of all threads of the process, in user and in kernel mode.
    pub(super) cpu_seconds: f64,
}

/// Starts this program as the client of that name, and reads what it tells.
pub(super) fn start(variant: &str, events: usize) -> Result<Cost, String> {
    let program = std::env::current_exe().map_err(|error| format!("can't find this program: {error}"))?;
    read(Command::new(program).args([GROUP, "--counted", variant, "--times", &events.to_string()]))
        .map_err(|problem| format!("{variant}: {problem}"))
}

/// Runs a client and reads what it tells.
pub(super) fn read(client: &mut Command) -> Result<Cost, String> {
    let output = client.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let line = output.stdout.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty()).unwrap_or_default();
    serde_json::from_slice(line).map_err(|error| format!("what it tells can't be read: {error}"))
}

/// Tells what this process cost.
#[expect(clippy::print_stdout, reason = "what the starting process reads")]
pub(super) fn tell(cost: &Cost) {
    println!("{}", serde_json::to_string(cost).unwrap_or_default());
}

/// What this process costs from here on.
pub(super) struct Meter {
    began: Instant,
    cpu: f64,
}

impl Meter {
    pub(super) fn start() -> Self {
        Self { began: Instant::now(), cpu: cpu_seconds() }
    }

    pub(super) fn stop(self, events: usize) -> Cost {
        Cost {
            events: events as u64,
            dropped: 0,
            seconds: self.began.elapsed().as_secs_f64(),
            cpu_seconds: cpu_seconds() - self.cpu,
        }
    }
}

/// Does the same some times abreast, each a part of `times`, and waits for all.
pub(super) async fn abreast<F, W>(abreast: usize, times: usize, work: W) -> Result<(), String>
where
    W: Fn(usize) -> F,
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..abreast {
        tasks.spawn(work(times / abreast + usize::from(task < times % abreast)));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|error| error.to_string())??;
    }
    Ok(())
}

/// What getrusage(2) tells: of all threads, also of those that have ended.
fn cpu_seconds() -> f64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    #[expect(unsafe_code, reason = "the system fills in what is ours, and all zeroes are a valid one")]
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}
