//! What stands around the handlers besides the audit layer.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use lodger_axum::{SetActor, set_actor};

use crate::parity::{ApiError, Authentication, CurrentUser, Pause, World};

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

/// Makes another answer of the handler's: `x-turn: 500` another status, `x-turn-err: 500` an error.
pub(super) async fn turn(request: Request, next: Next) -> Result<Response, ApiError> {
    let (status, error) = (wanted(&request, "x-turn"), wanted(&request, "x-turn-err"));
    let mut response = next.run(request).await;
    if let Some(status) = status {
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
    }
    error.map_or(Ok(response), |status| Err(ApiError(status)))
}

fn wanted(request: &Request, name: &str) -> Option<u16> {
    request.headers().get(name).and_then(|value| value.to_str().ok()?.parse().ok())
}

fn authenticate(request: &Request) -> Result<CurrentUser, ApiError> {
    CurrentUser::authenticate(request.headers().get("x-auth").and_then(|value| value.to_str().ok()))
}
