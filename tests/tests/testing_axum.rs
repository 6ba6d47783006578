//! The testing kit on axum, used as an application's tests use it.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::body::Body;
use axum::extract::{Json, MatchedPath, Path};
use axum::http::{Request, StatusCode};
use axum::routing::{post, put};
use axum::{Extension, Router};
use lodger_axum::testing::{Captured, MisbehavingDestination, Misbehaviour, capture, capture_with};
use lodger_axum::{
    Actor, AuditLayer, Guarantee, Lodger, ToActor, assert_audited, assert_not_audited, audited, testing,
};
use serde_json::json;
use tower::ServiceExt;

#[derive(Clone)]
struct User(&'static str);

impl ToActor for User {
    fn to_actor(&self) -> Actor {
        Actor::user(self.0).tenant("acme")
    }
}

#[derive(serde::Deserialize)]
struct Change {
    amount: u32,
}

const UPDATE_LINE: u32 = line!() + 1;
#[audited("invoice.update", fields(amount = body.amount))]
async fn update(
    user: Option<Extension<User>>,
    Path(id): Path<u64>,
    Json(body): Json<Change>,
) -> Result<&'static str, StatusCode> {
    if id == 0 { Err(StatusCode::NOT_FOUND) } else { Ok("done") }
}

#[audited("report.send", actor = Actor::system("mailer"), target(report = id))]
async fn send_report(id: u64) {}

#[audited("note.write")]
async fn note() {}

fn app(audit: &Captured) -> Router {
    Router::new()
        .route("/invoices/{id}", put(update))
        .route("/notes", post(note))
        .layer(AuditLayer::new(audit.lodger()))
        .layer(Extension(User("ada")))
}

fn change(id: u64, amount: u32) -> Request<Body> {
    let request = Request::put(format!("/invoices/{id}")).header("content-type", "application/json");
    request.header("x-request-id", "req-1").body(json!({"amount": amount}).to_string().into()).unwrap()
}

/// What a panic says.
fn said(work: impl FnOnce()) -> String {
    let panicked = catch_unwind(AssertUnwindSafe(work)).unwrap_err();
    panicked.downcast_ref::<String>().unwrap().clone()
}

#[tokio::test]
async fn a_oneshot_request_leaves_what_can_be_asserted() {
    let audit = capture().strict();
    let response = app(&audit).oneshot(change(7, 2900)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let event = assert_audited!(
        audit,
        "invoice.update",
        actor = "ada",
        target = ("invoice", "7"),
        tenant = "acme",
        outcome = success,
        fields(amount = 2900),
        method = "PUT",
        route = "/invoices/{id}",
        status = 200,
        request_id = "req-1",
        times = 1,
    );
    assert_eq!(event.origin.host.as_deref(), Some("test"));
    assert_not_audited!(audit, "invoice.delete");
    assert_not_audited!(audit, "invoice.update", target = ("invoice", 8));
}

#[tokio::test]
async fn what_is_not_recorded_is_mentioned() {
    let audit = capture();
    app(&audit).oneshot(change(0, 1)).await.unwrap();
    let text = said(|| {
        assert_audited!(audit, "invoice.update");
    });
    assert_eq!(
        text,
        "\
no audit event fits
    action = \"invoice.update\"
captured: nothing
    and 1 not recorded, because `on(..)` leaves out its outcome (the default: failure and denied)"
    );
}

#[tokio::test]
async fn axum_test_serves_the_application() {
    let audit = capture().strict();
    let server = axum_test::TestServer::new(app(&audit)).unwrap();
    server.put("/invoices/7").json(&json!({"amount": 1})).await.assert_status_ok();
    assert_audited!(audit, "invoice.update", actor = "ada", target = ("invoice", 7), status = 200);
}

#[tokio::test]
async fn a_handler_called_as_a_plain_function_is_captured() {
    let audit = capture();
    update(Some(Extension(User("ada"))), Path(7), Json(Change { amount: 2 })).await.unwrap();
    assert_audited!(audit, "invoice.update", actor = "ada", fields(amount = 2), status = None::<u16>);
}

#[tokio::test]
async fn spawned_work_is_waited_for() {
    let audit = capture();
    let app = Router::new().route(
        "/reports/{id}",
        post(|Path(id): Path<u64>| async move {
            lodger_axum::spawn(async move {
                tokio::task::yield_now().await;
                send_report(id).await;
            });
        }),
    );
    let app = app.layer(AuditLayer::new(audit.lodger()));
    app.oneshot(Request::post("/reports/7").body(Body::empty()).unwrap()).await.unwrap();
    let event = audit.wait_for("report.send").await;
    assert_eq!(event.target.id, "7");
    assert_eq!(audit.wait_for_count(1).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_other_threads_a_job_names_the_client() {
    let audit = capture();
    let lodger = audit.lodger();
    let job = async move { lodger.run_as(Actor::service("worker"), async { note().await }).await };
    tokio::spawn(job).await.unwrap();
    assert_audited!(audit, "note.write", actor = Actor::service("worker"));
}

#[tokio::test(start_paused = true)]
async fn a_paused_clock_changes_nothing() {
    let audit = capture();
    app(&audit).oneshot(change(7, 1)).await.unwrap();
    assert_audited!(audit, "invoice.update", status = 200);
}

#[tokio::test]
async fn the_newest_capture_of_a_thread_takes_what_no_scope_names() {
    let outer = capture();
    {
        let inner = capture();
        send_report(1).await;
        assert_audited!(inner, "report.send", target = ("report", 1), times = 1);
    }
    send_report(2).await;
    assert_audited!(outer, "report.send", target = ("report", 2), times = 1);
    drop(outer);
    send_report(3).await;
    assert_not_audited!(capture());
}

#[test]
fn parallel_tests_do_not_see_each_other() {
    let test = |number: u64| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let audit = capture();
            for round in 0..20 {
                send_report(number).await;
                app(&audit).oneshot(change(number, round)).await.unwrap();
                tokio::task::yield_now().await;
            }
            assert_audited!(audit, "report.send", target = ("report", number), times = 20);
            assert_audited!(audit, "invoice.update", target = ("invoice", number), times = 20);
            assert_eq!(audit.events().len(), 40);
        });
    };
    std::thread::scope(|threads| (1..=16).for_each(|number| _ = threads.spawn(move || test(number))));
}

