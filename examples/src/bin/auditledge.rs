//! Invoices to Auditledge: `cargo run --bin auditledge`.
//!
//! Where `AUDITLEDGE_API_KEY` is set, to the service itself; else to a stand-in on this machine.

use std::error::Error;
use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::destination::AuditledgeDestination;
use lodger_core::event::{Actor, Change, Event, ToTarget};
use lodger_core::service::auditledge::{AuditledgeApi, EventCall, Filter, Resource};
use lodger_examples::invoices::{Correction, Invoices, NewInvoice};
use lodger_examples::stand_in::StandIn;
use lodger_examples::stand_in::auditledge::Auditledge;
use serde_json::json;

/// How long the service may take.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a demonstration for the eyes")]
async fn main() -> Result<(), Box<dyn Error>> {
    // The stand-in stops when it is dropped.
    let (api, _stand_in) = match std::env::var("AUDITLEDGE_API_KEY") {
        Ok(key) => (AuditledgeApi::builder().api_key(key).build()?, None),
        Err(_) => {
            let stand_in = StandIn::start(Auditledge::new("al_example")).await?;
            let api = AuditledgeApi::builder()
                .api_key("al_example")
                .api_base(format!("{}/v1", stand_in.base()))
                .build()?;
            (api, Some(stand_in))
        }
    };
    println!("Auditledge at {}", api.base());

    // Through the journal: what is recorded gets there, whatever happens to this process or the network.
    let journal = std::env::temp_dir().join(format!("lodger-auditledge-{}", std::process::id()));
    let lodger = Lodger::builder()
        .destination(AuditledgeDestination::new(api.clone()))
        .journal_dir(&journal)
        .build()?;
    let invoices = Invoices::default();
    let ada = || Actor::user("ada").name("Ada Lovelace");
    let invoice = invoices.create(NewInvoice { customer: "initech".to_owned(), amount: 1_900 });
    lodger.record(Event::builder("invoice.create").actor(ada()).target(invoice.to_target()).build()?).await?;
    let (before, after) = invoices.correct(invoice.id, &Correction { amount: 2_100 })?;
    let amount = Change::new("/amount", Some(json!(before.amount)), Some(json!(after.amount)));
    lodger
        .record(
            Event::builder("invoice.update").actor(ada()).target(after.to_target()).change(amount).build()?,
        )
        .await?;
    lodger.flush(PATIENCE).await?;

    // Directly: the answer, or an error, and nothing kept.
    let reminder =
        EventCall::new("invoice.remind", "billing", Resource::new("invoice", invoice.id.to_string()));
    println!("recorded as {}", api.log(reminder).await?.event.id);

    let mut events = api.query_all(Filter::new().action("invoice"));
    while let Some(event) = events.next().await {
        let event = event?;
        println!("{} {} {} {}", event.timestamp, event.actor_id, event.action, event.metadata);
    }
    let mut csv = api.export_csv(Filter::new().resource_type("invoice"));
    while let Some(part) = csv.next().await {
        print!("{}", String::from_utf8_lossy(&part?));
    }
    let usage = api.usage().await?;
    println!("{} of {:?} events of the plan {}", usage.events_this_month, usage.events_limit, usage.plan);

    if !lodger.shutdown(PATIENCE).await.is_clean() {
        return Err("some events are still to be delivered".into());
    }
    std::fs::remove_dir_all(&journal)?;
    Ok(())
}
