//! The actor and the target in an argument, and the target in the returned value.

use super::{Arg, Value};
use crate::event::{Actor, Target, ToActor, ToTarget};

/// First: the argument itself is an actor.
pub trait ActorItself {
    /// The actor.
    fn lodger_actor(&self) -> Option<Actor>;
}

impl<T: ToActor> ActorItself for &&Arg<'_, T, T> {
    fn lodger_actor(&self) -> Option<Actor> {
        Some(self.value.to_actor())
    }
}

/// Second: the argument holds an actor.
pub trait ActorInWrapper {
    /// The actor.
    fn lodger_actor(&self) -> Option<Actor>;
}

impl<T: ToActor> ActorInWrapper for &Arg<'_, Option<T>, Option<T>> {
    fn lodger_actor(&self) -> Option<Actor> {
        self.value.as_ref().map(ToActor::to_actor)
    }
}

impl<T: ToActor> ActorInWrapper for &Arg<'_, &mut T, &mut T> {
    fn lodger_actor(&self) -> Option<Actor> {
        Some(self.value.to_actor())
    }
}

/// Last: the argument says nothing about the actor.
pub trait NoActor {
    /// Nobody.
    fn lodger_actor(&self) -> Option<Actor>;
}

impl<D, V> NoActor for Arg<'_, D, V> {
    fn lodger_actor(&self) -> Option<Actor> {
        None
    }
}

/// First: the value itself is a target.
pub trait TargetItself {
    /// The target.
    fn lodger_target(&self) -> Option<Target>;
}

impl<T: ToTarget> TargetItself for &&Arg<'_, T, T> {
    fn lodger_target(&self) -> Option<Target> {
        Some(self.value.to_target())
    }
}

impl<T: ToTarget + ?Sized> TargetItself for &&Value<'_, T> {
    fn lodger_target(&self) -> Option<Target> {
        Some(self.value.to_target())
    }
}

/// Second: the value holds a target. In a returned tuple it is the last member, which is the body of a response.
pub trait TargetInWrapper {
    /// The target.
    fn lodger_target(&self) -> Option<Target>;
}

impl<T: ToTarget> TargetInWrapper for &Arg<'_, Option<T>, Option<T>> {
    fn lodger_target(&self) -> Option<Target> {
        self.value.as_ref().map(ToTarget::to_target)
    }
}

impl<T: ToTarget> TargetInWrapper for &Arg<'_, &mut T, &mut T> {
    fn lodger_target(&self) -> Option<Target> {
        Some(self.value.to_target())
    }
}

impl<T: ToTarget> TargetInWrapper for &Value<'_, Option<T>> {
    fn lodger_target(&self) -> Option<Target> {
        self.value.as_ref().map(ToTarget::to_target)
    }
}

impl<A, T: ToTarget> TargetInWrapper for &Value<'_, (A, T)> {
    fn lodger_target(&self) -> Option<Target> {
        Some(self.value.1.to_target())
    }
}

impl<A, B, T: ToTarget> TargetInWrapper for &Value<'_, (A, B, T)> {
    fn lodger_target(&self) -> Option<Target> {
        Some(self.value.2.to_target())
    }
}

/// Last: the value says nothing about the target.
pub trait NoTarget {
    /// Nothing.
    fn lodger_target(&self) -> Option<Target>;
}

impl<D, V> NoTarget for Arg<'_, D, V> {
    fn lodger_target(&self) -> Option<Target> {
        None
    }
}

impl<T: ?Sized> NoTarget for Value<'_, T> {
    fn lodger_target(&self) -> Option<Target> {
        None
    }
}
