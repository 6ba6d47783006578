//! What actix's wrappers add to the probing of [`lodger_core::rt::probe`]: an actor or a target in `ReqData`, a target
//! in `Path` and in a returned `Json`. `Json`, `Form` and `Query` as arguments are what a client sent, and are
//! deliberately unknown here; so is `Path` when it is about the actor.

use actix_web::http::StatusCode;
use actix_web::web::{Json, Path, ReqData};
use lodger_core::event::{Actor, Target, ToActor, ToTarget};

pub use lodger_core::rt::probe::*;

/// The traits whose methods generated code calls.
pub mod prelude {
    pub use lodger_core::rt::probe::prelude::*;

    pub use super::{ActorInExtractor as _, TargetBeforeStatus as _, TargetInExtractor as _};
}

/// Second: the argument's extractor holds an actor.
pub trait ActorInExtractor {
    /// The actor.
    fn lodger_actor(&self) -> Option<Actor>;
}

impl<T: ToActor + Clone + 'static> ActorInExtractor for &Arg<'_, ReqData<T>, ReqData<T>> {
    fn lodger_actor(&self) -> Option<Actor> {
        Some((**self.value).to_actor())
    }
}

impl<T: ToActor + Clone + 'static> ActorInExtractor for &Arg<'_, Option<ReqData<T>>, Option<ReqData<T>>> {
    fn lodger_actor(&self) -> Option<Actor> {
        self.value.as_ref().map(|user| (**user).to_actor())
    }
}

/// Second: the argument's extractor, or the body of the response, holds a target.
pub trait TargetInExtractor {
    /// The target.
    fn lodger_target(&self) -> Option<Target>;
}

impl<T: ToTarget + Clone + 'static> TargetInExtractor for &Arg<'_, ReqData<T>, ReqData<T>> {
    fn lodger_target(&self) -> Option<Target> {
        Some((**self.value).to_target())
    }
}

impl<T: ToTarget + Clone + 'static> TargetInExtractor for &Arg<'_, Option<ReqData<T>>, Option<ReqData<T>>> {
    fn lodger_target(&self) -> Option<Target> {
        self.value.as_ref().map(|thing| (**thing).to_target())
    }
}

impl<T: ToTarget> TargetInExtractor for &Arg<'_, Path<T>, Path<T>> {
    fn lodger_target(&self) -> Option<Target> {
        Some((**self.value).to_target())
    }
}

impl<T: ToTarget> TargetInExtractor for &Value<'_, Json<T>> {
    fn lodger_target(&self) -> Option<Target> {
        Some(self.value.0.to_target())
    }
}

/// In actix the body stands first in a returned tuple.
impl<T: ToTarget> TargetInExtractor for &Value<'_, (Json<T>, StatusCode)> {
    fn lodger_target(&self) -> Option<Target> {
        Some(self.value.0.0.to_target())
    }
}

impl<A, T: ToTarget> TargetInExtractor for &Value<'_, (A, Json<T>)> {
    fn lodger_target(&self) -> Option<Target> {
        Some(self.value.1.0.to_target())
    }
}

impl<A, B, T: ToTarget> TargetInExtractor for &Value<'_, (A, B, Json<T>)> {
    fn lodger_target(&self) -> Option<Target> {
        Some(self.value.2.0.to_target())
    }
}

/// Second: the body, which answers for itself, stands before the status.
pub trait TargetBeforeStatus {
    /// The target.
    fn lodger_target(&self) -> Option<Target>;
}

impl<T: ToTarget> TargetBeforeStatus for &Value<'_, (T, StatusCode)> {
    fn lodger_target(&self) -> Option<Target> {
        Some(self.value.0.to_target())
    }
}