#[tokio::test]
async fn strict_names_each_gap_with_the_function_and_the_fix() {
    let audit = capture().strict();
    // Outside of the application, and by nobody.
    update(None, Path(7), Json(Change { amount: 2 })).await.unwrap();
    send_report(1).await;
    let text = said(|| {
        assert_audited!(audit, "invoice.update");
    });
    let expected = format!(
        "\
strict: 2 of 2 audit events say less than they should

1. invoice.update: unresolved actor, unresolved target, success, amount = 2
   recorded by testing_axum::update (tests/tests/testing_axum.rs:{UPDATE_LINE})
   missing scope: it was recorded outside every request and job: call it through the application, or in \
`audit.lodger().run_as(actor, …)`
   unresolved actor: call set_actor(&user) in your authentication, take an argument that implements ToActor, or write \
actor = … in the attribute (Actor::anonymous() where nobody has to be named)
   unresolved target: write target(kind = id) in the attribute, take or return a value that implements ToTarget, or \
name the path parameter after it, as {{invoice_id}} does"
    );
    assert_eq!(text.split("\n\n2. ").next().unwrap(), expected);
    // It was said once; the end of the test doesn't say it again.
    drop(audit);
}

#[tokio::test]
async fn strict_also_speaks_at_the_end_of_the_test() {
    let audit = capture().strict();
    app(&audit).oneshot(Request::post("/notes").body(Body::empty()).unwrap()).await.unwrap();
    let text = said(|| drop(audit));
    let first = "strict: 1 of 1 audit events say less than they should\n\n1. note.write: unresolved actor, unresolved target";
    assert!(text.starts_with(first) && !text.contains("missing scope"), "{text}");
}

#[tokio::test]
async fn strict_lets_a_failing_test_say_why_it_fails() {
    let text = said(|| {
        let audit = capture().strict();
        futures_block(update(None, Path(7), Json(Change { amount: 2 }))).unwrap();
        let _kept = &audit;
        panic!("{}", "the test's own failure");
    });
    assert_eq!(text, "the test's own failure");
}

/// Runs a future that never waits.
fn futures_block<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(done) => done,
        std::task::Poll::Pending => panic!("it waits"),
    }
}

