//! The layer around whatever is a service of `http` requests, and inside of whatever takes a layer.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::convert::Infallible;
use std::fmt::Debug;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::post;
use http_body_util::combinators::{BoxBody, UnsyncBoxBody};
use http_body_util::{Empty, Full};
use hyper::body::Bytes;
use lodger_axum::{
    Admit, AuditLayer, AuditService, FailClosed, Guarantee, Lodger, MemoryDestination, audited,
};
use lodger_tests::full::full_client;
use tower::steer::Steer;
use tower::util::{BoxCloneService, BoxCloneSyncService, Either, option_layer};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_http::trace::TraceLayer;
use tower_layer::Layer;

#[audited("invoice.create", target(invoice = 7))]
async fn create() -> Result<(), Infallible> {
    Ok(())
}

/// The innermost service, with any body.
fn inner<B: Send + 'static, R: Default + Send + 'static>()
-> BoxCloneSyncService<Request<B>, Response<R>, Infallible> {
    BoxCloneSyncService::new(service_fn(|request: Request<B>| async move {
        drop(request);
        create().await?;
        Ok(Response::new(R::default()))
    }))
}

fn router() -> Router {
    Router::new().route("/invoices", post(|| async { create().await.unwrap() }))
}

/// A layer and where its events go.
fn layer() -> (AuditLayer, MemoryDestination) {
    let memory = MemoryDestination::new();
    let lodger = Lodger::builder().destination(memory.clone()).in_memory_journal().build().unwrap();
    (AuditLayer::new(lodger).guarantee(Guarantee::Delivered), memory)
}

/// One request leaves one event.
async fn leaves_one_event<S, B, R>(memory: MemoryDestination, service: S)
where
    S: Service<Request<B>, Response = Response<R>, Error: Debug>,
    B: Default,
{
    let request = Request::post("/invoices").body(B::default()).unwrap();
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let events = memory.events();
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!((events[0].action.as_ref(), events[0].target.id.as_str()), ("invoice.create", "7"));
}

#[tokio::test]
async fn any_body_goes_through() {
    async fn with<B: Default + Send + 'static, R: Default + Send + 'static>() {
        let (layer, memory) = layer();
        leaves_one_event(memory, layer.layer(inner::<B, R>())).await;
    }
    with::<(), ()>().await;
    with::<String, String>().await;
    with::<Empty<Bytes>, Full<Bytes>>().await;
    with::<Full<Bytes>, BoxBody<Bytes, std::io::Error>>().await;
    with::<Body, UnsyncBoxBody<Bytes, axum::Error>>().await;
    with::<tonic::body::Body, tonic::body::Body>().await;
}

#[tokio::test]
async fn a_stack_may_have_the_layer_outside_of_one_that_changes_the_body() {
    let (layer, memory) = layer();
    let stack = ServiceBuilder::new().layer(layer).layer(TraceLayer::new_for_http());
    leaves_one_event(memory, stack.service(inner::<Body, Body>())).await;
}

#[tokio::test]
async fn a_router_takes_such_a_stack() {
    let (layer, memory) = layer();
    let stack = ServiceBuilder::new().layer(layer).layer(TraceLayer::new_for_http());
    leaves_one_event::<_, Body, _>(memory, router().layer(stack)).await;
}

#[tokio::test]
async fn a_stack_may_have_the_layer_inside() {
    let (layer, memory) = layer();
    let stack = ServiceBuilder::new().layer(TraceLayer::new_for_http()).layer(layer.fail_closed());
    leaves_one_event::<_, Body, _>(memory, router().layer(stack)).await;
}

#[tokio::test]
async fn an_optional_layer_leaves_the_body_as_it_is() {
    let (layer, memory) = layer();
    let service: Either<_, _> = option_layer(Some(layer)).layer(inner::<Body, Body>());
    leaves_one_event(memory, service).await;
}

/// It compiles, so it can be served.
#[tokio::test]
async fn a_whole_router_can_stand_inside_and_still_be_served_by_axum() {
    let (layer, memory) = layer();
    let service = layer.layer(router());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let make = axum::ServiceExt::<Request>::into_make_service(service.clone());
    drop(axum::serve(listener, make));
    leaves_one_event::<_, Body, _>(memory, service).await;
}

#[tokio::test]
async fn boxed_and_steered_services_can_stand_inside() {
    let (layer_, memory) = layer();
    leaves_one_event(memory, layer_.layer(BoxCloneService::new(inner::<Body, Body>()))).await;
    let (layer_, memory) = layer();
    let steer = Steer::new([inner::<Body, Body>(), inner()], |_: &Request, _: &[_]| 1);
    leaves_one_event(memory, layer_.layer(steer)).await;
}

#[tokio::test]
async fn services_with_a_layer_can_be_boxed_and_steered() {
    let (layer_, memory) = layer();
    leaves_one_event(memory, BoxCloneService::new(layer_.layer(inner::<Body, Body>()))).await;
    let (layer_, memory) = layer();
    let steer =
        Steer::new([layer_.layer(inner::<Body, Body>()), layer_.layer(inner())], |_: &Request, _: &[_]| 1);
    leaves_one_event(memory, steer).await;
}

#[tokio::test]
async fn with_fail_closed_the_answer_has_an_empty_body_of_the_same_type() {
    async fn turned_away<R: Default + Send + 'static>()
    where
        FailClosed: Admit<R>,
    {
        let dir = tempfile::tempdir().unwrap();
        let layer = AuditLayer::new(full_client(dir.path()).await).fail_closed();
        let service: AuditService<_, FailClosed> = layer.layer(inner::<(), R>());
        let response = service.oneshot(Request::post("/invoices").body(()).unwrap()).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (503, &"1".parse().unwrap())
        );
    }
    turned_away::<BoxBody<Bytes, std::io::Error>>().await;
    turned_away::<tonic::body::Body>().await;
}
