use std::time::Duration;

use serde_json::json;

use super::*;
use crate::event::{Actor, Event, Outcome, Target};

/// What a panic says.
fn said(work: impl FnOnce()) -> String {
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_err();
    let text = panicked.downcast_ref::<String>().cloned();
    text.unwrap_or_else(|| (*panicked.downcast_ref::<&str>().unwrap()).to_owned())
}

fn update(id: u64, amount: u64) -> Event {
    let event = Event::builder("invoice.update").actor(Actor::user("ada").tenant("acme"));
    event.target(Target::new("invoice", id)).metadata("amount", amount).build().unwrap()
}

fn with(events: impl IntoIterator<Item = Event>) -> Captured {
    let audit = capture();
    for event in events {
        audit.lodger().enqueue(event).unwrap();
    }
    audit
}

#[test]
fn everything_that_can_be_expected_is_compared() {
    let event = Event::builder("invoice.update")
        .actor(Actor::user(17).name("Ada").tenant("acme"))
        .target(Target::new("invoice", 7))
        .related(Target::new("order", "o-1"))
        .related(Target::new("order", "o-2"))
        .outcome(Outcome::Failure)
        .reason("locked")
        .description("tried")
        .tag("money")
        .tag("eu")
        .user_visible(true)
        .source("dashboard")
        .metadata("amount", 2900)
        .metadata("rate", 2.0)
        .metadata("to", json!({"box": [1, 2]}))
        .build()
        .unwrap();
    let audit = with([event]);
    let found = assert_audited!(
        audit,
        "invoice.update",
        actor = 17,
        target = ("invoice", "7"),
        related = ("order", "o-2"),
        related = ("order", "o-1"),
        tenant = "acme",
        outcome = failure,
        reason = "locked",
        description = "tried",
        tags = ["eu"],
        user_visible = true,
        source = "dashboard",
        fields(amount = 2900, rate = 2, "to" = json!({"box": [1, 2]}), absent = ()),
        request_id = None::<&str>,
        trace_id = None::<&str>,
        method = None::<&str>,
        route = None::<&str>,
        status = None::<u16>,
        times = 1,
    );
    assert_eq!(found.metadata["amount"], 2900);
    assert_audited!(audit, "invoice.update", actor = Actor::user(17), target = Target::new("invoice", 7));
    assert_audited!(
        audit,
        "invoice.update",
        actor = json!({"id": 17, "name": "Ada"}),
        tags = "money",
        fields()
    );

    assert_not_audited!(audit, "invoice.updated");
    assert_not_audited!(audit, "invoice.update", actor = "1");
    assert_not_audited!(audit, "invoice.update", actor = Actor::service(17));
    assert_not_audited!(audit, "invoice.update", actor = Actor::user(17).email("ada@example.com"));
    assert_not_audited!(audit, "invoice.update", target = ("order", 7));
    assert_not_audited!(audit, "invoice.update", target = "7");
    assert_not_audited!(audit, "invoice.update", related = ("order", "o-3"));
    assert_not_audited!(audit, "invoice.update", related = ());
    assert_not_audited!(audit, "invoice.update", tenant = None::<&str>);
    assert_not_audited!(audit, "invoice.update", outcome = success);
    assert_not_audited!(audit, "invoice.update", outcome = denied);
    assert_not_audited!(audit, "invoice.update", outcome = unknown);
    assert_not_audited!(audit, "invoice.update", reason = "lock");
    assert_not_audited!(audit, "invoice.update", description = ());
    assert_not_audited!(audit, "invoice.update", tags = ["eu", "us"]);
    assert_not_audited!(audit, "invoice.update", tags = ());
    assert_not_audited!(audit, "invoice.update", user_visible = false);
    assert_not_audited!(audit, "invoice.update", source = "api");
    assert_not_audited!(audit, "invoice.update", fields(amount = "2900"));
    assert_not_audited!(audit, "invoice.update", fields(amount = 2900, rate = 3),);
    assert_not_audited!(audit, "invoice.update", fields(to = json!({"box": [1]})));
    assert_not_audited!(audit, "invoice.update", status = 200);
    assert_not_audited!(audit, "invoice.update", request_id = "r1");
}

