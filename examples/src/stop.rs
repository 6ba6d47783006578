//! How a service is told to stop, and what else the services of `docs/deploy.md` share.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

/// Listens from now on for SIGTERM, which container platforms and systemd send, and SIGINT, which Ctrl-C sends; the
/// future is ready when either came.
///
/// # Panics
///
/// When the process may not listen for signals, or outside a tokio runtime.
pub fn stop_signal() -> impl Future<Output = ()> + Send + 'static {
    let mut terminate = signal(SignalKind::terminate()).expect("can't listen for SIGTERM");
    let mut interrupt = signal(SignalKind::interrupt()).expect("can't listen for SIGINT");
    async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

/// A number of seconds from the environment.
///
/// # Errors
///
/// When the variable is set to something else.
pub fn seconds(variable: &str, default: u64) -> Result<Duration, String> {
    let Ok(text) = std::env::var(variable) else { return Ok(Duration::from_secs(default)) };
    let seconds = text.parse().map_err(|_| format!("{variable} is a number of seconds, not {text:?}"))?;
    Ok(Duration::from_secs(seconds))
}

/// The address in `LISTEN`, else `127.0.0.1:3000`.
#[must_use]
pub fn listen_on() -> String {
    std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".to_owned())
}

/// Says where a service listens, as the only line of its standard output.
#[expect(clippy::print_stdout, reason = "programs read it")]
pub fn say(address: SocketAddr) {
    println!("{address}");
}
