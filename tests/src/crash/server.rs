//! The server's process.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use lodger_store::Store;
use rustix::process::{Pid, Signal};

/// SIGKILL, as [`ExitStatusExt::signal`](std::os::unix::process::ExitStatusExt::signal) says it.
const SIGKILL: i32 = 9;

/// Both destinations read these from the environment.
const WORKSPACE: &str = "ws_crash";
const PROJECT: &str = "pr_crash";

/// How the server's processes are started: always over the same data.
#[derive(Debug, Clone)]
pub struct Setup {
    program: PathBuf,
    data: PathBuf,
    api: Option<SocketAddr>,
    settings: Vec<(&'static str, &'static str)>,
}

impl Setup {
    /// Processes of `program`, which keep the store and the journal in `data`.
    #[must_use]
    pub fn new(program: &Path, data: &Path) -> Self {
        Self { program: program.to_owned(), data: data.to_owned(), api: None, settings: Vec::new() }
    }

    /// Processes that also send to a Lodger API here.
    #[must_use]
    pub fn sending_to(self, api: SocketAddr) -> Self {
        Self { api: Some(api), ..self }
    }

    /// Processes with one more variable in their environment.
    #[must_use]
    pub fn with(mut self, variable: &'static str, value: &'static str) -> Self {
        self.settings.push((variable, value));
        self
    }

    /// The store, as the processes open it.
    ///
    /// # Panics
    ///
    /// When it can't be opened.
    #[must_use]
    pub fn store(&self) -> Store {
        Store::options().workspace(WORKSPACE).project(PROJECT).open(self.data.join("store")).unwrap()
    }

    /// A process with this command line, not started yet.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        let store = format!("store:{}", self.data.join("store").display());
        command.args(arguments).env("LODGER_JOURNAL_DIR", self.data.join("journal"));
        command.env("LODGER_WORKSPACE_ID", WORKSPACE).env("LODGER_PROJECT_ID", PROJECT);
        match self.api {
            None => command.env("LODGER_DESTINATION", store),
            Some(api) => command
                .env("LODGER_DESTINATION", format!("{store},lodger"))
                .env("LODGER_API_BASE", format!("http://{api}"))
                .env("LODGER_API_KEY", "lodger_sk_crash"),
        };
        command.envs(self.settings.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    /// Starts a process with this command line.
    ///
    /// # Panics
    ///
    /// When it can't be started.
    #[must_use]
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut child = self.command(arguments).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        Running { child, said }
    }
}

/// A process under way.
#[derive(Debug)]
pub struct Running {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Running {
    /// The next line of its standard output. Empty when it said its last.
    ///
    /// # Panics
    ///
    /// When the pipe breaks.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    /// Where it serves, once it does.
    ///
    /// # Panics
    ///
    /// When it ends before it says so.
    pub fn address(&mut self) -> SocketAddr {
        self.line().parse().expect("the server ended before it could say its address")
    }

    /// Kills it with SIGKILL.
    ///
    /// # Panics
    ///
    /// When it ended by itself before.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), Some(SIGKILL), "the server ended by itself: {status}");
    }

    /// Sends it a signal.
    ///
    /// # Panics
    ///
    /// When there is no such process.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Says something to it: it reads a line.
    ///
    /// # Panics
    ///
    /// When it reads nothing any more.
    pub fn nudge(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    /// How it ended, once it has.
    ///
    /// # Panics
    ///
    /// When it can't be waited for.
    pub fn end(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}
