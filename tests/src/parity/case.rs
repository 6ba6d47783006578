//! What a case is made of.

use serde_json::Value;

use super::{Framework, Setup};

/// A request, to be sent byte for byte.
#[derive(Debug, Clone)]
pub struct Request {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) headers: Vec<(&'static str, Vec<u8>)>,
    pub(super) body: String,
}

impl Request {
    fn new(method: &'static str, path: &'static str) -> Self {
        Self { method, path, headers: Vec::new(), body: String::new() }
    }

    /// Adds a header; the value may be any bytes.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name, value.as_ref().to_vec()));
        self
    }

    /// Sent by this user.
    #[must_use]
    pub fn by(self, user: &str) -> Self {
        self.header("x-auth", user)
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: Value) -> Self {
        self.body(body.to_string())
    }

    /// With a body that is called JSON, whatever it is.
    #[must_use]
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self.header("content-type", "application/json")
    }
}

/// `GET path`
#[must_use]
pub fn get(path: &'static str) -> Request {
    Request::new("GET", path)
}

/// `HEAD path`
#[must_use]
pub fn head(path: &'static str) -> Request {
    Request::new("HEAD", path)
}

/// `POST path`
#[must_use]
pub fn post(path: &'static str) -> Request {
    Request::new("POST", path)
}

/// `PUT path`
#[must_use]
pub fn put(path: &'static str) -> Request {
    Request::new("PUT", path)
}

/// `DELETE path`
#[must_use]
pub fn delete(path: &'static str) -> Request {
    Request::new("DELETE", path)
}

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
    /// Sends a request on a new connection.
    Send(Request),
    /// Reads the whole response.
    Hear(Reply),
    /// Not a byte of a response has come.
    Silent,
    /// The connection ends without a response.
    Closed,
    /// The client closes the connection.
    HangUp,
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
}

/// A set-up, a script, and the events that must come of it, in both frameworks.
///
/// An event is a merge patch (RFC 7396) over what nearly all have in common: see `expect.rs`.
#[must_use]
pub fn case<const S: usize, const E: usize>(setup: Setup, steps: [Vec<Step>; S], events: [Value; E]) -> Case {
    Case { setup, common: script(&steps, &events), actix: None, secrets: Vec::new() }
}

fn script(steps: &[Vec<Step>], events: &[Value]) -> Script {
    Script { steps: steps.concat(), events: events.to_vec() }
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

    pub(super) fn script(&self, framework: Framework) -> &Script {
        match (framework, &self.actix) {
            (Framework::Actix, Some(script)) => script,
            _ => &self.common,
        }
    }
}
