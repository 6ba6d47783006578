//! Corners of the layers that the parity table's service doesn't have, in both frameworks.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use lodger_core::capture::{Audit, Guarantee, Unaudited};
use lodger_core::event::{Actor, Event, Outcome};
use lodger_core::{Lodger, MemoryDestination};

fn client() -> (Lodger, MemoryDestination) {
    let memory = MemoryDestination::new();
    (Lodger::builder().destination(memory.clone()).in_memory_journal().build().unwrap(), memory)
}

/// An un-annotated handler that says that something happened, whatever the response will be.
fn further() {
    Audit::current().unwrap().record("login.failed").actor(Actor::anonymous());
}

fn assert_login_failed(events: &[Event], status: u16) {
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0].action, "login.failed");
    assert_eq!(events[0].request.as_ref().unwrap().status, Some(status));
}

/// An un-annotated handler of a search that is a POST.
fn nothing_changed() {
    Audit::current().unwrap().discard();
}

async fn assert_no_alarm(lodger: &Lodger, memory: &MemoryDestination) {
    lodger.flush(std::time::Duration::from_secs(60)).await.unwrap();
    let counts = lodger.stats().counts;
    assert_eq!((counts.unaudited, counts.discarded, memory.events().len()), (0, 1, 0));
}

mod on_axum {
    use std::convert::Infallible;

    use axum::Router;
    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::StatusCode;
    use axum::middleware::{Next, from_fn};
    use axum::response::{IntoResponse, Response};
    use axum::routing::{delete, post};
    use lodger_axum::{AuditLayer, SetActor, audited};
    use tower::ServiceExt;

    use super::*;

    fn layer(lodger: &Lodger) -> AuditLayer {
        AuditLayer::new(lodger.clone()).guarantee(Guarantee::Queued)
    }

    async fn send(app: Router, method: &str, path: &str) -> Response {
        app.oneshot(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn what_the_application_records_is_not_filtered_by_the_status() {
        for status in [303, 401, 403, 500] {
            let (lodger, memory) = client();
            let handler = move || async move {
                further();
                StatusCode::from_u16(status).unwrap()
            };
            send(Router::new().route("/login", post(handler)).layer(layer(&lodger)), "POST", "/login").await;
            assert_login_failed(&memory.wait_for(1).await, status);
        }
    }

    #[tokio::test]
    async fn a_change_that_was_none_raises_no_alarm() {
        let (lodger, memory) = client();
        let app = Router::new().route("/search", post(async || nothing_changed()));
        let layer = layer(&lodger).unaudited(Unaudited::Record);
        send(app.layer(layer), "POST", "/search").await;
        assert_no_alarm(&lodger, &memory).await;
    }

    #[audited("thing.do")]
    async fn thing() {}

    #[tokio::test]
    async fn the_last_word_about_the_actor_counts_also_between_two_layers() {
        let (lodger, memory) = client();
        let says = |name: &'static str| {
            from_fn(move |mut request: Request, next: Next| async move {
                request.set_actor(&Actor::user(name));
                next.run(request).await
            })
        };
        let app = Router::new()
            .route("/thing", post(thing))
            .layer(layer(&lodger))
            .layer(says("ada"))
            .layer(layer(&lodger))
            .layer(says("gateway"));
        send(app, "POST", "/thing").await;
        let events = memory.wait_for(1).await;
        assert_eq!((events.len(), events[0].actor.id.as_str()), (1, "ada"));
    }

    #[audited("token.verify", on(denied))]
    async fn verify() {}

    #[tokio::test]
    async fn an_annotated_function_below_leaves_the_rule_its_say() {
        let (lodger, memory) = client();
        let handler = || async { verify().await };
        let app = Router::new()
            .route("/members/{id}", delete(handler))
            .layer(layer(&lodger).rule("DELETE /members/{id}", "member.removed"));
        send(app, "DELETE", "/members/7").await;
        let events = memory.wait_for(1).await;
        assert_eq!(
            (events.len(), events[0].action.as_ref(), events[0].target.id.as_str()),
            (1, "member.removed", "7")
        );
    }

    #[tokio::test]
    async fn the_id_that_stands_on_the_response_stands_in_the_event() {
        let (lodger, memory) = client();
        let handler = || async {
            verify().await;
            thing().await;
            ([("x-request-id", "theirs-1")], "done").into_response()
        };
        let response =
            send(Router::new().route("/thing", post(handler)).layer(layer(&lodger)), "POST", "/thing").await;
        assert_eq!(response.headers()["x-request-id"], "theirs-1");
        let events = memory.wait_for(1).await;
        assert_eq!(events[0].request.as_ref().unwrap().id.as_deref(), Some("theirs-1"));
    }

    #[tokio::test]
    async fn an_unaudited_change_that_redirects_is_recorded_as_one() {
        let (lodger, memory) = client();
        let app = Router::new()
            .route("/form", post(|| async { StatusCode::SEE_OTHER }))
            .layer(layer(&lodger).unaudited(lodger_axum::Unaudited::Record));
        send(app, "POST", "/form").await;
        let events = memory.wait_for(1).await;
        assert_eq!((events[0].action.as_ref(), events[0].outcome), ("request.unaudited", Outcome::Success));
    }

    #[audited("thing.try", on(success))]
    async fn fails() -> Result<(), StatusCode> {
        Err(StatusCode::BAD_REQUEST)
    }

    #[tokio::test]
    async fn a_function_that_ran_was_not_rejected_before_it() {
        let (lodger, memory) = client();
        let app = Router::new().route("/thing", post(fails)).layer(layer(&lodger).on_always());
        send(app, "POST", "/thing").await;
        lodger.shutdown(std::time::Duration::from_secs(10)).await;
        assert_eq!(memory.events(), []);
    }

    /// A timeout inside of the layer: the function is done, what comes out is an error.
    #[tokio::test]
    async fn an_inner_error_contradicts_a_function_that_is_ok() {
        let (lodger, memory) = client();
        let inner = tower::service_fn(|_: Request| async {
            thing_ok().await.unwrap();
            Err::<Response, _>("too slow")
        });
        let service = tower_layer::Layer::layer(&layer(&lodger), inner);
        let failed = service.oneshot(Request::post("/thing").body(Body::empty()).unwrap()).await;
        assert_eq!(failed.unwrap_err(), "too slow");
        let events = memory.wait_for(1).await;
        assert_eq!(
            (events[0].outcome, events[0].reason.as_deref()),
            (Outcome::Failure, Some("function ok, no response"))
        );
    }

    #[audited("thing.do")]
    async fn thing_ok() -> Result<(), Infallible> {
        Ok(())
    }
}

mod on_actix {
    use actix_web::body::MessageBody;
    use actix_web::dev::{ServiceRequest, ServiceResponse};
    use actix_web::http::StatusCode;
    use actix_web::middleware::{Next, NormalizePath, from_fn};
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, Error, HttpResponse, web};
    use lodger_actix::{AuditMiddleware, SetActor, audited};

