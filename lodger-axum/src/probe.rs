//! What axum's wrappers add to the probing of [`lodger_core::rt::probe`]: an actor or a target in `Extension`, a
//! target in `Path` and in a returned `Json`. `Json`, `Form` and `Query` as arguments are what a client sent, and are
//! deliberately unknown here; so is `Path` when it is about the actor.

use axum::Extension;
use axum::Json;
use axum::extract::Path;
use lodger_core::event::{Actor, Target, ToActor, ToTarget};

pub use lodger_core::rt::probe::*;

/// The traits whose methods generated code calls.
pub mod prelude {
    pub use lodger_core::rt::probe::prelude::*;

    pub use super::{ActorInExtractor as _, TargetInExtractor as _};
}

/// Second: the argument's extractor holds an actor.
pub trait ActorInExtractor {
    /// The actor.
    fn lodger_actor(&self) -> Option<Actor>;
}

impl<T: ToActor> ActorInExtractor for &Arg<'_, Extension<T>, Extension<T>> {
    fn lodger_actor(&self) -> Option<Actor> {
        Some(self.value.0.to_actor())
    }
}

impl<T: ToActor> ActorInExtractor for &Arg<'_, Extension<T>, T> {
    fn lodger_actor(&self) -> Option<Actor> {
        Some(self.value.to_actor())
    }
}

impl<T: ToActor> ActorInExtractor for &Arg<'_, Option<Extension<T>>, Option<Extension<T>>> {
    fn lodger_actor(&self) -> Option<Actor> {
        self.value.as_ref().map(|Extension(user)| user.to_actor())
    }
}

/// Second: the argument's extractor, or the body of the response, holds a target.
pub trait TargetInExtractor {
    /// The target.
    fn lodger_target(&self) -> Option<Target>;
}

impl<T: ToTarget> TargetInExtractor for &Arg<'_, Extension<T>, Extension<T>> {
    fn lodger_target(&self) -> Option<Target> {
        Some(self.value.0.to_target())
    }
}

impl<T: ToTarget> TargetInExtractor for &Arg<'_, Extension<T>, T> {
    fn lodger_target(&self) -> Option<Target> {
        Some(self.value.to_target())
    }
}

impl<T: ToTarget> TargetInExtractor for &Arg<'_, Option<Extension<T>>, Option<Extension<T>>> {
    fn lodger_target(&self) -> Option<Target> {
        self.value.as_ref().map(|Extension(thing)| thing.to_target())
    }
}

impl<T: ToTarget> TargetInExtractor for &Arg<'_, Path<T>, Path<T>> {
    fn lodger_target(&self) -> Option<Target> {
        Some(self.value.0.to_target())
    }
}

impl<T: ToTarget> TargetInExtractor for &Arg<'_, Path<T>, T> {
    fn lodger_target(&self) -> Option<Target> {
        Some(self.value.to_target())
    }
}

impl<T: ToTarget> TargetInExtractor for &Value<'_, Json<T>> {
    fn lodger_target(&self) -> Option<Target> {
        Some(self.value.0.to_target())
    }
}

impl<A, T: ToTarget> TargetInExtractor for &Value<'_, (A, Json<T>)> {
    fn lodger_target(&self) -> Option<Target> {
        Some(self.value.1.to_target())
    }
}

impl<A, B, T: ToTarget> TargetInExtractor for &Value<'_, (A, B, Json<T>)> {
    fn lodger_target(&self) -> Option<Target> {
        Some(self.value.2.to_target())
    }
}

#[cfg(test)]
#[expect(
    clippy::needless_borrow,
    reason = "written as generated code writes it: how many references there are is the point"
)]
mod tests {
    use axum::extract::{Form, Query};

    use super::prelude::*;
    use super::*;

    struct User;

    impl ToActor for User {
        fn to_actor(&self) -> Actor {
            Actor::user("ada")
        }
    }

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

    #[test]
    fn authentication_names_the_actor() {
        let Extension(user) = Extension(User);
        assert_eq!((&&&Arg::<Extension<User>, _>::inside(&user)).lodger_actor(), ada());
        assert_eq!((&&&Arg::whole(&user)).lodger_actor(), ada());
        assert_eq!((&&&Arg::whole(&Some(User))).lodger_actor(), ada());
        assert_eq!((&&&Arg::whole(&Extension(User))).lodger_actor(), ada());
        assert_eq!((&&&Arg::whole(&Some(Extension(User)))).lodger_actor(), ada());
        assert_eq!((&&&Arg::whole(&None::<Extension<User>>)).lodger_actor(), None);
        assert_eq!((&&&Arg::whole(&Extension(std::sync::Arc::new(User)))).lodger_actor(), ada());
    }

    #[test]
    fn a_client_never_names_the_actor() {
        type Body = Json<User>;
        use axum::Json as Renamed;
        let body: Body = Json(User);
        assert_eq!((&&&Arg::whole(&body)).lodger_actor(), None);
        assert_eq!((&&&Arg::<Body, _>::inside(&body.0)).lodger_actor(), None);
        assert_eq!((&&&Arg::<Renamed<User>, _>::inside(&User)).lodger_actor(), None);
        assert_eq!((&&&Arg::whole(&Some(Json(User)))).lodger_actor(), None);
        assert_eq!((&&&Arg::whole(&Extension(Json(User)))).lodger_actor(), None);
        assert_eq!((&&&Arg::whole(&Form(User))).lodger_actor(), None);
        assert_eq!((&&&Arg::whole(&Query(User))).lodger_actor(), None);
        assert_eq!((&&&Arg::whole(&Path(User))).lodger_actor(), None);
        assert_eq!((&&&Arg::<Path<User>, _>::inside(&User)).lodger_actor(), None);
    }

    #[test]
    fn a_path_and_an_extension_name_the_target_and_a_body_does_not() {
        assert_eq!((&&&Arg::whole(&Path(Invoice))).lodger_target(), invoice());
        assert_eq!((&&&Arg::<Path<Invoice>, _>::inside(&Invoice)).lodger_target(), invoice());
        assert_eq!((&&&Arg::whole(&Extension(Invoice))).lodger_target(), invoice());
        assert_eq!((&&&Arg::<Extension<Invoice>, _>::inside(&Invoice)).lodger_target(), invoice());
        assert_eq!((&&&Arg::whole(&Some(Extension(Invoice)))).lodger_target(), invoice());
        assert_eq!((&&&Arg::whole(&Json(Invoice))).lodger_target(), None);
        assert_eq!((&&&Arg::whole(&Path(7))).lodger_target(), None);
    }

    #[test]
    fn the_body_of_the_response_names_the_target() {
        assert_eq!((&&&Value::new(&Json(Invoice))).lodger_target(), invoice());
        assert_eq!((&&&Value::new(&(201, Json(Invoice)))).lodger_target(), invoice());
        assert_eq!((&&&Value::new(&(201, [("a", "b")], Json(Invoice)))).lodger_target(), invoice());
        assert_eq!((&&&Value::new(&(201, Invoice))).lodger_target(), invoice());
        assert_eq!((&&&Value::new(&(201, Json("text")))).lodger_target(), None);
    }
}
