//! The testing kit on actix-web, used as an application's tests use it.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use actix_web::dev::Service;
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_and_read_body, call_service, init_service};
use actix_web::web::{self, Data, Json, Path, ReqData};
use actix_web::{App, HttpMessage, HttpResponse, delete, post, put};
use lodger_actix::testing::{Route, capture, routes};
use lodger_actix::{Actor, AuditMiddleware, ToActor, assert_audited, assert_not_audited, audited, testing};
use serde_json::json;

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

#[audited("invoice.update", fields(amount = body.amount))]
#[put("/invoices/{id}")]
async fn update(
    user: Option<ReqData<User>>,
    id: Path<u64>,
    body: Json<Change>,
) -> actix_web::Result<HttpResponse> {
    if *id == 0 { Err(actix_web::error::ErrorNotFound("none")) } else { Ok(HttpResponse::Ok().finish()) }
}

#[audited("report.send", actor = Actor::system("mailer"), target(report = id))]
async fn send_report(id: u64) {}

#[audited("note.write")]
async fn note() -> HttpResponse {
    HttpResponse::Ok().finish()
}

macro_rules! app {
    ($audit:expr) => {
        init_service(App::new().wrap(AuditMiddleware::new($audit.lodger())).service(update).wrap_fn(
            |request, next| {
                request.extensions_mut().insert(User("ada"));
                next.call(request)
            },
        ))
        .await
    };
}

fn change(id: u64, amount: u32) -> TestRequest {
    let request = TestRequest::put().uri(&format!("/invoices/{id}")).insert_header(("x-request-id", "req-1"));
    request.set_json(json!({"amount": amount}))
}

#[actix_web::test]
async fn a_request_leaves_what_can_be_asserted() {
    let audit = capture().strict();
    let response = call_service(&app!(audit), change(7, 2900).to_request()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_audited!(
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
    assert_not_audited!(audit, "invoice.delete");
}

#[tokio::test]
async fn it_also_works_in_a_plain_tokio_test() {
    let audit = capture();
    call_service(&app!(audit), change(7, 1).to_request()).await;
    assert_audited!(audit, "invoice.update", actor = "ada", status = 200);
}

#[actix_web::test]
async fn a_function_called_outside_the_application_is_captured() {
    let audit = capture();
    send_report(7).await;
    assert_audited!(audit, "report.send", actor = Actor::system("mailer"), target = ("report", 7));
}

#[actix_web::test]
async fn spawned_work_is_waited_for() {
    let audit = capture();
    let handler = |id: Path<u64>| async move {
        lodger_actix::spawn(async move {
            tokio::task::yield_now().await;
            send_report(*id).await;
        });
        HttpResponse::Accepted().finish()
    };
    let app =
        App::new().wrap(AuditMiddleware::new(audit.lodger())).route("/reports/{id}", web::post().to(handler));
    call_service(&init_service(app).await, TestRequest::post().uri("/reports/7").to_request()).await;
    assert_eq!(audit.wait_for("report.send").await.target.id, "7");
}

#[test]
fn parallel_tests_do_not_see_each_other() {
    let test = |number: u64| {
        actix_web::rt::System::new().block_on(async {
            let audit = capture();
            let app = app!(audit);
            for round in 0..20 {
                send_report(number).await;
                call_service(&app, change(number, round).to_request()).await;
            }
            assert_audited!(audit, "report.send", target = ("report", number), times = 20);
            assert_audited!(audit, "invoice.update", target = ("invoice", number), times = 20);
            assert_eq!(audit.events().len(), 40);
        });
    };
    std::thread::scope(|threads| (1..=8).for_each(|number| _ = threads.spawn(move || test(number))));
}

#[actix_web::test]
async fn strict_names_the_gap_at_the_end_of_the_test() {
    let audit = capture().strict();
    let app = App::new().wrap(AuditMiddleware::new(audit.lodger())).route("/notes", web::post().to(note));
    call_service(&init_service(app).await, TestRequest::post().uri("/notes").to_request()).await;
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(audit))).unwrap_err();
    let text = panicked.downcast_ref::<String>().unwrap();
    assert!(
        text.starts_with("strict: 1 of 1 audit events say less than they should\n\n1. note.write: "),
        "{text}"
    );
    assert!(text.contains("\n   unresolved actor: ") && text.contains("\n   unresolved target: "), "{text}");
    assert!(!text.contains("missing scope"), "{text}");
}

mod covering {
    use actix_web::introspection::IntrospectionTree;

    use super::*;

    #[audited("member.remove")]
    #[delete("/members/{id}")]
    async fn cover_remove() -> HttpResponse {
        HttpResponse::NoContent().finish()
    }

    #[audited("order.create")]
    #[post("/orders")]
    async fn cover_create() -> HttpResponse {
        HttpResponse::Created().finish()
    }

    #[put("/orders")]
    async fn cover_replace() -> HttpResponse {
        HttpResponse::Ok().finish()
    }

    async fn report(tree: Data<IntrospectionTree>) -> String {
        tree.report_as_json()
    }

    fn services(config: &mut web::ServiceConfig) {
        config
            .service(web::scope("/api").service(cover_remove).service(cover_create).service(cover_replace))
            .service(web::resource("/login").route(web::post().to(HttpResponse::Ok)))
            .service(web::resource("/hooks").to(HttpResponse::Ok));
    }

    async fn known() -> Vec<Route> {
        let app = init_service(App::new().configure(services).route("/routes", web::get().to(report))).await;
        let report = call_and_read_body(&app, TestRequest::get().uri("/routes").to_request()).await;
        routes(std::str::from_utf8(&report).unwrap())
    }

    #[actix_web::test]
    async fn the_routes_are_those_of_actixs_own_report() {
        let mut known = known().await;
        known.sort_by_key(ToString::to_string);
        assert_eq!(
            known,
            [
                Route::new("*", "/hooks"),
                Route::new("DELETE", "/api/members/{id}").handled_by("cover_remove"),
                Route::new("GET", "/routes"),
                Route::new("POST", "/api/orders"),
                Route::new("POST", "/login"),
                Route::new("PUT", "/api/orders"),
            ]
        );
    }

    #[actix_web::test]
    async fn every_changing_route_is_covered_or_exempted() {
        let audit = capture();
        let middleware = AuditMiddleware::new(audit.lodger()).rule("PUT /api/orders", "order.replace");
        let app = init_service(App::new().wrap(middleware.clone()).configure(services)).await;
        call_service(&app, TestRequest::post().uri("/api/orders").to_request()).await;
        testing::coverage(known().await)
            .layer(&middleware)
            .seen(&audit)
            .exempt("POST /login", "the session store keeps its own log")
            .exempt("* /hooks", "it only forwards")
            .assert();

        let text = std::panic::catch_unwind(|| {
            let routes = [Route::new("PUT", "/api/orders"), Route::new("POST", "/api/orders")];
            testing::coverage(routes).assert();
        });
        let text = text.unwrap_err().downcast_ref::<String>().unwrap().clone();
        assert!(
            text.starts_with("2 of 2 changing routes leave no audit event:\n\nPUT /api/orders\n"),
            "{text}"
        );
    }
}

#[test]
fn the_catalog_names_the_function_below_the_route_attribute() {
    let catalog = testing::catalog();
    let site = catalog.as_array().unwrap().iter().find(|site| site["action"] == "member.remove").unwrap();
    assert_eq!(
        (&site["module"], &site["function"]),
        (&json!("testing_actix::covering"), &json!("cover_remove"))
    );
}
