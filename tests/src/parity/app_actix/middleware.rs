//! What stands around the handlers besides the audit layer.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorRequestTimeout;
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};
use lodger_actix::{SetActor, set_actor};

use crate::parity::{ApiError, Authentication, CurrentUser, Pause, World};

pub(super) async fn authenticate_outside(
    world: Data<World>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Ok(user) = authenticate(&request) {
        match world.setup.authentication {
            Authentication::Outside => request.set_actor(&user),
            Authentication::OutsideExtension => {
                request.extensions_mut().insert(user);
            }
            Authentication::Nowhere | Authentication::Inside => {}
        }
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

pub(super) async fn authenticate_inside(
    world: Data<World>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if world.setup.authentication == Authentication::Inside {
        match authenticate(&request) {
            Ok(user) => assert!(set_actor(&user), "the audit layer has opened no scope"),
            Err(refusal) if request.headers().contains_key("x-auth") => return Err(refusal.into()),
            Err(_) => {}
        }
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

pub(super) async fn pause(
    world: Data<World>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = match world.setup.pause {
        Pause::Never => next.call(request).await?,
        Pause::Before => {
            world.gates.pass("before").await;
            next.call(request).await?
        }
        Pause::After => {
            let response = next.call(request).await?;
            world.gates.pass("after").await;
            response
        }
        Pause::Timeout => tokio::select! {
            response = next.call(request) => response?,
            () = world.gates.pass("timeout") => return Err(ErrorRequestTimeout("too slow")),
        },
    };
    Ok(response.map_into_boxed_body())
}

/// Makes another answer of the handler's: `x-turn: 500` another status, `x-turn-err: 500` an error.
pub(super) async fn turn(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let (status, error) = (wanted(&request, "x-turn"), wanted(&request, "x-turn-err"));
    let mut response = next.call(request).await?.map_into_boxed_body();
    if let Some(status) = status {
        *response.response_mut().status_mut() = StatusCode::from_u16(status).unwrap();
    }
    error.map_or(Ok(response), |status| Err(ApiError(status).into()))
}

fn wanted(request: &ServiceRequest, name: &str) -> Option<u16> {
    request.headers().get(name).and_then(|value| value.to_str().ok()?.parse().ok())
}

fn authenticate(request: &ServiceRequest) -> Result<CurrentUser, ApiError> {
    CurrentUser::authenticate(request.headers().get("x-auth").and_then(|value| value.to_str().ok()))
}
