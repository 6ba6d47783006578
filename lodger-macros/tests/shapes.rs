//! Functions of every shape keep their meaning, and say what happened in the poll in which it happened.
#![allow(missing_docs, clippy::unwrap_used, clippy::too_many_arguments, clippy::drop_non_drop)]

mod host;

use std::borrow::Cow;
use std::fmt::Display;
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use host::{block_on, said};
use lodger_core::event::{Actor, Target, ToActor, ToTarget};
use lodger_macros::audited_core as audited;

#[derive(Clone)]
struct User(&'static str);

impl ToActor for User {
    fn to_actor(&self) -> Actor {
        Actor::user(self.0)
    }
}

#[derive(Debug, PartialEq)]
struct Invoice(u32);

impl ToTarget for Invoice {
    fn to_target(&self) -> Target {
        Target::new("invoice", self.0)
    }
}

/// What was said after the beginning.
fn told() -> Vec<String> {
    said()
        .into_iter()
        .filter_map(|said| said.split_once(": ").map(|(_, what)| what.to_owned()))
        .skip(1)
        .collect()
}

// Bodies that leave early.

#[audited("a.question", crate = crate::host)]
async fn question(text: &str) -> Result<u32, std::num::ParseIntError> {
    let number: u32 = text.parse()?;
    Ok(number)
}

#[audited("a.early", crate = crate::host)]
fn early(leave: bool) -> Result<u32, String> {
    if leave {
        return Err("left".into());
    }
    Ok(1)
}

#[test]
fn a_question_mark_and_a_return_leave_the_body_and_not_the_record() {
    assert_eq!(block_on(question("7")), Ok(7));
    assert_eq!(told(), ["Ok"]);
    assert!(block_on(question("x")).is_err());
    assert_eq!(told(), ["Err"]);
    assert_eq!(early(true), Err("left".to_owned()));
    assert_eq!(told(), ["Err"]);
    assert_eq!(early(false), Ok(1));
    assert_eq!(told(), ["Ok"]);
}

#[audited("a.boxed", crate = crate::host)]
async fn boxed_error(how: u8) -> Result<Box<dyn Display + Send>, Box<dyn std::error::Error + Send + Sync>> {
    if how == 0 {
        return Err("no".into());
    }
    if how == 1 {
        return Ok(Box::new(1));
    }
    Ok(Box::new("two"))
}

#[audited("a.coerced", crate = crate::host)]
async fn coerced(first: bool) -> Box<dyn Display> {
    if first {
        return Box::new(1);
    }
    Box::new("two")
}

#[audited("a.coerced", crate = crate::host)]
fn coerced_sync(first: bool) -> Box<dyn Display> {
    if first {
        return Box::new(1);
    }
    Box::new("two")
}

#[test]
fn returned_values_become_what_the_signature_says() {
    assert_eq!(block_on(boxed_error(1)).unwrap().to_string(), "1");
    assert_eq!(block_on(boxed_error(2)).unwrap().to_string(), "two");
    assert!(block_on(boxed_error(0)).is_err());
    assert_eq!(block_on(coerced(true)).to_string() + &coerced_sync(false).to_string(), "1two");
    assert_eq!(coerced_sync(true).to_string(), "1");
}

#[audited("a.diverges", crate = crate::host)]
async fn diverges() -> Result<(), String> {
    panic!("out of order")
}

#[audited("a.diverges", crate = crate::host)]
fn diverges_sync() -> u8 {
    panic!("out of order")
}

#[test]
fn a_panic_is_said_to_be_one() {
    assert!(std::panic::catch_unwind(|| block_on(diverges())).is_err());
    assert_eq!(told(), ["panicked"]);
    assert!(std::panic::catch_unwind(diverges_sync).is_err());
    assert_eq!(told(), ["panicked"]);
}

// When it is said.

async fn pause() {
    let mut paused = false;
    std::future::poll_fn(
        |_| if std::mem::replace(&mut paused, true) { Poll::Ready(()) } else { Poll::Pending },
    )
    .await;
}

#[audited("a.slow", crate = crate::host)]
async fn slow() -> Result<(), ()> {
    pause().await;
    Ok(())
}

#[test]
fn a_future_that_is_never_polled_says_nothing_and_one_that_is_dropped_says_so() {
    drop(slow());
    assert!(said().is_empty());
    {
        let mut future = pin!(slow());
        assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(said(), ["a.slow: begin"]);
    }
    assert_eq!(said(), ["a.slow: cancelled"]);
}

#[test]
fn the_end_is_said_in_the_poll_in_which_the_body_returned() {
    let mut future = pin!(slow());
    let mut context = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_pending());
    assert!(future.as_mut().poll(&mut context).is_ready());
    assert_eq!(told(), ["Ok"]);
}

