//! How a service is told to stop.

use std::net::SocketAddr;

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
pub fn seconds(variable: &str, default: u64) -> Result<u64, String> {
    let Ok(text) = std::env::var(variable) else { return Ok(default) };
    text.parse().map_err(|_| format!("{variable} is a number of seconds, not {text:?}"))
}

/// Says where a service listens, as the only line of its standard output.
#[expect(clippy::print_stdout, reason = "programs read it")]
pub fn say_address(address: SocketAddr) {
    println!("{address}");
}
