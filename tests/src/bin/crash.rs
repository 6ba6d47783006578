//! Kills a real server with SIGKILL at random moments under load, starts it again over the same data, and prints one
//! line of JSON: `{"kills","acknowledged","lost","duplicated","unknown"}`. Fails when a promise is broken, and says
//! which to stderr. `lodger_tests::crash` says what is counted.
//!
//! ```sh
//! cargo run --release -p lodger-tests --bin crash -- --kills 1000 [--framework axum|actix] \
//!     [--guarantee durable|delivered] [--flap]
//! ```
//!
//! The server is this very program, as `crash serve FRAMEWORK GUARANTEE`; `crash drain` delivers what is left.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that is read by people and by scripts"
)]

use std::process::ExitCode;

use lodger_tests::crash::{Framework, Guarantee, Plan, run, service};

const USAGE: &str = "crash [--kills N] [--framework axum|actix] [--guarantee durable|delivered] [--flap]\n\
     Defaults: 100 kills, axum, durable, a destination that stays";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["serve", name, waits_for] => serve(name, waits_for),
        ["drain"] => {
            service::drain();
            Ok(true)
        }
        words => plan(words).and_then(kill),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(what) => {
            eprintln!("{what}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// Serves until killed.
fn serve(name: &str, waits_for: &str) -> Result<bool, String> {
    service::serve(framework(name)?, guarantee(waits_for)?);
    Ok(true)
}

/// Kills and counts. False when a promise was broken.
fn kill(plan: Plan) -> Result<bool, String> {
    let program = std::env::current_exe().map_err(|error| format!("who am I? {error}"))?;
    let report = run(&program, plan);
    for broken in &report.broken {
        eprintln!("BROKEN {broken}");
    }
    eprintln!("{} deliveries were repeated to the recording destination", report.repeats);
    let figures = serde_json::to_string(&report.figures).map_err(|error| error.to_string())?;
    println!("{figures}");
    Ok(report.broken.is_empty())
}

fn plan(words: &[&str]) -> Result<Plan, String> {
    let mut plan =
        Plan { kills: 100, framework: Framework::Axum, guarantee: Guarantee::Durable, flap: false };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if *word == "--flap" {
            plan.flap = true;
            continue;
        }
        let value = words.next().ok_or_else(|| format!("{word} needs a value, or is unknown"))?;
        match *word {
            "--kills" => plan.kills = value.parse().map_err(|_| format!("--kills {value} is no number"))?,
            "--framework" => plan.framework = framework(value)?,
            "--guarantee" => plan.guarantee = guarantee(value)?,
            _ => return Err(format!("unknown: {word}")),
        }
    }
    Ok(plan)
}

fn framework(name: &str) -> Result<Framework, String> {
    match name {
        "axum" => Ok(Framework::Axum),
        "actix" => Ok(Framework::Actix),
        _ => Err(format!("{name} is neither axum nor actix")),
    }
}

fn guarantee(name: &str) -> Result<Guarantee, String> {
    match name {
        "durable" => Ok(Guarantee::Durable),
        "delivered" => Ok(Guarantee::Delivered),
        _ => Err(format!("{name} is neither durable nor delivered")),
    }
}
