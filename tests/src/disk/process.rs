//! Recording processes, and what they say.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// Bounds what a hanging process can cost; no result depends on it.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a recording process is started.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What runs [`recorder::main`](super::recorder::main): a program and its first arguments.
    program: Vec<OsString>,
    arguments: Vec<OsString>,
    environment: Vec<(String, String)>,
}

impl Setup {
    /// A process that records into this journal for this destination: `recording:<file>`, `store:<directory>`, …
    #[must_use]
    pub fn new(program: &[PathBuf], journal: &Path, destination: &str) -> Self {
        let arguments = ["--journal".into(), journal.into(), "--destination".into(), destination.into()];
        Self {
            program: program.iter().map(Into::into).collect(),
            arguments: arguments.into(),
            environment: Vec::new(),
        }
    }

    /// With a further argument of the recorder: `--stalled`, `--events=10`, …
    #[must_use]
    pub fn with(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Run by another program, which gets the recorder's own command line as its last arguments: `strace -f …`.
    #[must_use]
    pub fn under(mut self, command: &[&str]) -> Self {
        self.program.splice(0..0, command.iter().map(Into::into));
        self
    }

    /// Under strace, which lets these system calls fail, as its `inject=` takes it: `fsync:error=EIO:when=3`.
    #[must_use]
    pub fn injected(self, injection: &str) -> Self {
        let calls = injection.split_once(':').map_or(injection, |(calls, _)| calls);
        let (trace, inject) = (format!("trace={calls}"), format!("inject={injection}"));
        self.under(&[
            "strace",
            "-f",
            "-qqq",
            "--seccomp-bpf",
            "-o",
            "/dev/null",
            "-e",
            "signal=none",
            "-e",
            &trace,
            "-e",
            &inject,
        ])
    }

    /// With this variable in its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it.
    ///
    /// # Panics
    ///
    /// When it can't be started.
    #[must_use]
    pub fn start(&self) -> Recorder {
        let mut command = Command::new(&self.program[0]);
        command.args(&self.program[1..]).args(&self.arguments).envs(self.environment.iter().cloned());
        Recorder::start(&mut command)
    }

    /// Starts it with nothing to record, lets it deliver everything, and answers what it said.
    ///
    /// # Panics
    ///
    /// When something remains.
    #[must_use]
    pub fn drain(&self) -> Heard {
        let heard = self.clone().with("--events=0").start().stop();
        let report = heard.report.as_ref().unwrap_or_else(|| panic!("it did not end well: {heard:?}"));
        assert_eq!(report["remaining"], 0, "not everything was delivered: {heard:?}");
        heard
    }
}

/// What a recording process said.
#[derive(Debug, Default)]
pub struct Heard {
    /// Its process id, once its client was open.
    pub ready: Option<i32>,
    /// Why its client could not be opened.
    pub failed: Option<String>,
    /// The ids of the events that were acknowledged.
    pub ok: Vec<String>,
    /// Events of which nothing was recorded, with the error.
    pub refused: Vec<(String, String)>,
    /// Events that may arrive, with the error.
    pub unsure: Vec<(String, String)>,
    /// Whether all events that were asked for have been offered.
    pub offered: bool,
    /// The last answer to `stats`.
    pub stats: Option<serde_json::Value>,
    /// The report of its shutdown.
    pub report: Option<serde_json::Value>,
    /// What it wrote to standard error.
    pub stderr: String,
    /// How it ended.
    pub ended: Option<ExitStatus>,
}

impl Heard {
    fn line(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let told = || rest.split_once(' ').map(|(id, text)| (id.to_owned(), text.to_owned())).unwrap();
        match word {
            "ready" => self.ready = Some(rest.parse().unwrap()),
            "failed" => self.failed = Some(rest.to_owned()),
            "ok" => self.ok.push(rest.to_owned()),
            "refused" => self.refused.push(told()),
            "unsure" => self.unsure.push(told()),
            "offered" => self.offered = true,
            "stats" => self.stats = Some(serde_json::from_str(rest).unwrap()),
            "report" => self.report = Some(serde_json::from_str(rest).unwrap()),
            _ => panic!("a recorder said {line:?}"),
        }
    }
}

/// A recording process. Dropping it kills it.
#[derive(Debug)]
pub struct Recorder {
    child: Child,
    words: Option<ChildStdin>,
    lines: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
    tracer: Option<Child>,
    /// What it said so far.
    pub heard: Heard,
}

impl Recorder {
    fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (tell, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        let mut stderr = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stderr.read_to_end(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let words = child.stdin.take();
        Self { child, words, lines, stderr: Some(stderr), tracer: None, heard: Heard::default() }
    }

    /// Listens until this holds. False when the process ended before.
    ///
    /// # Panics
    ///
    /// When nothing is heard for a minute.
    pub fn hear(&mut self, mut until: impl FnMut(&Heard) -> bool) -> bool {
        while !until(&self.heard) {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.heard.line(&line),
                Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("a recorder says nothing any more: {:?}", self.heard)
                }
            }
        }
        true
    }