    use super::*;

    fn middleware(lodger: &Lodger) -> AuditMiddleware {
        AuditMiddleware::new(lodger.clone()).guarantee(Guarantee::Queued)
    }

    #[actix_web::test]
    async fn what_the_application_records_is_not_filtered_by_the_status() {
        for status in [303, 401, 403, 500] {
            let (lodger, memory) = client();
            let handler = move || async move {
                further();
                HttpResponse::build(StatusCode::from_u16(status).unwrap()).finish()
            };
            let app = App::new().wrap(middleware(&lodger)).route("/login", web::post().to(handler));
            call_service(&init_service(app).await, TestRequest::post().uri("/login").to_request()).await;
            assert_login_failed(&memory.wait_for(1).await, status);
        }
    }

    #[actix_web::test]
    async fn a_change_that_was_none_raises_no_alarm() {
        let (lodger, memory) = client();
        let handler = || async {
            nothing_changed();
            "found"
        };
        let middleware = middleware(&lodger).unaudited(Unaudited::Record);
        let app = App::new().wrap(middleware).route("/search", web::post().to(handler));
        call_service(&init_service(app).await, TestRequest::post().uri("/search").to_request()).await;
        assert_no_alarm(&lodger, &memory).await;
    }

    #[audited("thing.do")]
    async fn thing() -> HttpResponse {
        HttpResponse::Ok().finish()
    }

    async fn says(
        name: &'static str,
        request: ServiceRequest,
        next: Next<impl MessageBody>,
    ) -> Result<ServiceResponse<impl MessageBody>, Error> {
        request.set_actor(&Actor::user(name));
        next.call(request).await
    }

    #[actix_web::test]
    async fn the_last_word_about_the_actor_counts_also_between_two_middlewares() {
        let (lodger, memory) = client();
        let app = App::new()
            .route("/thing", web::post().to(thing))
            .wrap(middleware(&lodger))
            .wrap(from_fn(|request, next| says("ada", request, next)))
            .wrap(middleware(&lodger))
            .wrap(from_fn(|request, next| says("gateway", request, next)));
        call_service(&init_service(app).await, TestRequest::post().uri("/thing").to_request()).await;
        let events = memory.wait_for(1).await;
        assert_eq!((events.len(), events[0].actor.id.as_str()), (1, "ada"));
    }