// Functions that return a future.

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
type Answer<T> = Result<T, String>;

#[audited("a.boxed", target(a = id), fields(id, d = ?user.0), crate = crate::host)]
fn boxed<'a>(user: &'a User, id: u32) -> BoxFuture<'a, Answer<usize>> {
    let name = user.0;
    Box::pin(async move {
        pause().await;
        if id == 0 { Err("zero".to_owned()) } else { Ok(name.len()) }
    })
}

#[audited("a.pinned", crate = crate::host)]
fn pinned(user: &User) -> Pin<Box<dyn Future<Output = Answer<usize>> + Send + '_>> {
    Box::pin(async move { Ok(user.0.len()) })
}

#[audited("a.opaque", crate = crate::host)]
fn opaque(
    user: User,
    #[cfg(any())] missing: u8,
) -> impl Future<Output = Answer<impl Display>> + Send + 'static {
    async move { Ok(user.0) }
}

#[test]
fn a_returned_future_is_awaited_and_never_taken_for_a_success() {
    let future = boxed(&User("ada"), 0);
    assert!(said().is_empty(), "nothing has happened yet");
    assert!(block_on(future).is_err());
    assert_eq!(told(), ["target a 0", "id = 0", "d = %\"ada\"", "argument actor ada", "Err"]);
    drop(boxed(&User("ada"), 1));
    assert!(said().is_empty());
    assert_eq!(block_on(pinned(&User("ada"))), Ok(3));
    assert_eq!(told(), ["argument actor ada", "Ok"]);
    assert_eq!(block_on(opaque(User("bob"))).map(|shown| shown.to_string()), Ok("bob".to_owned()));
    assert_eq!(told(), ["argument actor bob", "Ok"]);
}

#[test]
fn a_returned_future_begins_when_it_is_first_polled_and_says_so_when_it_is_dropped() {
    let user = User("ada");
    let mut future = boxed(&user, 1);
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(said().first().map(String::as_str), Some("a.boxed: begin"));
    drop(future);
    assert_eq!(said(), ["a.boxed: cancelled"]);
}

/// What `async_trait` makes of an `async fn` in a trait.
trait Service {
    fn rename<'life0, 'async_trait>(&'life0 self, to: String) -> BoxFuture<'async_trait, Answer<String>>
    where
        'life0: 'async_trait,
        Self: 'async_trait;
}

struct Renamer {
    prefix: String,
}

impl Service for Renamer {
    #[audited("a.rename", fields(to), crate = crate::host)]
    fn rename<'life0, 'async_trait>(
        &'life0 self,
        to: String,
    ) -> Pin<Box<dyn Future<Output = Answer<String>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            if let Some(ret) = None::<Answer<String>> {
                #[allow(unreachable_code)]
                return ret;
            }
            let __self = self;
            let to = to;
            let ret: Answer<String> = { Ok(format!("{}{to}", __self.prefix)) };
            #[allow(unreachable_code)]
            ret
        })
    }
}

#[test]
fn an_expanded_async_trait_method_is_awaited() {
    let renamer = Renamer { prefix: "x-".to_owned() };
    assert_eq!(block_on(renamer.rename("y".to_owned())), Ok("x-y".to_owned()));
    assert_eq!(told(), ["to = \"y\"", "Ok"]);
}

// Methods, references, generics.

struct Ledger<T> {
    entries: Vec<T>,
    name: String,
}

trait Book<T> {
    async fn add(&mut self, entry: T) -> Answer<usize>;
    fn last(&mut self) -> Option<&mut T>;
    #[audited("a.count", crate = crate::host)]
    fn count(&self) -> Answer<usize> {
        Err("not counted".to_owned())
    }
}

impl<T: Display> Book<T> for Ledger<T> {
    #[audited("a.add", target = self.name, fields(entry = %entry), crate = crate::host)]
    async fn add(&mut self, entry: T) -> Answer<usize> {
        self.entries.push(entry);
        Ok(self.entries.len())
    }

    #[audited("a.last", crate = crate::host)]
    fn last(&mut self) -> Option<&mut T> {
        self.entries.last_mut()
    }
}

impl<T> Ledger<T> {
    const LIMIT: usize = 2;

    #[audited("a.name", fields(limit = Self::LIMIT), crate = crate::host)]
    fn name_mut(&mut self) -> &mut String {
        &mut self.name
    }

