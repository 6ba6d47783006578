//! What stands around the handlers besides the audit layer.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use lodger_axum::{SetActor, set_actor};

use crate::parity::{Authentication, CurrentUser, Pause, World};

pub(super) async fn authenticate_outside(
    State(world): State<World>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Ok(user) = authenticate(&request) {
        match world.setup.authentication {
            Authentication::Outside => request.set_actor(&user),
            Authentication::OutsideExtension => {
                request.extensions_mut().insert(user);
            }
            Authentication::Nowhere | Authentication::Inside => {}
        }
    }
    next.run(request).await
}

pub(super) async fn authenticate_inside(
    State(world): State<World>,
    request: Request,
    next: Next,
) -> Response {
    if world.setup.authentication == Authentication::Inside {
        match authenticate(&request) {
            Ok(user) => assert!(set_actor(&user), "the audit layer has opened no scope"),
            Err(refusal) if request.headers().contains_key("x-auth") => return refusal.into_response(),
            Err(_) => {}
        }
    }
    next.run(request).await
}

pub(super) async fn pause(State(world): State<World>, request: Request, next: Next) -> Response {
    match world.setup.pause {
        Pause::Never => next.run(request).await,
        Pause::Before => {
            world.gates.pass("before").await;
            next.run(request).await
        }
        Pause::After => {
            let response = next.run(request).await;
            world.gates.pass("after").await;
            response
        }
        Pause::Timeout => tokio::select! {
            response = next.run(request) => response,
            () = world.gates.pass("timeout") => StatusCode::REQUEST_TIMEOUT.into_response(),
        },
    }
}

fn authenticate(request: &Request) -> Result<CurrentUser, crate::parity::ApiError> {
    CurrentUser::authenticate(request.headers().get("x-auth").and_then(|value| value.to_str().ok()))
}
