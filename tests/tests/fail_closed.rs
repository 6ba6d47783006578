//! With `fail_closed` a change whose event could not be kept is not made, in both frameworks.
#![allow(missing_docs, clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use lodger_tests::full::full_client;

mod on_axum {
    use axum::Router;
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::get;
    use lodger_axum::AuditLayer;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_change_is_turned_away_and_a_read_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let lodger = full_client(dir.path()).await;
        let ran = Arc::new(AtomicU32::new(0));
        let handler = || {
            let ran = Arc::clone(&ran);
            move || async move { ran.fetch_add(1, Ordering::SeqCst).to_string() }
        };
        let app: Router = Router::new()
            .route("/", get(handler()).post(handler()))
            .layer(AuditLayer::new(lodger.clone()).fail_closed());

        let post = Request::post("/").header("x-request-id", "r-1").body(Body::empty()).unwrap();
        let response = app.clone().oneshot(post).await.unwrap();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "1");
        assert_eq!(response.headers()["x-request-id"], "r-1");
        assert_eq!(ran.load(Ordering::SeqCst), 0);

        let response = app.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!((response.status().as_u16(), ran.load(Ordering::SeqCst)), (200, 1));
        assert_eq!(lodger.stats().counts.failed_closed, 1);
    }
}

mod on_actix {
    use actix_web::test::{TestRequest, call_service, init_service, try_call_service};
    use actix_web::{App, web};
    use lodger_actix::AuditMiddleware;

    use super::*;

    #[actix_web::test]
    async fn a_change_is_turned_away_and_a_read_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let lodger = full_client(dir.path()).await;
        let ran = Arc::new(AtomicU32::new(0));
        let handler = || {
            let ran = Arc::clone(&ran);
            move || {
                let ran = Arc::clone(&ran);
                async move { ran.fetch_add(1, Ordering::SeqCst).to_string() }
            }
        };
        let app = App::new()
            .wrap(AuditMiddleware::new(lodger.clone()).fail_closed())
            .route("/", web::get().to(handler()))
            .route("/", web::post().to(handler()));
        let app = init_service(app).await;

        let post = TestRequest::post().uri("/").insert_header(("x-request-id", "r-1")).to_request();
        let response = try_call_service(&app, post).await.unwrap_err().error_response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers().get("retry-after").unwrap(), "1");
        assert_eq!(response.headers().get("x-request-id").unwrap(), "r-1");
        assert_eq!(ran.load(Ordering::SeqCst), 0);

        let response = call_service(&app, TestRequest::get().uri("/").to_request()).await;
        assert_eq!((response.status().as_u16(), ran.load(Ordering::SeqCst)), (200, 1));
        assert_eq!(lodger.stats().counts.failed_closed, 1);
    }
}
