//! With `fail_closed` a change whose event could not be kept is not made, in both frameworks.
#![allow(missing_docs, clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use lodger_core::Lodger;
use lodger_core::event::Event;
use lodger_tests::full::{full_client, stalled_client};

/// Each of these clients makes changes until so many in a row were turned away.
const CLIENTS: usize = 16;
const TURNED_AWAY: u32 = 20;

/// Events that no request holds a place for, until the journal takes no more of them; answers how many are on disk.
async fn others(lodger: Lodger) -> u64 {
    let mut recorded = 0;
    loop {
        match lodger.record(Event::builder("report.export").build().unwrap()).await {
            Ok(_) => recorded += 1,
            Err(error) => {
                assert!(matches!(error.kind(), "intake_full" | "journal_full"), "{error}");
                return recorded;
            }
        }
    }
}

/// Up to the last byte of the journal: every change that was made and answered has its event on disk.
fn check(lodger: &Lodger, answered: u64, turned_away: u64, others: u64) {
    let stats = lodger.stats();
    let counts = stats.counts;
    assert!(answered > 100 && turned_away >= CLIENTS as u64 * u64::from(TURNED_AWAY), "{counts:?}");
    assert_eq!(counts.guarantee_missed, 0);
    assert_eq!(counts.failed_closed, turned_away);
    assert_eq!(stats.destinations.first().unwrap().routed, answered + others);
}

mod on_axum {
    use axum::Extension;
    use axum::Router;
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::get;
    use lodger_axum::AuditLayer;
    use tokio::sync::{Notify, Semaphore};
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

    #[lodger_axum::audited("order.place", detach)]
    async fn place(Extension(running): Extension<Arc<Semaphore>>, Extension(go): Extension<Arc<Notify>>) {
        running.add_permits(1);
        go.notified().await;
    }

    #[tokio::test]
    async fn a_body_that_outlives_its_request_keeps_the_room_that_was_held() {
        let dir = tempfile::tempdir().unwrap();
        let lodger = stalled_client(dir.path());
        let (running, go) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
        let app: Router = Router::new()
            .route("/orders", axum::routing::post(place))
            .layer(AuditLayer::new(lodger.clone()).fail_closed())
            .layer(Extension(Arc::clone(&running)))
            .layer(Extension(Arc::clone(&go)));
        let request = tokio::spawn(app.oneshot(Request::post("/orders").body(Body::empty()).unwrap()));
        running.acquire().await.unwrap().forget();
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());

        let others = others(lodger.clone()).await;
        go.notify_one();
        let recorded = || lodger.stats().destinations[0].routed - others;
        while recorded() == 0 {
            assert_eq!(lodger.stats().counts.last_resort, 0);
            tokio::task::yield_now().await;
        }
        assert_eq!(recorded(), 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn whatever_was_let_in_has_its_event_while_the_journal_fills_up() {
        let dir = tempfile::tempdir().unwrap();
        let lodger = stalled_client(dir.path());
        let app: Router = Router::new()
            .route("/", axum::routing::post(|| async { "done" }))
            .layer(AuditLayer::new(lodger.clone()).rule("POST /", "invoice.update").fail_closed());
        let background = tokio::spawn(others(lodger.clone()));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let app = app.clone();
                tokio::spawn(async move {
                    let (mut answered, mut turned_away, mut in_a_row) = (0, 0, 0);
                    while in_a_row < TURNED_AWAY {
                        let post = Request::post("/").body(Body::empty()).unwrap();
                        match app.clone().oneshot(post).await.unwrap().status().as_u16() {
                            200 => (answered, in_a_row) = (answered + 1, 0),
                            503 => (turned_away, in_a_row) = (turned_away + 1, in_a_row + 1),
                            other => panic!("{other}"),
                        }
                        tokio::task::yield_now().await;
                    }
                    (answered, turned_away)
                })
            })
            .collect();
        let (mut answered, mut turned_away) = (0, 0);
        for client in clients {
            let (more, away) = client.await.unwrap();
            (answered, turned_away) = (answered + more, turned_away + away);
        }
        check(&lodger, answered, turned_away, background.await.unwrap());
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

    #[actix_web::test]
    async fn whatever_was_let_in_has_its_event_while_the_journal_fills_up() {
        let dir = tempfile::tempdir().unwrap();
        let lodger = stalled_client(dir.path());
        let audit = AuditMiddleware::new(lodger.clone()).rule("POST /", "invoice.update").fail_closed();
        let app = App::new().wrap(audit).route("/", web::post().to(|| async { "done" }));
        let app = init_service(app).await;
        let background = actix_web::rt::spawn(others(lodger.clone()));
        let clients = (0..CLIENTS).map(|_| async {
            let (mut answered, mut turned_away, mut in_a_row) = (0, 0, 0);
            while in_a_row < TURNED_AWAY {
                match try_call_service(&app, TestRequest::post().uri("/").to_request()).await {
                    Ok(response) => {
                        assert_eq!(response.status(), 200);
                        (answered, in_a_row) = (answered + 1, 0);
                    }
                    Err(error) => {
                        assert_eq!(error.error_response().status(), 503);
                        (turned_away, in_a_row) = (turned_away + 1, in_a_row + 1);
                    }
                }
                tokio::task::yield_now().await;
            }
            (answered, turned_away)
        });
        let (mut answered, mut turned_away) = (0, 0);
        for (more, away) in futures_util::future::join_all(clients).await {
            (answered, turned_away) = (answered + more, turned_away + away);
        }
        check(&lodger, answered, turned_away, background.await.unwrap());
    }
}
