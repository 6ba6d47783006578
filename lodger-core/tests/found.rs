//! What arguments tell without being named, and where it is no fact but a guess.
#![cfg(feature = "macros")]
#![allow(missing_docs, clippy::unwrap_used)]

use lodger_core::capture::Scope;
use lodger_core::event::{Actor, Event, Target, ToActor, ToTarget};
use lodger_core::{Lodger, MemoryDestination, audited};

#[derive(Clone)]
struct User(&'static str);

impl ToActor for User {
    fn to_actor(&self) -> Actor {
        Actor::user(self.0)
    }
}

struct Account(&'static str);

impl ToActor for Account {
    fn to_actor(&self) -> Actor {
        Actor::user(self.0)
    }
}

impl ToTarget for Account {
    fn to_target(&self) -> Target {
        Target::new("account", self.0)
    }
}

struct Invoice(u64);

impl ToTarget for Invoice {
    fn to_target(&self) -> Target {
        Target::new("invoice", self.0)
    }
}

/// The events of work for which nobody has said who acts.
async fn events_of(work: impl Future<Output = ()>) -> Vec<Event> {
    let memory = MemoryDestination::new();
    let lodger = Lodger::builder().destination(memory.clone()).in_memory_journal().build().unwrap();
    Scope::job(lodger.sink(), None).around(work).await;
    lodger.flush(std::time::Duration::from_secs(10)).await.unwrap();
    memory.events()
}

fn who_and_what(event: &Event) -> (&str, &str) {
    (&event.actor.id, &event.target.id)
}

#[audited("account.ban")]
async fn ban(_by: User, _account: Account) {}

#[audited("account.ban")]
async fn ban_by_nobody(_account: Account) {}

#[audited("account.ban", target(account = account.0))]
async fn ban_named(account: Account) {}

#[tokio::test]
async fn what_the_action_is_about_is_not_who_did_it() {
    let events = events_of(async {
        ban(User("ada"), Account("bob")).await;
        ban_by_nobody(Account("bob")).await;
        ban_named(Account("bob")).await;
    })
    .await;
    assert_eq!(who_and_what(&events[0]), ("ada", "bob"));
    assert_eq!(who_and_what(&events[1]), ("unresolved", "bob"));
    assert_eq!(who_and_what(&events[2]), ("unresolved", "bob"));
}

#[audited("login")]
async fn login(_account: Account) {}

#[audited("invoice.pay")]
async fn pay(_by: Account, _invoice: Invoice) {}

#[tokio::test]
async fn who_could_be_a_target_elsewhere_is_still_who_did_it() {
    let events = events_of(async {
        login(Account("ada")).await;
        pay(Account("ada"), Invoice(7)).await;
    })
    .await;
    assert_eq!(who_and_what(&events[0]), ("ada", "ada"));
    assert_eq!(who_and_what(&events[1]), ("ada", "7"));
}

#[audited("team.grow")]
async fn grow(_by: User) {
    promote(User("bob")).await;
}

#[audited("member.promote")]
async fn promote(_member: User) {}

#[tokio::test]
async fn a_called_function_has_the_actor_of_its_caller_and_not_of_its_arguments() {
    let events = events_of(grow(User("ada"))).await;
    let who: Vec<_> = events.iter().map(|event| (&*event.action, &*event.actor.id)).collect();
    assert_eq!(who, [("member.promote", "ada"), ("team.grow", "ada")]);
}

#[audited("invoice.merge")]
async fn merge(_from: Invoice, _into: Invoice) {}

#[audited("invoice.merge")]
async fn merge_with_itself(_from: Invoice, _into: Invoice) -> Invoice {
    Invoice(9)
}

#[audited("reconcile")]
async fn reconcile(_account: Account, _invoice: Invoice) {}

#[tokio::test]
async fn things_of_two_kinds_with_the_same_id_are_two() {
    let events = events_of(reconcile(Account("7"), Invoice(7))).await;
    assert!(events[0].target.is_unresolved(), "{:?}", events[0].target);
}

#[tokio::test]
async fn two_arguments_that_are_different_targets_name_none() {
    let events = events_of(async {
        merge(Invoice(7), Invoice(8)).await;
        merge_with_itself(Invoice(7), Invoice(7)).await;
    })
    .await;
    assert!(events[0].target.is_unresolved(), "{:?}", events[0].target);
    assert_eq!(events[1].target.id, "7");
}

#[audited("invoice.send")]
async fn send(_by: Box<User>, _invoice: Box<dyn ToTarget + Send + Sync>) {}

#[tokio::test]
async fn what_stands_in_a_box_is_asked_too() {
    let events = events_of(send(Box::new(User("ada")), Box::new(Invoice(7)))).await;
    assert_eq!(who_and_what(&events[0]), ("ada", "7"));
}