    #[audited("token.verify", on(denied))]
    async fn verify() {}

    #[actix_web::test]
    async fn an_annotated_function_below_leaves_the_rule_its_say() {
        let (lodger, memory) = client();
        let handler = || async {
            verify().await;
            HttpResponse::Ok().finish()
        };
        let app = App::new()
            .wrap(middleware(&lodger).rule("DELETE /members/{id}", "member.removed"))
            .route("/members/{id}", web::delete().to(handler));
        call_service(&init_service(app).await, TestRequest::delete().uri("/members/7").to_request()).await;
        let events = memory.wait_for(1).await;
        assert_eq!(
            (events.len(), events[0].action.as_ref(), events[0].target.id.as_str()),
            (1, "member.removed", "7")
        );
    }

    #[actix_web::test]
    async fn the_id_that_stands_on_the_response_stands_in_the_event() {
        let (lodger, memory) = client();
        let handler = || async {
            thing().await;
            HttpResponse::Ok().insert_header(("x-request-id", "theirs-1")).finish()
        };
        let app = App::new().wrap(middleware(&lodger)).route("/thing", web::post().to(handler));
        let response =
            call_service(&init_service(app).await, TestRequest::post().uri("/thing").to_request()).await;
        assert_eq!(response.headers().get("x-request-id").unwrap(), "theirs-1");
        let events = memory.wait_for(1).await;
        assert_eq!(events[0].request.as_ref().unwrap().id.as_deref(), Some("theirs-1"));
    }

    #[audited("invoice.delete")]
    async fn remove(_id: web::Path<u64>) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }

    /// A middleware inside of ours corrects the path: what was routed counts, for the route, the target and the rules.
    #[actix_web::test]
    async fn a_path_that_is_normalised_inside_names_its_route_and_target() {
        let (lodger, memory) = client();
        let app = App::new()
            .route("/invoices/{id}", web::delete().to(remove))
            .route("/members/{id}", web::delete().to(HttpResponse::NoContent))
            .wrap(NormalizePath::trim())
            .wrap(middleware(&lodger).rule("DELETE /members/{id}", "member.removed"));
        let app = init_service(app).await;
        for path in ["/invoices//7/", "/members/8/"] {
            call_service(&app, TestRequest::delete().uri(path).to_request()).await;
        }
        lodger.shutdown(std::time::Duration::from_secs(10)).await;
        let events = memory.events();
        let targets: Vec<_> = events.iter().map(|event| (&*event.target.kind, &*event.target.id)).collect();
        assert_eq!(targets, [("invoice", "7"), ("member", "8")]);
        assert_eq!(events[0].request.as_ref().unwrap().route.as_deref(), Some("/invoices/{id}"));
    }

    #[audited("member.remove")]
    async fn remove_member(_path: web::Path<(String, String)>) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }

    /// actix reports the first pattern, whichever matched. In `/teams/red/7` it would be the colour that was removed.
    #[actix_web::test]
    async fn a_pattern_whose_expression_does_not_match_is_no_route() {
        let (lodger, memory) = client();
        let patterns = [r"/teams/{member_id:\d+}/{team}", "/teams/{team:[a-z]+}/{member_id}"];
        let resource = web::resource(patterns).route(web::delete().to(remove_member));
        let app = init_service(App::new().service(resource).wrap(middleware(&lodger))).await;
        for path in ["/teams/7/red", "/teams/red/7"] {
            call_service(&app, TestRequest::delete().uri(path).to_request()).await;
        }
        let events = memory.wait_for(2).await;
        let routes: Vec<_> =
            events.iter().map(|event| event.request.as_ref().unwrap().route.as_deref()).collect();
        assert_eq!(routes, [Some("/teams/{member_id}/{team}"), None]);
        assert_eq!(events[0].target.id, "7");
        assert!(events[1].target.is_unresolved(), "{:?}", events[1].target);
    }

    #[audited("member.remove")]
    async fn remove_number(id: web::Path<u64>) -> String {
        format!("removed {id}")
    }

    /// actix decodes what it has decoded: the handler removes 7, where the path says `%37`.
    #[actix_web::test]
    async fn a_parameter_with_a_stray_percent_sign_is_no_target() {
        let (lodger, memory) = client();
        let app = App::new().route("/members/{id}", web::delete().to(remove_number));
        let app = init_service(app.wrap(middleware(&lodger))).await;
        for path in ["/members/%%337", "/members/%37"] {
            call_service(&app, TestRequest::delete().uri(path).to_request()).await;
        }
        let events = memory.wait_for(2).await;
        assert!(events[0].target.is_unresolved(), "{:?}", events[0].target);
        assert_eq!(events[1].target.id, "7");
    }
}
