//! Invoices to Archiva: `cargo run --bin archiva`.
//!
//! Where `ARCHIVA_SECRET_KEY` is set, to the service itself; else to a stand-in on this machine.

use std::error::Error;
use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::destination::{ArchivaDestination, Destination};
use lodger_core::event::{Actor, Change, Event, ToTarget};
use lodger_core::service::archiva::{ArchivaApi, ArchivaError, EventCall, ListCall};
use lodger_examples::invoices::{Correction, Invoices, NewInvoice};
use lodger_examples::stand_in::StandIn;
use lodger_examples::stand_in::archiva::Archiva;
use serde_json::{Value, json};

/// How long the service may take.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a demonstration for the eyes")]
async fn main() -> Result<(), Box<dyn Error>> {
    // The stand-in stops when it is dropped.
    let (api, _stand_in) = match std::env::var("ARCHIVA_SECRET_KEY") {
        Ok(key) => (ArchivaApi::builder().api_key(key).build()?, None),
        Err(_) => {
            let stand_in = StandIn::start(Archiva::new("pk_test_example")).await?;
            (
                ArchivaApi::builder().api_key("pk_test_example").api_base(stand_in.base()).build()?,
                Some(stand_in),
            )
        }
    };
    println!("Archiva at {}", api.base());

    // Through the journal: what is recorded gets there once, whatever happens to this process or the network.
    let journal = std::env::temp_dir().join(format!("lodger-archiva-{}", std::process::id()));
    let destination = ArchivaDestination::new(api.clone());
    let long = Event::builder("invoice.".repeat(9)).actor(Actor::user("ada")).build()?;
    for misfit in destination.check(&long) {
        println!("would not fit: {misfit}");
    }
    let lodger = Lodger::builder().destination(destination).journal_dir(&journal).build()?;
    let invoices = Invoices::default();
    let ada = || Actor::user("ada").name("Ada Lovelace");
    let invoice = invoices.create(NewInvoice { customer: "initech".to_owned(), amount: 1_900 });
    lodger.record(Event::builder("invoice.create").actor(ada()).target(invoice.to_target()).build()?).await?;
    let (before, after) = invoices.correct(invoice.id, &Correction { amount: 2_100 })?;
    let amount = Change::new("/amount", Some(json!(before.amount)), Some(json!(after.amount)));
    let update = Event::builder("invoice.update").actor(ada()).target(after.to_target()).change(amount);
    lodger.record(update.build()?).await?;
    lodger.flush(PATIENCE).await?;

    // Directly: the answer, or an error, and nothing kept. Both share the pace that the service asks for.
    let id = invoice.id.to_string();
    let reminder =
        || EventCall::new("invoice.remind", "invoice", &id, "billing").idempotency_key("reminder_of_may");
    for _ in 0..2 {
        let event = api.create_event(reminder()).await?;
        println!(
            "{} is {}",
            event.event_id.unwrap_or_default(),
            if event.replayed { "a repeat" } else { "new" }
        );
    }
    match api.create_event(reminder().source("by hand")).await {
        Err(ArchivaError::IdempotencyConflict(answer)) => println!("refused: {answer}"),
        other => return Err(format!("another body under the same key: {other:?}").into()),
    }

    let mut events = api.list_all(ListCall::new().entity_id(&id).limit(2));
    while let Some(event) = events.next().await {
        println!("{}", Value::from(event?.members().clone()));
    }

    if !lodger.shutdown(PATIENCE).await.is_clean() {
        return Err("some events are still to be delivered".into());
    }
    std::fs::remove_dir_all(&journal)?;
    Ok(())
}
