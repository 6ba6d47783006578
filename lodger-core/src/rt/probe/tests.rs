use super::prelude::*;
use super::{Arg, Given, Ret, Value};
use crate::event::{Actor, Target, ToActor, ToTarget};
use crate::rt::Verdict;

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

/// What a client sent, like `Json` of a framework.
struct Body<T>(T);

#[test]
fn an_argument_that_is_an_actor_names_it() {
    let mut user = User;
    assert_eq!((&&&Arg::whole(&user)).lodger_actor(), Some(Actor::user("ada")));
    assert_eq!((&&&Arg::whole(&&user)).lodger_actor(), Some(Actor::user("ada")));
    assert_eq!((&&&Arg::whole(&std::sync::Arc::new(User))).lodger_actor(), Some(Actor::user("ada")));
    assert_eq!((&&&Arg::whole(&Some(User))).lodger_actor(), Some(Actor::user("ada")));
    assert_eq!((&&&Arg::whole(&None::<User>)).lodger_actor(), None);
    let exclusive = &mut user;
    assert_eq!((&&&Arg::whole(&exclusive)).lodger_actor(), Some(Actor::user("ada")));
}

#[test]
fn an_argument_that_a_client_sent_never_names_the_actor() {
    type Alias = Body<User>;
    let body: Alias = Body(User);
    assert_eq!((&&&Arg::whole(&body)).lodger_actor(), None);
    assert_eq!((&&&Arg::whole(&Some(Body(User)))).lodger_actor(), None);
    // `Body(user): Body<User>` leaves a `User`, but it is the declared type that counts.
    assert_eq!((&&&Arg::<Body<User>, _>::inside(&body.0)).lodger_actor(), None);
}

#[test]
fn an_argument_that_is_a_target_names_it() {
    let mut invoice = Invoice;
    assert_eq!((&&&Arg::whole(&invoice)).lodger_target(), Some(Target::new("invoice", 7)));
    assert_eq!((&&&Arg::whole(&Some(Invoice))).lodger_target(), Some(Target::new("invoice", 7)));
    assert_eq!((&&&Arg::whole(&Body(Invoice))).lodger_target(), None);
    let exclusive = &mut invoice;
    assert_eq!((&&&Arg::whole(&exclusive)).lodger_target(), Some(Target::new("invoice", 7)));
    assert_eq!((&&&Arg::whole(&7)).lodger_target(), None);
}

#[test]
fn the_returned_value_names_the_target_also_last_in_a_tuple() {
    assert_eq!((&&&Value::new(&Invoice)).lodger_target(), Some(Target::new("invoice", 7)));
    assert_eq!((&&&Value::new(&Some(Invoice))).lodger_target(), Some(Target::new("invoice", 7)));
    assert_eq!((&&&Value::new(&(201, Invoice))).lodger_target(), Some(Target::new("invoice", 7)));
    assert_eq!(
        (&&&Value::new(&(201, [("a", "b")], Invoice))).lodger_target(),
        Some(Target::new("invoice", 7))
    );
    assert_eq!((&&&Value::new(&(Invoice, 201))).lodger_target(), None);
    assert_eq!((&&&Value::new("text")).lodger_target(), None);
}

#[test]
fn a_bound_of_a_generic_function_is_seen_and_its_absence_is_nothing() {
    fn bound<T: ToActor>(value: T) -> Option<Actor> {
        (&&&Arg::whole(&value)).lodger_actor()
    }
    fn unbound<T>(value: T) -> Option<Actor> {
        (&&&Arg::whole(&value)).lodger_actor()
    }
    assert_eq!(bound(User), Some(Actor::user("ada")));
    assert_eq!(unbound(User), None);
}

#[test]
fn a_result_is_seen_through_an_alias_and_a_reference() {
    type Answer<T> = std::io::Result<T>;
    let ok: Answer<u8> = Ok(1);
    let err: Answer<u8> = Err(std::io::Error::other("no"));
    assert_eq!((&&Ret::new(&ok)).lodger_verdict(), Verdict::Ok);
    assert_eq!((&&Ret::new(&err)).lodger_verdict(), Verdict::Err);
    assert_eq!((&&Ret::new(&&err)).lodger_verdict(), Verdict::Err);
    assert_eq!((&&Ret::new(&&mut Err::<(), ()>(()))).lodger_verdict(), Verdict::Err);
}