#[test]
fn that_no_event_fits_is_another_assertion() {
    let audit = with([update(7, 2900)]);
    for action in ["invoice.update", "invoice.delete"] {
        let text = said(|| _ = audit.assert_audited(Expected::action(action).times(0)));
        assert_eq!(text, "times = 0: say that no event fits with assert_not_audited!");
    }
}

#[test]
fn none_expected_of_a_list_is_an_empty_one() {
    let audit = with([update(7, 2900)]);
    assert_audited!(audit, "invoice.update", related = (), tags = None::<&str>);
}

#[test]
fn two_integers_are_not_equal_because_their_floats_are() {
    let audit = with([update(1, 9_007_199_254_740_992)]);
    assert_not_audited!(audit, "invoice.update", fields(amount = 9_007_199_254_740_993_u64));
}

#[test]
fn a_failure_shows_what_was_expected_the_closest_and_everything() {
    let reminded = Event::builder("invoice.remind").reason("overdue").build().unwrap();
    let audit = with([reminded, update(6, 2900), update(7, 2800)]);
    let text = said(|| {
        assert_audited!(
            audit,
            "invoice.update",
            actor = "ada",
            target = ("invoice", 7),
            outcome = success,
            fields(amount = 2900, note = "paid"),
        );
    });
    assert_eq!(
        text,
        "\
no audit event fits
    action = \"invoice.update\"
    actor = \"ada\"
    target = (\"invoice\", 7)
    outcome = success
    field amount = 2900
    field note = \"paid\"
closest is event 2, which differs in
    target: expected (\"invoice\", 7), got (\"invoice\", \"6\")
    field note: expected \"paid\", got nothing
captured
    1. invoice.remind: unresolved actor, unresolved target, success (overdue)
    2. invoice.update: user ada, invoice 6, success, amount = 2900
    3. invoice.update: user ada, invoice 7, success, amount = 2800"
    );
}

#[test]
fn the_right_action_is_closer_than_everything_else() {
    let other = Event::builder("invoice.delete").actor(Actor::user("ada")).target(Target::new("invoice", 7));
    let audit = with([other.build().unwrap(), update(8, 1)]);
    let text = said(|| {
        assert_audited!(audit, "invoice.update", actor = "eve", target = ("invoice", 7));
    });
    let closest = "closest is event 2, which differs in\n    actor: expected \"eve\", got \"ada\"\n";
    assert!(text.contains(closest), "{text}");
}

#[test]
fn nothing_captured_says_what_to_look_at() {
    let audit = capture();
    let text = said(|| {
        assert_audited!(audit, "invoice.update");
    });
    assert_eq!(
        text,
        "\
no audit event fits
    action = \"invoice.update\"
captured: nothing
    does the application's layer have this capture's `lodger()`? Code outside every request and job is captured on the \
thread only that called `capture()`; elsewhere run it in `audit.lodger().run_as(actor, …)`"
    );
}

#[test]
fn another_number_of_events_is_said_with_the_events() {
    let audit = with([update(6, 1), update(7, 1), update(7, 2)]);
    assert_audited!(audit, "invoice.update", times = 3);
    let text = said(|| {
        assert_audited!(audit, "invoice.update", target = ("invoice", 7), times = 1);
    });
    assert_eq!(
        text,
        "\
expected exactly 1 audit event that fits, found 2 (events 2, 3)
    action = \"invoice.update\"
    target = (\"invoice\", 7)
captured
    1. invoice.update: user ada, invoice 6, success, amount = 1
    2. invoice.update: user ada, invoice 7, success, amount = 1
    3. invoice.update: user ada, invoice 7, success, amount = 2"
    );
    let text = said(|| {
        assert_audited!(audit, "invoice.delete", times = 2);
    });
    assert!(text.starts_with("expected exactly 2 audit events that fit, found none\n"), "{text}");
}

#[test]
fn an_event_that_should_not_be_there_is_shown() {
    let audit = with([update(6, 1)]);
    let text = said(|| assert_not_audited!(audit, "invoice.update", target = ("invoice", 6)));
    assert_eq!(
        text,
        "\
expected no audit event that fits, found 1 (event 1)
    action = \"invoice.update\"
    target = (\"invoice\", 6)
captured
    1. invoice.update: user ada, invoice 6, success, amount = 1"
    );
    let text = said(|| assert_not_audited!(audit));
    assert!(text.starts_with("expected no audit event at all, found 1 (event 1)\ncaptured\n"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_over_shows_what_came_instead() {
    let audit = with([update(6, 1)]);
    let limit = Duration::from_millis(5);
    let waiting = std::panic::AssertUnwindSafe(audit.wait_for_within(limit, "invoice.send"));
    let text = tokio_panic(waiting.0).await;
    assert_eq!(
        text,
        "\
no audit event came that fits, within 5ms
    action = \"invoice.send\"
captured
    1. invoice.update: user ada, invoice 6, success, amount = 1"
    );
    let text = tokio_panic(audit.wait_for_count_within(limit, 2)).await;
    assert!(text.starts_with("expected 2 audit events or more, 1 came within 5ms\ncaptured\n"), "{text}");
}

/// What a panic in a future says.
async fn tokio_panic<T>(work: impl Future<Output = T>) -> String {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(move |cx| {
        let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work.as_mut().poll(cx)));
        match polled {
            Ok(std::task::Poll::Pending) => std::task::Poll::Pending,
            Ok(std::task::Poll::Ready(_)) => panic!("it came"),
            Err(panicked) => std::task::Poll::Ready(panicked.downcast_ref::<String>().unwrap().clone()),
        }
    })
    .await
}

/// Under a paused clock a timeout of tokio's would be over at once.
#[tokio::test(start_paused = true)]
async fn a_paused_clock_does_not_cut_the_wait_short() {
    let audit = capture();
    let (lodger, waiting) = (audit.lodger(), audit.wait_for("invoice.update"));
    let late = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        lodger.enqueue(update(7, 1)).unwrap();
    });
    assert_eq!(waiting.await.target.id, "7");
    late.join().unwrap();
    assert_eq!(audit.wait_for_count(1).await.len(), 1);
}

#[test]
fn what_is_redacted_is_captured_redacted() {
    let event = Event::builder("user.create").metadata("password", "hunter2").build().unwrap();
    let audit = with([event]);
    let event = assert_audited!(audit, "user.create");
    assert_ne!(event.metadata["password"], "hunter2");
}

#[test]
fn an_event_that_the_client_refuses_is_mentioned() {
    let audit = capture();
    let mut event = update(1, 1);
    event.action = "".into();
    audit.lodger().enqueue(event).unwrap_err();
    let text = said(|| {
        assert_audited!(audit, "invoice.update");
    });
    assert!(
        text.ends_with("captured: nothing\n    and 1 refused by the client and written to stderr"),
        "{text}"
    );
}

#[test]
fn a_capture_does_not_wait_for_other_destinations() {
    #[derive(Debug)]
    struct Stuck;
    impl crate::destination::Destination for Stuck {
        fn identity(&self) -> crate::destination::Identity {
            crate::destination::Identity::new("stuck", "")
        }
        fn deliver<'a>(
            &'a self,
            _: &'a [crate::destination::Delivery],
        ) -> crate::destination::BoxFuture<'a, Vec<crate::destination::Answer>> {
            Box::pin(std::future::pending())
        }
    }
    let audit = capture_with(crate::Lodger::builder().destination(Stuck));
    audit.lodger().enqueue(update(7, 1)).unwrap();
    assert_eq!(audit.events().len(), 1);
}