#[cfg(test)]
#[expect(
    clippy::needless_borrow,
    reason = "written as generated code writes it: how many references there are is the point"
)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use actix_web::test::TestRequest;
    use actix_web::web::{Form, Query};
    use actix_web::{FromRequest as _, HttpMessage as _, HttpResponse};
    use lodger_core::rt::Verdict;

    use super::prelude::*;
    use super::*;

    #[derive(Clone)]
    struct User;

    impl ToActor for User {
        fn to_actor(&self) -> Actor {
            Actor::user("ada")
        }
    }

    #[derive(Clone)]
    struct Invoice;

    impl ToTarget for Invoice {
        fn to_target(&self) -> Target {
            Target::new("invoice", 7)
        }
    }

    fn ada() -> Option<Actor> {
        Some(Actor::user("ada"))
    }

    fn invoice() -> Option<Target> {
        Some(Target::new("invoice", 7))
    }

    fn req_data<T: Clone + 'static>(value: T) -> ReqData<T> {
        let request = TestRequest::default().to_http_request();
        request.extensions_mut().insert(value);
        let extracted = pin!(ReqData::extract(&request));
        match extracted.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(data) => data.unwrap(),
            Poll::Pending => unreachable!("the data is there"),
        }
    }

    #[test]
    fn authentication_names_the_actor() {
        assert_eq!((&&&Arg::whole(&User)).lodger_actor(), ada());
        assert_eq!((&&&Arg::whole(&Some(User))).lodger_actor(), ada());
        assert_eq!((&&&Arg::whole(&req_data(User))).lodger_actor(), ada());
        assert_eq!((&&&Arg::whole(&Some(req_data(User)))).lodger_actor(), ada());
        assert_eq!((&&&Arg::whole(&None::<ReqData<User>>)).lodger_actor(), None);
    }

    #[test]
    fn a_client_never_names_the_actor() {
        type Body = Json<User>;
        let body: Body = Json(User);
        assert_eq!((&&&Arg::whole(&body)).lodger_actor(), None);
        assert_eq!((&&&Arg::<Body, _>::inside(&body.0)).lodger_actor(), None);
        assert_eq!((&&&Arg::whole(&Some(Json(User)))).lodger_actor(), None);
        assert_eq!((&&&Arg::whole(&Form(User))).lodger_actor(), None);
        assert_eq!((&&&Arg::whole(&Query(User))).lodger_actor(), None);
        assert_eq!((&&&Arg::whole(&Path::from(User))).lodger_actor(), None);
    }

    #[test]
    fn a_path_and_request_data_name_the_target_and_a_body_does_not() {
        assert_eq!((&&&Arg::whole(&Path::from(Invoice))).lodger_target(), invoice());
        assert_eq!((&&&Arg::whole(&req_data(Invoice))).lodger_target(), invoice());
        assert_eq!((&&&Arg::whole(&Some(req_data(Invoice)))).lodger_target(), invoice());
        assert_eq!((&&&Arg::whole(&Json(Invoice))).lodger_target(), None);
        assert_eq!((&&&Arg::whole(&Path::from(7))).lodger_target(), None);
    }

    #[test]
    fn the_body_of_the_response_names_the_target() {
        assert_eq!((&&&Value::new(&Json(Invoice))).lodger_target(), invoice());
        assert_eq!((&&&Value::new(&(Json(Invoice), StatusCode::CREATED))).lodger_target(), invoice());
        assert_eq!((&&&Value::new(&(Invoice, StatusCode::CREATED))).lodger_target(), invoice());
        assert_eq!((&&&Value::new(&(201, Json(Invoice)))).lodger_target(), invoice());
        assert_eq!((&&&Value::new(&(201, "x", Json(Invoice)))).lodger_target(), invoice());
        assert_eq!((&&&Value::new(&(Json("text"), StatusCode::CREATED))).lodger_target(), None);
    }

    #[test]
    fn a_response_has_no_verdict_of_its_own() {
        assert_eq!((&&Ret::new(&HttpResponse::Ok().finish())).lodger_verdict(), Verdict::None);
        let refused: Result<HttpResponse, actix_web::Error> = Err(actix_web::error::ErrorForbidden("no"));
        assert_eq!((&&Ret::new(&refused)).lodger_verdict(), Verdict::Err);
    }
}