#[test]
fn what_is_no_result_gives_no_verdict() {
    assert_eq!((&&Ret::new(&())).lodger_verdict(), Verdict::None);
    assert_eq!((&&Ret::new(&Some(1))).lodger_verdict(), Verdict::None);
    assert_eq!((&&Ret::new(&None::<u8>)).lodger_verdict(), Verdict::None);
    assert_eq!((&&Ret::new(&"Result")).lodger_verdict(), Verdict::None);
}

#[test]
fn a_result_that_the_types_hide_is_never_a_success() {
    fn generic<R>(returned: R) -> Verdict {
        (&&Ret::new(&returned)).lodger_verdict()
    }
    assert_eq!(generic(Err::<(), ()>(())), Verdict::Hidden);
    assert_eq!(generic(Ok::<(), ()>(())), Verdict::Hidden);
    assert_eq!(generic(&Err::<(), ()>(())), Verdict::Hidden);
    assert_eq!(generic(Some(Box::new(Err::<(), ()>(())))), Verdict::Hidden);
    assert_eq!(generic(Ok::<Result<(), ()>, ()>(Err(()))), Verdict::Hidden);
    assert_eq!((&&Ret::new(&Ok::<Result<(), ()>, ()>(Err(())))).lodger_verdict(), Verdict::Hidden);
    assert_eq!(generic(7), Verdict::None);
}

#[test]
fn a_result_among_others_is_never_a_success() {
    fn of<R>(returned: R) -> Verdict {
        (&&Ret::new(&returned)).lodger_verdict()
    }
    let err = || Err::<(), String>(String::new());
    assert_eq!((&&Ret::new(&(err(), 1_u8))).lodger_verdict(), Verdict::Hidden);
    assert_eq!(of((1_u8, err())), Verdict::Hidden);
    assert_eq!(of(((1_u8, Some(err())), 'x')), Verdict::Hidden);
    assert_eq!(of((of::<u8> as fn(u8) -> Verdict, [(1_u8, 2_u8)], err())), Verdict::Hidden);
    assert_eq!(of(vec![err()]), Verdict::Hidden);
    assert_eq!(of([err()]), Verdict::Hidden);
    assert_eq!(of(&[err()][..]), Verdict::Hidden);
    assert_eq!(of(std::sync::Arc::new(err())), Verdict::Hidden);
    assert_eq!(of(std::rc::Rc::new((err(),))), Verdict::Hidden);
    assert_eq!(of(Ok::<_, ()>(vec![err()])), Verdict::Hidden);
    assert_eq!(of((1_u8, vec![2_u8])), Verdict::None);
    assert_eq!(of((std::collections::HashMap::<u8, u8>::new(), [0_u8; 2])), Verdict::None);
    assert_eq!(of(Vec::<(u8, String)>::new()), Verdict::None);
    assert_eq!((&&Ret::new(&Ok::<(u8, Vec<u8>), ()>((1, Vec::new())))).lodger_verdict(), Verdict::Ok);
}

#[test]
fn the_ok_value_is_what_is_in_ok_or_everything() {
    assert_eq!((&&Ret::new(&Ok::<u8, ()>(7))).lodger_ok(), Some(&7));
    assert_eq!((&&Ret::new(&Err::<u8, ()>(()))).lodger_ok(), None);
    assert_eq!((&&Ret::new(&Some(7))).lodger_ok(), Some(&Some(7)));
}

#[test]
fn a_bare_target_is_a_target_or_an_id_of_what_the_action_is_about() {
    assert_eq!((&&&Given::new(&Invoice, "order.pay")).lodger_given(), Target::new("invoice", 7));
    assert_eq!((&&&Given::new("7", "invoice.update")).lodger_given(), Target::new("invoice", 7));
    assert_eq!((&&&Given::new(&9, "organization.member.removed")).lodger_given(), Target::new("member", 9));
    // Nobody knows what sort of thing 9 is.
    assert_eq!((&&&Given::new(&9, "login")).lodger_given(), Target::unresolved("login"));
}

#[test]
fn a_constant_action_is_held_to_the_rules_of_a_literal() {
    let accepted =
        |action: &'static str| std::panic::catch_unwind(|| crate::rt::checked_action(action)).is_ok();
    // The same table as the attribute's own, in lodger-macros/src/args/action.rs.
    for action in ["login", "invoice.update", "organization.member.removed", "a-b_c.2"] {
        assert!(accepted(action), "{action}");
    }
    for action in ["", ".", "a.", ".a", "a..b", "Invoice", "in voice", "ä"] {
        assert!(!accepted(action), "{action}");
    }
}