#[tokio::test]
async fn an_application_can_be_watched_while_its_destination_misbehaves() {
    let service = MisbehavingDestination::new();
    service.from_now_on(Misbehaviour::Hang);
    let audit = capture_with(Lodger::builder().destination(service.clone()));
    let response = app(&audit).oneshot(change(7, 1)).await.unwrap();
    // Durable waits for the journal, not for the destination.
    assert_eq!(response.status(), StatusCode::OK);
    assert_audited!(audit, "invoice.update");
    assert!(service.kept().is_empty());

    let delivered = Router::new()
        .route("/invoices/{id}", put(update))
        .layer(AuditLayer::new(audit.lodger()).guarantee(Guarantee::Delivered));
    service.behave();
    delivered.oneshot(change(8, 1)).await.unwrap();
    assert_eq!(service.kept().len(), 2);
}

mod covering {
    use lodger_axum::routing::{Router, any, get, post, put};

    use super::*;

    async fn list() {}
    async fn login() {}
    async fn path(path: MatchedPath) -> String {
        path.as_str().to_owned()
    }
    async fn calls_a_service() {
        send_report(1).await;
    }

    fn routes() -> Router {
        let invoices =
            Router::new().route("/", get(list).post(path)).route("/{id}", put(update).delete(list));
        Router::new()
            .nest("/api/invoices", invoices)
            .merge(Router::new().route("/login", post(login)))
            .route("/reports/{id}", post(calls_a_service))
            .route("/ws", any(list))
            .nest_service("/static", axum::Router::<()>::new())
    }

    #[test]
    fn a_router_remembers_its_routes() {
        let routes: Vec<_> =
            routes().routes().iter().map(|route| (route.to_string(), route.handler)).collect();
        let known: Vec<_> = routes.iter().map(|(route, handler)| (route.as_str(), *handler)).collect();
        assert_eq!(
            known,
            [
                ("GET /api/invoices", Some("testing_axum::covering::list")),
                ("POST /api/invoices", Some("testing_axum::covering::path")),
                ("PUT /api/invoices/{id}", Some("testing_axum::update")),
                ("DELETE /api/invoices/{id}", Some("testing_axum::covering::list")),
                ("POST /login", Some("testing_axum::covering::login")),
                ("POST /reports/{id}", Some("testing_axum::covering::calls_a_service")),
                ("* /ws", Some("testing_axum::covering::list")),
                ("* /static/{*rest}", None),
            ]
        );
    }

    #[tokio::test]
    async fn a_nested_path_is_what_axum_says() {
        for (prefix, inner) in [("/a", "/"), ("/a", "/{id}"), ("/a/", "/"), ("/a/", "/b"), ("/{x}", "/b/")] {
            let nested = Router::<()>::new().nest(prefix, Router::new().route(inner, get(path)));
            let known = nested.routes()[0].path.clone();
            let request = Request::get(known.replace(['{', '}'], "")).body(Body::empty()).unwrap();
            let response = nested.into_axum().oneshot(request).await.unwrap();
            let body = axum::body::to_bytes(response.into_body(), 100).await.unwrap();
            assert_eq!(body, known, "{prefix} {inner}");
        }
    }

    #[tokio::test]
    async fn every_changing_route_is_covered_or_exempted() {
        let audit = capture();
        let layer = AuditLayer::new(audit.lodger()).rule("DELETE /api/invoices/{id}", "invoice.delete");
        let request = Request::post("/reports/1").body(Body::empty()).unwrap();
        routes().into_axum().layer(layer.clone()).oneshot(request).await.unwrap();

        let known = || {
            testing::coverage(routes().routes())
                .layer(&layer)
                .exempt("POST /api/invoices", "a test's own")
                .exempt("POST /login", "the session store keeps its own log")
                .exempt("* /ws", "it only reads")
                .exempt("* /static/{*rest}", "files")
        };
        known().seen(&audit).assert();

        let text = said(|| known().assert());
        let report = "\
1 of 7 changing routes leave no audit event:

POST /reports/{id}
    its handler testing_axum::covering::calls_a_service is not annotated

";
        assert!(text.starts_with(report), "{text}");
    }
}

#[test]
fn the_catalog_lists_every_annotated_function_sorted() {
    let catalog = testing::catalog();
    let actions: Vec<&str> =
        catalog.as_array().unwrap().iter().map(|site| site["action"].as_str().unwrap()).collect();
    assert!(actions.is_sorted());
    let site = catalog.as_array().unwrap().iter().find(|site| site["action"] == "invoice.update").unwrap();
    assert_eq!(
        *site,
        json!({
            "action": "invoice.update",
            "module": "testing_axum",
            "function": "update",
            "file": "tests/tests/testing_axum.rs",
            "line": UPDATE_LINE,
            "fields": ["amount"],
            "on": null,
            "userVisible": false,
        })
    );
}
