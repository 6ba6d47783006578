//! What stands around the handlers besides the audit layer.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorRequestTimeout;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};
use lodger_actix::{SetActor, set_actor};

use crate::parity::{Authentication, CurrentUser, Pause, World};

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

fn authenticate(request: &ServiceRequest) -> Result<CurrentUser, crate::parity::ApiError> {
    CurrentUser::authenticate(request.headers().get("x-auth").and_then(|value| value.to_str().ok()))
}
