//! Invoices to Lodger: `cargo run --bin lodger`.
//!
//! Where `LODGER_API_KEY`, `LODGER_WORKSPACE_ID` and `LODGER_PROJECT_ID` are set, to the service itself; else to a stand-in on this
//! machine.

use std::env;
use std::error::Error;
use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::destination::LodgerDestination;
use lodger_core::event::{Actor, Change, Event, ToTarget};
use lodger_core::service::lodger::{
    ActivityCall, CallOptions, ConsentCall, ConsentMode, EventCall, EventType, LodgerApi, Party, QueryCall,
};
use lodger_examples::invoices::{Correction, Invoices, NewInvoice};
use lodger_examples::stand_in::StandIn;
use lodger_examples::stand_in::lodger::LodgerService;
use serde_json::json;

/// How long the service may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Events of this kind are about invoices, and customers may see them.
const REMINDED: EventType = EventType::new("invoice.remind").target_type("invoice").user_visible();

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a demonstration for the eyes")]
async fn main() -> Result<(), Box<dyn Error>> {
    // The stand-in stops when it is dropped.
    let (api, _stand_in) = match env::var("LODGER_API_KEY") {
        Ok(key) => {
            let (workspace, project) = (env::var("LODGER_WORKSPACE_ID")?, env::var("LODGER_PROJECT_ID")?);
            (LodgerApi::builder(workspace, project).api_key(key).build()?, None)
        }
        Err(_) => {
            let stand_in = StandIn::start(LodgerService::new("org_1", "core", "lodger_sk_example")).await?;
            let api = LodgerApi::builder("org_1", "core").api_key("lodger_sk_example");
            (api.api_base(stand_in.base()).build()?, Some(stand_in))
        }
    };
    println!("Lodger at {}", api.base());

    // Through the journal: what is recorded gets there once, whatever happens to this process or the network.
    let journal = env::temp_dir().join(format!("lodger-lodger-{}", std::process::id()));
    let lodger =
        Lodger::builder().destination(LodgerDestination::new(api.clone())).journal_dir(&journal).build()?;
    let invoices = Invoices::default();
    let ada = || Actor::user("ada").name("Ada Lovelace");
    let invoice = invoices.create(NewInvoice { customer: "initech".to_owned(), amount: 1_900 });
    lodger.record(Event::builder("invoice.create").actor(ada()).target(invoice.to_target()).build()?).await?;
    let (before, after) = invoices.correct(invoice.id, &Correction { amount: 2_100 })?;
    let amount = Change::new("/amount", Some(json!(before.amount)), Some(json!(after.amount)));
    let update = Event::builder("invoice.update").actor(ada()).target(after.to_target()).change(amount);
    lodger.record(update.build()?).await?;
    lodger.flush(PATIENCE).await?;

    // Directly: the answer, or an error, and nothing kept. The same key is the same event.
    let reminder = || {
        let key = CallOptions::new().idempotency_key("reminder_of_may");
        EventCall::of(&REMINDED, "billing", invoice.id.to_string()).options(key)
    };
    let at = "2026-05-15T12:00:00Z";
    let receipt = api.event(reminder().occurred_at(at)).await?;
    let repeated = api.event(reminder().occurred_at(at)).await?;
    println!("reminded: {}, and again: {}", receipt.receipt, repeated.receipt);
    println!("verified: {}", api.receipt(receipt.receipt).await?.verified);

    let consent = ConsentCall::new(Party::new("ada"), ConsentMode::Explicit, 3, "checkout");
    println!("consented: {}", api.consent(consent).await?.receipt.receipt);

    // What was recorded elsewhere, under its own time. Whoever runs it again records nothing twice.
    let history = (1..=3).map(|number| {
        EventCall::new("invoice.create", "ada", Party::new(format!("old-{number}")).kind("invoice"))
            .occurred_at(format!("2019-0{number}-01T12:00:00+01:00"))
    });
    let imported = api.import("invoices of 2019", history).run().await?;
    println!("imported: {}", imported.accepted);

    let mut entries = api.entries(QueryCall::new().query("invoice").limit(2));
    while let Some(entry) = entries.next().await.transpose()? {
        println!("{} {} {} {}", entry.occurred_at, entry.actor.id, entry.action, entry.target.id);
    }

    // What a customer may see, and nobody else.
    let token = api.activity_token("billing").await?;
    let activity = api.activity(ActivityCall::new(token.token)).await?;
    println!("{} of {} may be seen by its subject {}", activity.returned, activity.total, activity.subject);

    if !lodger.shutdown(PATIENCE).await.is_clean() {
        return Err("some events are still to be delivered".into());
    }
    std::fs::remove_dir_all(&journal)?;
    Ok(())
}