    #[audited("a.entry", crate = crate::host)]
    fn entry<'a>(&'a self, index: &usize) -> Result<&'a T, Cow<'a, str>>
    where
        T: Send,
    {
        self.entries.get(*index).ok_or(Cow::Borrowed(&self.name))
    }

    #[audited("a.into", crate = crate::host)]
    async fn into_entries(mut self) -> Vec<T> {
        self.entries.truncate(Self::LIMIT);
        self.entries
    }

    #[audited("a.shared", crate = crate::host)]
    fn shared(self: &Arc<Self>) -> Arc<Self> {
        self.clone()
    }
}

#[test]
fn methods_work_with_every_receiver_and_may_return_what_they_borrow() {
    let mut ledger = Ledger { entries: vec![], name: "main".to_owned() };
    assert_eq!(block_on(ledger.add(5)), Ok(1));
    assert_eq!(told(), ["target a main", "entry = %5", "Ok"]);
    *ledger.last().unwrap() = 6;
    assert_eq!(told(), ["None"]);
    ledger.name_mut().push('!');
    assert_eq!(told(), ["limit = 2", "None"]);
    assert_eq!(ledger.entry(&0), Ok(&6));
    assert_eq!(told(), ["Ok"]);
    assert!(ledger.entry(&9).is_err());
    assert_eq!(told(), ["Err"]);
    assert!(ledger.count().is_err());
    assert_eq!(told(), ["Err"]);
    let ledger = Arc::new(ledger);
    drop(ledger.shared());
    assert_eq!(told(), ["None"]);
    let ledger = Arc::into_inner(ledger).unwrap();
    assert_eq!(block_on(ledger.into_entries()), [6]);
    assert_eq!(told(), ["None"]);
}

#[audited("a.generic", fields(items), crate = crate::host)]
async fn generic<'a, T, E, const N: usize>(items: &'a [T; N], error: E) -> Result<&'a T, E>
where
    T: serde::Serialize,
    [T; N]: serde::Serialize,
    E: Display,
{
    items.first().ok_or(error)
}

#[audited("a.impl", actor = user, target(a = id), crate = crate::host)]
fn with_impl(
    user: impl ToActor,
    id: impl Display,
    more: impl Fn() -> u8,
) -> Result<impl Display, impl std::fmt::Debug> {
    if more() > 0 { Ok(id.to_string()) } else { Err(1) }
}

#[audited("a.impl", crate = crate::host)]
async fn asked_impl(user: impl ToActor + 'static) -> impl Display {
    drop(user);
    "shown"
}

#[test]
fn generics_and_impl_trait_keep_their_types() {
    assert_eq!(block_on(generic(&[1, 2], "none")), Ok(&1));
    assert_eq!(told(), ["items = [1,2]", "Ok"]);
    assert!(with_impl(User("ada"), 7, || 0).is_err());
    assert_eq!(told(), ["actor ada", "target a 7", "Err"]);
    assert_eq!(block_on(asked_impl(User("ada"))).to_string(), "shown");
    assert_eq!(told(), ["argument actor ada", "None"]);
}

struct Marker;
struct Extension<T>(T);

