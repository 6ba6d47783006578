//! The program `talkative` as a process of its own, and a look into everything that it left.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use serde_json::Value;

/// What a process said, and what it left on disk.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    /// Every file below its directory: the path, and then the bytes.
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

impl Said {
    /// The statistics in its last line.
    pub(crate) fn stats(&self) -> Value {
        serde_json::from_str(self.out.lines().last().expect("it said nothing")).unwrap()
    }

    /// Where the text occurs: on standard output or error, in a file's name or bytes.
    pub(crate) fn places_of(&self, text: &str) -> Vec<&str> {
        let has = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        let mut places = Vec::new();
        places.extend(has(self.out.as_bytes()).then_some("standard output"));
        places.extend(has(self.err.as_bytes()).then_some("standard error"));
        let files = self.files.iter().filter(|(name, bytes)| has(name.as_bytes()) || has(bytes));
        places.extend(files.map(|(name, _)| name.as_str()));
        places
    }

    /// The lines of standard error that hold this text.
    pub(crate) fn err_with<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> {
        self.err.lines().filter(move |line| line.contains(text))
    }
}

/// A process under way.
pub(crate) struct Talking {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    err: JoinHandle<String>,
}

/// Starts the program with this environment and no other. Its journal is `journal` below the directory.
pub(crate) fn start(role: &str, directory: &Path, environment: &[(&str, &str)]) -> Talking {
    let mut child = Command::new(env!("CARGO_BIN_EXE_talkative"))
        .arg(role)
        .env_clear()
        .env("LODGER_JOURNAL_DIR", directory.join("journal"))
        .env("RUST_BACKTRACE", "full")
        .envs(environment.iter().copied())
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut stderr = child.stderr.take().unwrap();
    let err = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stderr.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    });
    Talking { child, out, err }
}

/// Runs it to its end.
pub(crate) fn run(role: &str, directory: &Path, environment: &[(&str, &str)]) -> Said {
    start(role, directory, environment).end(directory)
}

impl Talking {
    /// Where it serves.
    pub(crate) fn address(&mut self) -> SocketAddr {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim().parse().unwrap()
    }

    /// Ends its standard input, and hears it out.
    pub(crate) fn end(mut self, directory: &Path) -> Said {
        drop(self.child.stdin.take());
        let mut out = String::new();
        self.out.read_to_string(&mut out).unwrap();
        let err = self.err.join().unwrap();
        let code = self.child.wait().unwrap().code();
        let mut files = Vec::new();
        collect(directory, &mut files);
        Said { code, out, err, files }
    }
}

fn collect(directory: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}
