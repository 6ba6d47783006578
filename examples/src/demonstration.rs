//! What both quickstarts do around their service: options, real requests over loopback, and the events these left.

use std::cell::Cell;
use std::error::Error;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use lodger_core::Lodger;
use lodger_store::{Entry, Query, Store, StoreDestination};

use crate::client::{Call, Client};
use crate::stop::stop_signal;
use crate::table;

/// How long the demonstration waits for its events to reach the store, a stop for running requests, and a shutdown for
/// what is left.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How often the store is asked what has come since.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// A small invoicing service that audits itself.
#[derive(Debug, Parser)]
struct Options {
    /// End after the demonstration instead of serving until Ctrl-C.
    #[arg(long)]
    once: bool,
    /// Print one event a line as JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// Where the events are kept.
    #[arg(long, value_name = "DIR", default_value = "./lodger-data")]
    data: PathBuf,
    /// Where to listen; port 0 takes any that is free.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
}

/// One run of a quickstart.
#[derive(Debug)]
pub struct Demonstration {
    options: Options,
    lodger: Lodger,
    store: Store,
    address: Cell<SocketAddr>,
}

impl Demonstration {
    /// Reads the command line and opens the store.
    ///
    /// # Errors
    ///
    /// When the data directory can't be used; the text says why.
    pub fn from_args() -> Result<Self, Box<dyn Error>> {
        let options = Options::parse();
        tracing_subscriber::fmt().with_writer(io::stderr).with_max_level(tracing::Level::WARN).init();
        let store = Store::open(&options.data)?;
        let lodger = Lodger::builder()
            .destination(StoreDestination::new(store.clone()))
            .journal_dir(options.data.join("journal"))
            .service("quickstart")
            .build()?;
        let address = Cell::new(options.listen);
        Ok(Self { options, lodger, store, address })
    }

    /// The client that the layer gives its events to.
    #[must_use]
    pub fn lodger(&self) -> Lodger {
        self.lodger.clone()
    }

    /// Takes the address to listen on.
    ///
    /// # Errors
    ///
    /// When it is taken; the text says what to do.
    pub fn bind(&self) -> Result<TcpListener, Box<dyn Error>> {
        let wanted = self.options.listen;
        let listener = TcpListener::bind(wanted).map_err(|error| {
            format!("can't listen on {wanted} ({error}): choose another with --listen 127.0.0.1:0")
        })?;
        listener.set_nonblocking(true)?;
        self.address.set(listener.local_addr()?);
        Ok(listener)
    }

    /// Sends the requests, shows the events they left, and waits for Ctrl-C or SIGTERM unless told otherwise.
    ///
    /// # Errors
    ///
    /// When a request gets no answer, or an event doesn't reach the store in time.
    pub async fn run(&self) -> Result<(), Box<dyn Error>> {
        let address = self.address.get();
        let client = Client::new(address);
        let mut requests = Vec::new();
        for call in CALLS {
            let answer = client.send(call).await?;
            self.say(&format!("{:<6} {:<12} by {}: {}", call.method, call.path, call.user, answer.status));
            requests.extend(answer.request_id);
        }
        self.lodger.flush(PATIENCE).await?;
        let entries = self.entries(&requests)?;
        self.show(&entries)?;
        if !self.options.once {
            let stopped = stop_signal();
            self.invite(address);
            tokio::select! {
                () = stopped => {}
                failed = self.watch(entries.last()) => failed?,
            }
            self.say("\nstopping");
        }
        Ok(())
    }

    /// Shows the events of whoever calls the service from now on, as they reach the store.
    async fn watch(&self, last: Option<&Entry>) -> Result<(), Box<dyn Error>> {
        let mut cursor = last.map(Entry::cursor);
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let mut query = Query::new().oldest_first();
            if let Some(cursor) = cursor {
                query = query.after(cursor);
            }
            for entry in self.store.query(&query)?.entries {
                print(&if self.options.json { table::json(&entry)? } else { table::line(&entry) });
                cursor = Some(entry.cursor());
            }
        }
    }

    /// Delivers what is left.
    ///
    /// # Errors
    ///
    /// When something could not be delivered in time. It stays on disk for the next start.
    pub async fn finish(&self) -> Result<(), Box<dyn Error>> {
        let report = self.lodger.shutdown(PATIENCE).await;
        match report.remaining {
            0 => Ok(()),
            left => {
                Err(format!("{left} events are still in the journal; the next start delivers them").into())
            }
        }
    }

    /// The events of these requests, oldest first.
    fn entries(&self, requests: &[String]) -> Result<Vec<Entry>, Box<dyn Error>> {
        let mut entries = Vec::new();
        for id in requests {
            entries.extend(self.store.query(&Query::new().request_id(id).oldest_first())?.entries);
        }
        Ok(entries)
    }

    fn show(&self, entries: &[Entry]) -> Result<(), Box<dyn Error>> {
        if self.options.json {
            for entry in entries {
                print(&table::json(entry)?);
            }
        } else {
            print(&format!("\n{}\n", table::table(entries)));
        }
        Ok(())
    }

    fn invite(&self, address: SocketAddr) {
        let data = self.options.data.display();
        self.say(&format!(
            "The service listens on http://{address} and keeps its events in {data}. Try\n\n  \
             curl -X POST http://{address}/invoices -H 'authorization: Bearer ada-token' \\\n       \
             -H 'content-type: application/json' -d '{{\"customer\":\"globex\",\"amount\":990}}'\n\n\
             and see its event here. Ctrl-C stops the service."
        ));
    }

    /// Tells the person in front of the screen; with --json the standard output belongs to the events.
    #[expect(clippy::print_stderr, reason = "a program that talks to a person")]
    fn say(&self, text: &str) {
        if self.options.json {
            eprintln!("{text}");
        } else {
            print(text);
        }
    }
}

#[expect(clippy::print_stdout, reason = "a program that talks to a person")]
fn print(text: &str) {
    println!("{text}");
}

/// A create, an update, a refused delete, a failing update, a read, a delete: five events and none for the read.
const CALLS: &[Call] = &[
    Call { user: "ada", method: "POST", path: "/invoices", body: r#"{"customer":"initech","amount":1900}"# },
    Call { user: "ada", method: "PUT", path: "/invoices/1", body: r#"{"amount":2900}"# },
    Call { user: "bob", method: "DELETE", path: "/invoices/1", body: "" },
    Call { user: "bob", method: "PUT", path: "/invoices/99", body: r#"{"amount":1}"# },
    Call { user: "ada", method: "GET", path: "/invoices/1", body: "" },
    Call { user: "ada", method: "DELETE", path: "/invoices/1", body: "" },
];
