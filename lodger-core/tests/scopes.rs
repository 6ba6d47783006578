//! What annotated functions say about events, and about whose.
#![cfg(feature = "macros")]
#![allow(missing_docs, clippy::unwrap_used)]

use std::io;

use lodger_core::capture::{self, Audit, Exchange, ResponseHead};
use lodger_core::event::{Actor, Event, Operation, Outcome, Target, ToActor};
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

#[audited("transfer.make", on(always))]
async fn transfer(fails: bool) -> Result<(), io::Error> {
    current().record("transfer.fee").metadata("cents", 25);
    if fails { Err(io::Error::other("no funds")) } else { Ok(()) }
}

#[audited("transfer.make")]
async fn panicking() {
    current().record("transfer.fee");
    panic!("as the test wants it");
}

#[tokio::test]
async fn a_further_event_ends_like_the_function_that_recorded_it() {
    let (lodger, memory) = client();
    let job =
        lodger.run_as(Actor::service("worker"), async { (transfer(false).await, transfer(true).await) });
    assert!(job.await.1.is_err());
    let outcomes: Vec<_> = memory
        .wait_for(4)
        .await
        .into_iter()
        .map(|event| (event.action.into_owned(), event.outcome))
        .collect();
    let (make, fee) = ("transfer.make".to_owned(), "transfer.fee".to_owned());
    assert_eq!(
        outcomes,
        [
            (make.clone(), Outcome::Success),
            (fee.clone(), Outcome::Success),
            (make, Outcome::Failure),
            (fee, Outcome::Failure),
        ]
    );

    let panicked = tokio::spawn({
        let lodger = lodger.clone();
        async move { lodger.run_as(Actor::service("worker"), panicking()).await }
    });
    assert!(panicked.await.is_err());
    let events = memory.wait_for(6).await;
    let last: Vec<_> = events[4..].iter().map(|event| (event.outcome, event.reason.as_deref())).collect();
    assert_eq!(last, [(Outcome::Unknown, Some("panicked")); 2]);
}

#[audited("chain.make")]
async fn chain() {
    current().record("chain.one").record("chain.two");
}

#[tokio::test]
async fn what_is_recorded_through_a_further_event_is_recorded_too() {
    let (lodger, memory) = client();
    let scope = capture::Scope::job(lodger.sink(), None);
    scope.around(chain()).await;
    let actions: Vec<_> =
        memory.wait_for(3).await.into_iter().map(|event| event.action.into_owned()).collect();
    assert_eq!(actions, ["chain.make", "chain.one", "chain.two"]);
    assert_eq!(scope.open_drafts(), 0);
}

#[audited("late.make", on(always))]
async fn leaves_its_handle(handle: &mut Option<Audit>) -> Result<(), io::Error> {
    *handle = Some(current());
    Err(io::Error::other("no"))
}

#[tokio::test]
async fn what_is_recorded_when_its_function_is_long_done_claims_no_success() {
    let (lodger, memory) = client();
    let mut handle = None;
    let job = lodger.run_as(Actor::service("worker"), leaves_its_handle(&mut handle));
    assert!(job.await.is_err());
    handle.unwrap().record("late.said");
    let events = memory.wait_for(2).await;
    assert_eq!((events[1].action.as_ref(), events[1].outcome), ("late.said", Outcome::Unknown));
}

/// The handle of an extractor is made before the function runs, so it belongs to none.
#[tokio::test]
async fn what_an_extractors_handle_records_after_the_response_ends_as_the_function_did() {
    let (lodger, memory) = client();
    let mut settings = capture::Settings::new(lodger.sink());
    settings.guarantee(capture::Guarantee::Queued);
    let policy = capture::Checked::default().policy(&settings).unwrap();
    let mut exchange = Exchange::begin(&policy, |head| head.keep_request("POST", "/orders", None, None));
    let scope = exchange.scope().clone();
    let extracted = Audit::of(scope.clone());
    assert!(scope.around(leaves_its_handle(&mut None)).await.is_err());
    exchange.respond(ResponseHead::new(200, &|_| None));
    extracted.record("late.said");
    let outcomes: Vec<_> = memory
        .wait_for(2)
        .await
        .into_iter()
        .map(|event| (event.action.into_owned(), event.outcome))
        .collect();
    let failed = |action: &str| (action.to_owned(), Outcome::Failure);
    assert_eq!(outcomes, [failed("late.make"), failed("late.said")]);
}

#[audited("conflict.make")]
async fn conflicting(_one: User, _other: User) {
    capture::current().unwrap().continued().around(async { tick(1) }).await;
}

#[tokio::test]
async fn work_left_behind_by_conflicting_actors_has_none_either() {
    let (lodger, memory) = client();
    capture::Scope::job(lodger.sink(), None).around(conflicting(User("ada"), User("bob"))).await;
    assert!(memory.wait_for(2).await.iter().all(|event| event.actor.is_unresolved()));
}

#[tokio::test]
async fn a_shutdown_waits_for_a_job_that_is_open() {
    let (lodger, memory) = client();
    let scope = capture::Scope::job(lodger.sink(), None);
    let closing = tokio::spawn({
        let lodger = lodger.clone();
        async move { lodger.shutdown(std::time::Duration::from_secs(30)).await }
    });
    tokio::task::yield_now().await;
    scope.around(async { tick(1) }).await;
    drop(scope);
    assert!(closing.await.unwrap().is_clean());
    assert_eq!(memory.events().len(), 1);
}

#[audited("thing.do", actor = Actor::user(""), target(thing = ""))]
async fn nameless() {}

#[tokio::test]
async fn an_empty_id_names_nobody_and_nothing() {
    let (lodger, memory) = client();
    lodger.run_as(Actor::service("worker"), nameless()).await;
    let event = memory.wait_for(1).await.remove(0);
    assert!(event.actor.is_unresolved() && event.target.is_unresolved(), "{event:?}");
    assert_eq!(event.trimmed, []);
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

#[audited("invoice.archive", target(invoice = id), on(always))]
async fn archive(id: u32, operation: Operation) -> io::Result<()> {
    current().operation(operation);
    if id == 9 { Err(io::Error::other("paid already")) } else { Ok(()) }
}

#[tokio::test]
async fn the_events_of_a_bulk_operation_share_its_id_and_end_each_in_its_own_way() {
    let (lodger, memory) = client();
    let bulk = async {
        for (operation, id) in Operation::each([7, 9, 11]) {
            archive(id, operation).await.ok();
        }
        current().record("invoice.export").target(Target::new("invoice", 7)).operation(Operation {
            id: "export-4".to_owned(),
            index: 0,
            of: 1,
        });
    };
    lodger.run_as(Actor::service("worker"), bulk).await;
    let events = memory.wait_for(4).await;
    let operations: Vec<&Operation> = events.iter().map(|event| event.operation.as_ref().unwrap()).collect();
    let told: Vec<_> = events[..3]
        .iter()
        .zip(&operations)
        .map(|(event, place)| (event.target.id.as_str(), event.outcome, place.index, place.of))
        .collect();
    assert_eq!(
        told,
        [("7", Outcome::Success, 0, 3), ("9", Outcome::Failure, 1, 3), ("11", Outcome::Success, 2, 3)]
    );
    assert!(operations[1].id == operations[0].id && operations[2].id == operations[0].id);
    assert_eq!(operations[3].id, "export-4");
}