#[audited("a.patterns", fields(a, c, x = point.0), crate = crate::host)]
async fn patterns(
    (a, _): (u32, u32),
    [_, c]: [u32; 2],
    _: String,
    mut list: Vec<u32>,
    point @ (_, _): (u32, u32),
    PhantomData: PhantomData<String>,
    Marker: Marker,
    Extension(user): Extension<User>,
    &Invoice(number): &Invoice,
    r#type: User,
) -> Vec<u32> {
    list.extend([a, c, number, point.1]);
    drop((user, r#type));
    list
}

#[test]
fn patterns_in_arguments_are_left_as_they_are() {
    let list = block_on(patterns(
        (1, 0),
        [0, 2],
        String::new(),
        vec![0],
        (8, 9),
        PhantomData,
        Marker,
        // Not a framework's `Extension`: nothing is known of it.
        Extension(User("eve")),
        &Invoice(3),
        User("ada"),
    ));
    assert_eq!(list, [0, 1, 2, 3, 9]);
    assert_eq!(told(), ["a = 1", "c = 2", "x = 8", "argument actor ada", "None"]);
}

// Names and macros.

#[allow(non_snake_case)]
#[audited("a.shadow", target(call = call), fields(returned, taken = ok), crate = crate::host)]
fn shadow(call: u32, returned: u32, ok: &str, verdict: &str, __LODGER_SITE: u8) -> Result<String, ()> {
    Ok(format!("{call}{returned}{ok}{verdict}{__LODGER_SITE}"))
}

macro_rules! made {
    ($action:expr, $name:ident, $argument:ident: $ty:ty, $body:block) => {
        #[audited($action, fields($argument), crate = crate::host)]
        async fn $name($argument: $ty, user: User) -> Result<$ty, $ty> $body
    };
}

made!("a.made", made_by_macro, _number: u32, { Err(2) });

#[audited("a.first", crate = crate::host)]
#[audited("a.second", target(a = id), crate = crate::host)]
async fn twice(id: u32) -> Result<u32, ()> {
    Ok(id)
}

#[audited("a.factorial", crate = crate::host)]
fn factorial(n: u32) -> u32 {
    if n == 0 { 1 } else { n * factorial(n - 1) }
}

#[test]
fn the_users_names_and_macros_do_not_meet_ours() {
    assert_eq!(shadow(1, 2, "3", "4", 5), Ok("12345".to_owned()));
    assert_eq!(told(), ["target call 1", "returned = 2", "taken = \"3\"", "Ok"]);
    assert_eq!(block_on(made_by_macro(1, User("ada"))), Err(2));
    assert_eq!(told(), ["_number = 1", "argument actor ada", "Err"]);
    assert_eq!(block_on(twice(7)), Ok(7));
    // The first attribute is expanded first, so the second goes around what it made.
    assert_eq!(
        said(),
        ["a.second: begin", "a.second: target a 7", "a.first: begin", "a.first: Ok", "a.second: Ok"]
    );
    assert_eq!(factorial(3), 6);
    assert_eq!(said().len(), 8);
}

#[audited("a.inner_attributes", crate = crate::host)]
fn inner_attributes() -> u8 {
    #![allow(unused_variables)]
    let unused = 1;
    2
}

#[audited("a.alias", crate = crate::host)]
async fn alias() -> Answer<()> {
    Err("behind an alias".to_owned())
}

#[audited("a.send", crate = crate::host)]
async fn send(user: User) -> Result<std::cell::Cell<u8>, std::rc::Rc<u8>> {
    pause().await;
    drop(user);
    Ok(std::cell::Cell::new(1))
}

#[test]
fn a_future_is_send_where_the_users_is_and_an_alias_hides_no_err() {
    fn is_send(future: impl Future + Send) {
        drop(future);
    }
    is_send(send(User("ada")));
    is_send(pinned(&User("ada")));
    block_on(alias()).unwrap_err();
    assert_eq!(told(), ["Err"]);
    assert_eq!(inner_attributes(), 2);
}

// In a task of its own.

#[audited("a.detached", target(a = id), ok(|length| fields(length)), detach, crate = crate::host)]
async fn detached(user: User, id: u32) -> Result<usize, String> {
    pause().await;
    if id == 0 { Err("zero".to_owned()) } else { Ok(user.0.len()) }
}

#[audited("a.detached", fields(id), detach, crate = crate::host)]
fn detached_boxed(user: User, id: u32) -> BoxFuture<'static, Answer<usize>> {
    Box::pin(async move { if id == 0 { Err("zero".to_owned()) } else { Ok(user.0.len()) } })
}

#[audited("a.detached", detach, crate = crate::host)]
fn detached_opaque<T: Display + Send + 'static>(
    it: T,
    job: fn(&str) -> u8,
) -> impl Future<Output = Answer<u8>> {
    async move { Ok(job(&it.to_string())) }
}

impl Renamer {
    #[audited("a.detached", fields(prefix = self.prefix), detach, crate = crate::host)]
    async fn detached(self: Arc<Self>) -> Result<impl Display, Box<dyn std::error::Error>> {
        if self.prefix.is_empty() {
            return Err("no prefix".into());
        }
        Ok(self.prefix.clone())
    }
}

#[test]
fn a_detached_body_begins_its_task_when_everything_known_before_it_is_told() {
    let future = detached(User("ada"), 1);
    assert!(said().is_empty(), "nothing has happened yet");
    assert_eq!(block_on(future), Ok(3));
    assert_eq!(
        said(),
        [
            "a.detached: begin",
            "a.detached: target a 1",
            "a.detached: argument actor ada",
            "a task: begin",
            "a.detached: length = 3",
            "a.detached: Ok"
        ]
    );
    assert!(block_on(detached(User("ada"), 0)).is_err());
    assert_eq!(told(), ["target a 0", "argument actor ada", "begin", "Err"]);
    assert_eq!(block_on(detached_boxed(User("ada"), 1)), Ok(3));
    assert_eq!(told(), ["id = 1", "argument actor ada", "begin", "Ok"]);
    assert_eq!(block_on(detached_opaque("x", |text| text.len() as u8)), Ok(1));
    assert_eq!(told(), ["begin", "Ok"]);
    let renamer = Arc::new(Renamer { prefix: "x-".to_owned() });
    assert_eq!(block_on(renamer.detached()).unwrap().to_string(), "x-");
    assert_eq!(told(), ["prefix = \"x-\"", "begin", "Ok"]);
}
