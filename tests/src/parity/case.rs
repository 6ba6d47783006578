//! What a case is made of.

use serde_json::Value;

use super::{Framework, Request, Setup};

/// What must come back. Built from a status: `200.into()`.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, Option<&'static str>)>,
    pub(super) text: Option<&'static str>,
}

impl From<u16> for Reply {
    fn from(status: u16) -> Self {
        Self { status, headers: Vec::new(), text: None }
    }
}

impl Reply {
    /// With this status.
    #[must_use]
    pub fn status(status: u16) -> Self {
        status.into()
    }

    /// With this header; the value may be a placeholder.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, Some(value)));
        self
    }

    /// Without this header.
    #[must_use]
    pub fn without(mut self, name: &'static str) -> Self {
        self.headers.push((name, None));
        self
    }

    /// With a body that contains this text.
    #[must_use]
    pub fn saying(mut self, text: &'static str) -> Self {
        self.text = Some(text);
        self
    }
}

/// One thing that the client does, or that the script waits for.
#[derive(Debug, Clone)]
pub enum Step {
    /// Sends a request on a new connection; with HTTP/2 on the one that there is.
    Send(Request),
    /// Sends a request on the connection that there is.
    Again(Request),
    /// Sends a request besides the one that is under way, with HTTP/2 on the same connection, and reads the response.
    Aside(Request, Reply),
    /// Reads the whole response.
    Hear(Reply),
    /// Not a byte of a response has come.
    Silent,
    /// The connection ends without a response.
    Closed,
    /// The client sends these bytes on the connection that it has.
    Push(Vec<u8>),
    /// Reads on until this text has come, without asking how the response is framed.
    Read(&'static str),
    /// The client closes the connection.
    HangUp,
    /// The client closes its writing side and goes on reading.
    HalfClose,
    /// The client resets its stream (HTTP/2) and keeps the connection.
    Reset,
    /// Waits until the service stops at the gate.
    Reached(&'static str),
    /// Opens the gate.
    Open(&'static str),
    /// Waits until the service dropped whatever waited at the gate.
    Left(&'static str),
    /// Waits until this many events have arrived. (The drop that `Left` sees is not over when the script goes on.)
    Delivered(usize),
    /// Runs a job outside any request.
    Work(&'static str),
}

/// Sends a request and reads the response.
#[must_use]
pub fn ask(request: Request, reply: impl Into<Reply>) -> Vec<Step> {
    vec![Step::Send(request), Step::Hear(reply.into())]
}

/// Sends a request on a new connection.
#[must_use]
pub fn send(request: Request) -> Vec<Step> {
    vec![Step::Send(request)]
}

/// Sends a request on the connection that there is, and reads the response.
#[must_use]
pub fn ask_again(request: Request, reply: impl Into<Reply>) -> Vec<Step> {
    vec![Step::Again(request), Step::Hear(reply.into())]
}

/// Sends a request besides the one that is under way, with HTTP/2 on the same connection, and reads the response.
#[must_use]
pub fn aside(request: Request, reply: impl Into<Reply>) -> Vec<Step> {
    vec![Step::Aside(request, reply.into())]
}

/// Reads the whole response.
#[must_use]
pub fn hear(reply: impl Into<Reply>) -> Vec<Step> {
    vec![Step::Hear(reply.into())]
}

/// Not a byte of a response has come.
#[must_use]
pub fn silent() -> Vec<Step> {
    vec![Step::Silent]
}

/// The connection ends without a response.
#[must_use]
pub fn closed() -> Vec<Step> {
    vec![Step::Closed]
}

/// The client closes the connection.
#[must_use]
pub fn hang_up() -> Vec<Step> {
    vec![Step::HangUp]
}

/// The client sends these bytes on the connection that it has.
#[must_use]
pub fn push(bytes: impl AsRef<[u8]>) -> Vec<Step> {
    vec![Step::Push(bytes.as_ref().to_vec())]
}

/// Reads on until this text has come, without asking how the response is framed.
#[must_use]
pub fn read(text: &'static str) -> Vec<Step> {
    vec![Step::Read(text)]
}

/// The client closes its writing side and goes on reading.
#[must_use]
pub fn half_close() -> Vec<Step> {
    vec![Step::HalfClose]
}

/// The client resets its stream (HTTP/2) and keeps the connection.
#[must_use]
pub fn reset() -> Vec<Step> {
    vec![Step::Reset]
}

/// Waits until the service stops at the gate.
#[must_use]
pub fn reached(gate: &'static str) -> Vec<Step> {
    vec![Step::Reached(gate)]
}

/// Opens the gate.
#[must_use]
pub fn open(gate: &'static str) -> Vec<Step> {
    vec![Step::Open(gate)]
}

/// Waits until the service dropped whatever waited at the gate.
#[must_use]
pub fn left(gate: &'static str) -> Vec<Step> {
    vec![Step::Left(gate)]
}

/// Waits until this many events have arrived.
#[must_use]
pub fn delivered(events: usize) -> Vec<Step> {
    vec![Step::Delivered(events)]
}

/// Runs one of [`JOBS`](super::JOBS) outside any request.
#[must_use]
pub fn work(job: &'static str) -> Vec<Step> {
    vec![Step::Work(job)]
}

/// A set-up, a script, and the events that must come of it.
#[derive(Debug, Clone)]
pub struct Case {
    pub(super) setup: Setup,
    common: Script,
    actix: Option<Script>,
    pub(super) secrets: Vec<&'static str>,
}

#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) steps: Vec<Step>,
    pub(super) events: Vec<Value>,
    /// What the other client got: see `World::other`.
    pub(super) elsewhere: Vec<Value>,
}

/// A set-up, a script, and the events that must come of it, in both frameworks.
///
/// An event is a merge patch (RFC 7396) over what nearly all have in common: see `expect.rs`.
#[must_use]
pub fn case<const S: usize, const E: usize>(setup: Setup, steps: [Vec<Step>; S], events: [Value; E]) -> Case {
    Case { setup, common: script(&steps, &events), actix: None, secrets: Vec::new() }
}

fn script(steps: &[Vec<Step>], events: &[Value]) -> Script {
    Script { steps: steps.concat(), events: events.to_vec(), elsewhere: Vec::new() }
}

impl Case {
    /// What actix's nature makes different; the case says why.
    #[must_use]
    pub fn on_actix<const S: usize, const E: usize>(
        mut self,
        steps: [Vec<Step>; S],
        events: [Value; E],
    ) -> Self {
        self.actix = Some(script(&steps, &events));
        self
    }

    /// Texts that no event may contain anywhere.
    #[must_use]
    pub fn hides<const N: usize>(mut self, secrets: [&'static str; N]) -> Self {
        self.secrets = secrets.to_vec();
        self
    }

    /// Events that must have gone to the other client, in both frameworks: see `World::other`.
    #[must_use]
    pub fn elsewhere<const E: usize>(mut self, events: [Value; E]) -> Self {
        for script in std::iter::once(&mut self.common).chain(&mut self.actix) {
            script.elsewhere = events.to_vec();
        }
        self
    }

    pub(super) fn script(&self, framework: Framework) -> &Script {
        match (framework, &self.actix) {
            (Framework::Actix, Some(script)) => script,
            _ => &self.common,
        }
    }
}
