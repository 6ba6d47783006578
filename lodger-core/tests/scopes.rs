//! What annotated functions say about events, and about whose.
#![cfg(feature = "macros")]
#![allow(missing_docs, clippy::unwrap_used)]

use std::io;

use lodger_core::capture::{self, Audit};
use lodger_core::event::{Actor, Event, Outcome, Target, ToActor};
use lodger_core::{Lodger, MemoryDestination, audited};

fn client() -> (Lodger, MemoryDestination) {
    let memory = MemoryDestination::new();
    (Lodger::builder().destination(memory.clone()).in_memory_journal().build().unwrap(), memory)
}

fn current() -> Audit {
    Audit::current().unwrap()
}

fn of<'e>(events: &'e [Event], action: &str) -> &'e Event {
    events.iter().find(|event| event.action == action).unwrap()
}

#[audited("job.one", actor = Actor::user("alice"))]
async fn one() {
    tokio::task::yield_now().await;
    current().metadata("who", "one").target(Target::new("job", 1));
}

#[audited("job.two")]
async fn two() {
    tokio::task::yield_now().await;
    current().metadata("who", "two");
}

#[tokio::test]
async fn functions_side_by_side_speak_about_their_own_events() {
    let (lodger, memory) = client();
    lodger.run_as(Actor::service("worker"), async { tokio::join!(one(), two()) }).await;
    let events = memory.wait_for(2).await;
    let (one, two) = (of(&events, "job.one"), of(&events, "job.two"));
    assert_eq!(
        (one.actor.id.as_str(), &one.metadata["who"], one.target.id.as_str()),
        ("alice", &"one".into(), "1")
    );
    assert_eq!((two.actor.id.as_str(), &two.metadata["who"]), ("worker", &"two".into()));
    assert!(two.target.is_unresolved());
}

#[audited("tick.done")]
fn tick(mark: u32) {
    current().metadata("mark", mark);
}

#[tokio::test]
async fn what_is_said_after_an_event_never_reaches_the_next() {
    let (lodger, memory) = client();
    lodger
        .run_as(Actor::service("worker"), async {
            tick(1);
            current().discard().actor(Actor::user("mallory"));
            tick(2);
        })
        .await;
    let events = memory.wait_for(2).await;
    assert!(events.iter().all(|event| event.actor.id == "worker"), "{events:?}");
    assert_eq!(lodger.stats().counts.too_late, 2);
}

#[tokio::test]
async fn what_is_said_before_the_first_function_is_about_it() {
    let (lodger, memory) = client();
    lodger
        .run_as(Actor::service("worker"), async {
            current().tag("nightly");
            tick(1);
            tick(2);
        })
        .await;
    let tags: Vec<_> = memory.wait_for(2).await.into_iter().map(|event| event.tags).collect();
    assert_eq!(tags, [vec!["nightly".to_owned()], Vec::new()]);
}

#[audited("order.place")]
async fn place() -> Result<(), io::Error> {
    current().committed();
    Err(io::Error::other("the mail could not be sent"))
}

#[audited("order.check")]
async fn check() -> Result<(), io::Error> {
    Err(io::Error::other("no"))
}

#[tokio::test]
async fn a_committed_change_is_recorded_although_the_function_fails_later() {
    let (lodger, memory) = client();
    lodger.run_as(Actor::service("worker"), async { (check().await.is_err(), place().await.is_err()) }).await;
    let events = memory.wait_for(1).await;
    assert_eq!(events[0].action, "order.place");
    assert_eq!(
        (events[0].outcome, events[0].reason.as_deref()),
        (Outcome::Failure, Some("committed, function failed"))
    );
    assert_eq!(lodger.stats().counts.filtered, 1, "a failure without a change is not recorded by default");
}

struct User(&'static str);

impl ToActor for User {
    fn to_actor(&self) -> Actor {
        Actor::user(self.0)
    }
}

#[audited("report.start")]
async fn start(_user: User) {
    let left_behind = capture::current().unwrap().continued();
    left_behind.around(async { tick(1) }).await;
    inner().await;
}

#[audited("report.step")]
async fn inner() {}

#[tokio::test]
async fn an_actor_among_the_arguments_goes_with_called_functions_and_with_work_left_behind() {
    let (lodger, memory) = client();
    capture::Scope::job(lodger.sink(), None).around(start(User("ada"))).await;
    let events = memory.wait_for(3).await;
    for action in ["report.start", "report.step", "tick.done"] {
        assert_eq!(of(&events, action).actor, Actor::user("ada"), "{action}");
    }
}

#[tokio::test]
async fn a_long_job_holds_only_what_is_open() {
    let (lodger, _memory) = client();
    let scope = capture::Scope::job(lodger.sink(), None);
    scope.around(async { (0..1_000).for_each(tick) }).await;
    assert_eq!(scope.open_drafts(), 0);
}
