//! LogHub: events delivered to it, and the calls of its client. `cargo run --bin loghub`.
//!
//! Against a stand-in on this machine; against the service itself where `LOGHUB_TOKEN`, `LOGHUB_ORGANIZATION_ID` and
//! `LOGHUB_EXTERNAL_ID` are set.

use std::env;
use std::error::Error;
use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::destination::{LogHubDestination, Route};
use lodger_core::event::{Actor, Change, Event};
use lodger_core::service::loghub::{EventActor, EventCall, Limit, ListCall, LogHubApi, Order};
use lodger_examples::invoices::{Correction, Invoices, NewInvoice};
use lodger_examples::stand_in::StandIn;
use lodger_examples::stand_in::loghub::LogHubService;

/// What the stand-in knows us by.
const ORGANIZATION: &str = "a924324e-299a-46d4-89cd-731a3f3cc444";
const TOKEN: &str = "secret_of_the_example";

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a program that talks to a person")]
async fn main() -> Result<(), Box<dyn Error>> {
    // The stand-in serves as long as it lives.
    let (api, no_tenant, _stand_in) = if let Ok(token) = env::var("LOGHUB_TOKEN") {
        let api = LogHubApi::builder(env::var("LOGHUB_ORGANIZATION_ID")?).token(token).build()?;
        (api, env::var("LOGHUB_EXTERNAL_ID")?, None)
    } else {
        let stand_in = StandIn::start(LogHubService::new(ORGANIZATION, TOKEN)).await?;
        let api = LogHubApi::builder(ORGANIZATION).token(TOKEN).api_base(stand_in.base()).build()?;
        (api, "no-tenant".to_owned(), Some(stand_in))
    };

    println!("A few changes are recorded, and delivered to {}:", api.base());
    let journal = tempfile::tempdir()?;
    // LogHub sorts by arrival.
    let loghub = Route::to(LogHubDestination::new(api.clone(), &*no_tenant)?).ordered();
    let lodger =
        Lodger::builder().destination(loghub).journal_dir(journal.path()).service("invoices").build()?;
    let invoices = Invoices::default();
    let ada = Actor::user("ada").name("Ada Lovelace").email("ada@example.com").tenant("acme");
    let invoice = invoices.create(NewInvoice { customer: "Babbage & Co".to_owned(), amount: 2_500 });
    let created = Event::builder("invoice.create").actor(&ada).target(&invoice).tag("billing");
    lodger.record(created.build()?).await?;
    let (before, after) = invoices.correct(invoice.id, &Correction { amount: 2_900 })?;
    let changed = Change::new("/amount", Some(before.amount.into()), Some(after.amount.into()));
    let corrected = Event::builder("invoice.update").actor(&ada).target(&after).change(changed);
    lodger.record(corrected.build()?).await?;
    let reminded = Event::builder("invoice.remind").actor(Actor::system("nightly reminders")).target(&after);
    lodger.record(reminded.build()?).await?;
    lodger.flush(Duration::from_secs(30)).await?;

    for external_id in ["acme", &no_tenant] {
        println!("\nWhat is listed under {external_id}, the newest first:");
        let list = ListCall::new(external_id).limit(Limit::Five);
        for event in api.list(list).await? {
            let actor = event.actor.unwrap_or_default();
            let metadata = event.metadata.unwrap_or_default();
            println!(
                "  {}  {} by {} {}",
                event.id,
                event.action.unwrap_or_default(),
                actor.kind,
                serde_json::to_string(&actor.data)?
            );
            if let (Some(old), Some(new)) = (metadata.get("old"), metadata.get("new")) {
                println!("    {old} became {new}");
            }
        }
    }

    println!("\nA direct call, with a number for a tenant:");
    let auditor = EventActor::user("u_17").name("Grace Hopper");
    let created = api.create(EventCall::new(auditor, "report.open", 42).tags(["audit"])).await?;
    println!("  recorded as {}", created.id);

    let mut all = api.events(ListCall::new("acme").limit(Limit::Five).order(Order::OldestFirst));
    let mut actions = Vec::new();
    while let Some(event) = all.next().await {
        actions.extend(event?.action);
    }
    println!("\nEverything of acme, page by page, the oldest first: {}", actions.join(", "));

    lodger.shutdown(Duration::from_secs(10)).await;
    Ok(())
}
