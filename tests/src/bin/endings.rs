//! A program that ends badly: `endings WAY [axum|actix]` sets a client up from the environment and ends in the given
//! way when it reads a line. `tests/endings.rs` says what is kept.
//!
//! The ways that take a framework serve until then, the others record by themselves.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for a test, which reads what it prints and sees it stop"
)]

use std::io::stdin;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::process::{abort, exit};
use std::task::{Context, Poll, Waker};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

use lodger_axum::{Event, Guarantee, Lodger};
use lodger_tests::crash::service::{announced, on_actix, on_axum};
use rustix::process::{Pid, WaitOptions, waitpid};
use tokio::runtime::Runtime;

/// Bounds what a hanging client can cost.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many events are recorded, and how many are only queued.
const RECORDED: usize = 50;
const QUEUED: usize = 1_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let lodger = Lodger::from_env().unwrap();
    match words.as_slice() {
        ["exit", framework] => when_told(|| exit(0)).and_serve(framework, lodger),
        ["abort", framework] => when_told(|| abort()).and_serve(framework, lodger),
        // What a program with `panic = "abort"` does: the hook, and then the end, without a destructor.
        ["panic", framework] => {
            let hook = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                hook(panic);
                abort();
            }));
            when_told(|| panic!("as told")).and_serve(framework, lodger);
        }
        ["runtime", framework] => runtime_dropped(framework, lodger),
        ["return", framework] => served(framework, lodger),
        ["fork"] => {
            let client = lodger.clone();
            when_told(move || forks(&client)).and_serve("axum", lodger);
        }
        ["fork-stays"] => {
            let stays = || {
                sleep(PATIENCE);
                true
            };
            println!("{}", fork(stays));
            when_told(|| exit(0)).and_serve("axum", lodger);
        }
        ["drop"] => dropped_off_a_runtime(lodger),
        ["drop-on-runtime"] => dropped_on_a_runtime(lodger),
        other => panic!("unknown: {other:?}"),
    }
}

/// Ends the process on a thread of its own.
struct WhenTold(JoinHandle<()>);

fn when_told(end: impl FnOnce() + Send + 'static) -> WhenTold {
    WhenTold(spawn(move || {
        told();
        end();
    }))
}

impl WhenTold {
    fn and_serve(self, framework: &str, lodger: Lodger) {
        match framework {
            "axum" => {
                let app = on_axum::app(lodger, Guarantee::Durable);
                let runtime = Runtime::new().unwrap();
                runtime.block_on(async { axum::serve(listener(), app).await }).unwrap();
            }
            "actix" => {
                let system = actix_web::rt::System::new();
                let server = on_actix::server(announced(), lodger, Guarantee::Durable);
                system.block_on(server).unwrap();
            }
            other => panic!("unknown: {other}"),
        }
        self.0.join().unwrap();
    }
}

fn told() {
    stdin().read_line(&mut String::new()).unwrap();
}

fn listener() -> tokio::net::TcpListener {
    let listener = announced();
    listener.set_nonblocking(true).unwrap();
    tokio::net::TcpListener::from_std(listener).unwrap()
}

/// Forks each time that it is told, and says what became of the child.
fn forks(lodger: &Lodger) {
    loop {
        let (first, second) = (event(1), event(2));
        let client = lodger.clone();
        let child = fork(move || {
            let refused = refuses(&client, first, second);
            drop(client);
            refused
        });
        println!("{}", end_of(child));
        told();
    }
}

/// Whether both ways to record fail at once, and say why.
fn refuses(client: &Lodger, first: Event, second: Event) -> bool {
    let queued = client.enqueue(first).unwrap_err();
    let mut recording = pin!(client.record(second));
    match recording.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(recorded) => queued.kind() == "forked" && recorded.unwrap_err().kind() == "forked",
        Poll::Pending => false,
    }
}

/// A child that does this and ends, successfully if that was so.
#[expect(
    unsafe_code,
    reason = "the fault that is injected: the child of a process with many threads, as preforking servers make it"
)]
fn fork(work: impl FnOnce() -> bool) -> i32 {
    // SAFETY: the child is on its own thread's stack, takes no lock that another thread may have held but those that
    // the test is about, and leaves without running what the parent registered for its exit.
    match unsafe { libc::fork() } {
        0 => {
            let done = std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(false);
            unsafe { libc::_exit(i32::from(!done)) }
        }
        child => child,
    }
}

fn end_of(child: i32) -> String {
    let (tell, ended) = std::sync::mpsc::channel();
    spawn(move || tell.send(waitpid(Pid::from_raw(child), WaitOptions::empty()).unwrap()));
    match ended.recv_timeout(PATIENCE) {
        Ok(Some((_, status))) if status.exit_status() == Some(0) => "refused".to_owned(),
        Ok(other) => format!("{other:?}"),
        Err(_) => "hangs".to_owned(),
    }
}

/// Serves until told, and returns while requests run: the runtime is dropped with all of them.
fn served(framework: &str, lodger: Lodger) {
    let (tell, told_so) = tokio::sync::oneshot::channel();
    spawn(move || {
        told();
        tell.send(()).unwrap();
    });
    match framework {
        "axum" => {
            let app = on_axum::app(lodger, Guarantee::Durable);
            let runtime = Runtime::new().unwrap();
            runtime.block_on(async {
                tokio::spawn(axum::serve(listener(), app).into_future());
                told_so.await.unwrap();
            });
        }
        "actix" => actix_web::rt::System::new().block_on(async {
            let server = on_actix::server(announced(), lodger, Guarantee::Durable);
            actix_web::rt::spawn(server);
            told_so.await.unwrap();
        }),
        other => panic!("unknown: {other}"),
    }
}

/// The application's runtime is gone, and the client delivers all the same.
fn runtime_dropped(framework: &str, lodger: Lodger) {
    served(framework, lodger.clone());
    Runtime::new().unwrap().block_on(lodger.flush(PATIENCE)).unwrap();
    println!("delivered");
    exit(0);
}

fn event(number: usize) -> Event {
    Event::builder("order.create").target(lodger_axum::Target::new("order", number)).build().unwrap()
}

/// The last handle goes while events are only queued, and then the process: the drop waits for the commit.
fn dropped_off_a_runtime(lodger: Lodger) {
    for number in 0..QUEUED {
        lodger.enqueue(event(number)).unwrap();
    }
    drop(lodger);
    exit(0);
}

/// The same on a runtime's thread, where the drop waits for nothing.
fn dropped_on_a_runtime(lodger: Lodger) {
    Runtime::new().unwrap().block_on(async move {
        for number in 0..RECORDED {
            lodger.record(event(number)).await.unwrap();
        }
        for number in RECORDED..RECORDED + QUEUED {
            lodger.enqueue(event(number)).unwrap();
        }
        drop(lodger);
        exit(0);
    });
}