    /// Takes what it has said by now.
    pub fn catch_up(&mut self) {
        while let Ok(line) = self.lines.try_recv() {
            self.heard.line(&line);
        }
    }

    /// Listens until its client is open.
    ///
    /// # Panics
    ///
    /// When it can't be opened.
    pub fn ready(&mut self) {
        assert!(self.hear(|heard| heard.ready.is_some()), "it could not be opened: {:?}", self.heard);
    }

    /// Says a word to it. One that is dead hears nothing.
    pub fn say(&mut self, word: &str) {
        if let Some(words) = &mut self.words {
            _ = writeln!(words, "{word}");
        }
    }

    /// From now on strace lets these system calls fail in each of its threads, as [`Setup::injected`] does from the
    /// start. Each thread counts its calls for itself.
    ///
    /// # Panics
    ///
    /// When strace doesn't attach.
    pub fn inject(&mut self, injection: &str) {
        self.ready();
        let calls = injection.split_once(':').map_or(injection, |(calls, _)| calls);
        let pid = self.heard.ready.unwrap().to_string();
        let mut command = Command::new("strace");
        command.args(["-f", "-o", "/dev/null", "-e", "signal=none", "-p", &pid]);
        command.args(["-e", &format!("trace={calls}"), "-e", &format!("inject={injection}")]);
        let mut tracer = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(tracer.stderr.take().unwrap()).lines();
        assert!(
            said.by_ref().map_while(Result::ok).any(|line| line.contains("attached")),
            "strace didn't attach"
        );
        // It tells of each further thread, and must not stop because nobody listens.
        std::thread::spawn(move || said.for_each(drop));
        self.tracer = Some(tracer);
    }

    /// Asks for its numbers.
    ///
    /// # Panics
    ///
    /// When it is dead.
    pub fn stats(&mut self) -> serde_json::Value {
        self.heard.stats = None;
        self.say("stats");
        assert!(self.hear(|heard| heard.stats.is_some()), "it is dead: {:?}", self.heard);
        self.heard.stats.clone().unwrap()
    }

    /// Shuts it down, and answers all that it said.
    #[must_use]
    pub fn stop(mut self) -> Heard {
        self.say("stop");
        self.end()
    }

    /// Kills it with SIGKILL, and answers all that it said.
    #[must_use]
    pub fn kill(mut self) -> Heard {
        self.strike();
        self.end()
    }

    /// Waits for its end, and answers all that it said.
    ///
    /// # Panics
    ///
    /// When it panicked.
    #[must_use]
    pub fn end(mut self) -> Heard {
        self.hear(|_| false);
        self.heard.ended = Some(self.child.wait().unwrap());
        if let Some(mut tracer) = self.tracer.take() {
            tracer.wait().unwrap();
        }
        self.heard.stderr = self.stderr.take().unwrap().join().unwrap();
        let heard = std::mem::take(&mut self.heard);
        assert!(!heard.stderr.contains("panicked at"), "it panicked: {}", heard.stderr);
        heard
    }

    /// The recorder itself may be the child of one that it runs under, which would let it live.
    fn strike(&mut self) {
        self.catch_up();
        match self.heard.ready.and_then(Pid::from_raw) {
            Some(pid) => _ = kill_process(pid, Signal::KILL),
            None => _ = self.child.kill(),
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if self.heard.ended.is_none() && self.stderr.is_some() {
            self.strike();
            _ = self.child.wait();
            if let Some(mut tracer) = self.tracer.take() {
                _ = tracer.wait();
            }
        }
    }
}
