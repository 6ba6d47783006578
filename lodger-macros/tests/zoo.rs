//! Functions as strange as they come. That this compiles, and that what they return is theirs, is the test.
#![allow(
    missing_docs,
    dead_code,
    unused_variables,
    unused_macros,
    unsafe_code,
    deprecated,
    clippy::all,
    clippy::redundant_closure_for_method_calls,
    clippy::unwrap_used,
    clippy::indexing_slicing
)]

mod host;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::error::Error;
use std::fmt::{Debug, Display, Write};
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use host::{block_on, said};
use lodger_macros::audited_core as audited;

// Types.

#[audited("a.b", fields(short = short("abc")), crate = crate::host)]
fn higher_ranked<F>(short: F, other: &dyn for<'a> Fn(&'a str) -> &'a str) -> usize
where
    F: for<'a> Fn(&'a str) -> &'a str,
{
    short(other("abc")).len()
}

#[audited("a.b", crate = crate::host)]
async fn trait_objects(
    shown: &(dyn Display + Sync),
    job: Box<dyn FnOnce(&str) -> u8 + Send + 'static>,
    sink: &mut (dyn Write + Send),
    error: Option<Box<dyn Error + Send + Sync>>,
) -> Result<Box<dyn Display + Send + Sync>, Box<dyn Error + Send + Sync>> {
    write!(sink, "{shown}")?;
    if let Some(error) = error {
        return Err(error);
    }
    Ok(Box::new(job("x")))
}

#[audited("a.b", crate = crate::host)]
fn nested_impl(
    some: Option<impl Display>,
    all: &[impl AsRef<str>],
    map: HashMap<String, Vec<impl Debug + Clone>>,
    of: impl IntoIterator<Item = impl Into<u64>>,
) -> u64 {
    of.into_iter().map(Into::into).sum()
}

#[audited("a.b", crate = crate::host)]
fn pointers(
    plain: fn(u8) -> u8,
    foreign: extern "C" fn(u8) -> u8,
    risky: unsafe fn(&str) -> !,
    raw: *const u8,
    array: [fn(); 2],
    slice: &mut [Option<&'static str>],
    unit: (),
    one: (u8,),
) -> (fn(u8) -> u8, *const u8) {
    slice[0] = None;
    (plain, raw)
}

macro_rules! list_of {
    ($ty:ty) => { Vec<$ty> };
}

macro_rules! pair {
    ($a:ident, $b:ident) => {
        ($a, $b)
    };
}

#[audited("a.b", fields(all), crate = crate::host)]
fn macros_in_the_signature(all: list_of!(u8), pair!(left, right): (u8, u8)) -> list_of!(u8) {
    all.into_iter().chain([left, right]).collect()
}

struct Row {
    id: u8,
    name: String,
}

#[audited("a.b", target(row = id), fields(name, first, fifth = e), crate = crate::host)]
fn patterns(
    Row { id, ref name, .. }: Row,
    [first, .., mut last]: [u8; 3],
    (Ok(both) | Err(both)): Result<u8, u8>,
    &(ref c, d): &(String, u8),
    e @ 0..=u8::MAX: u8,
    #[allow(unused_mut)] mut f: Box<u8>,
    ref g: String,
) -> u8 {
    last += both + d;
    last
}

// What is returned.

#[audited("a.b", crate = crate::host)]
fn iterator<'a, T: Display>(all: &'a [T], skip: usize) -> impl Iterator<Item = String> + use<'a, T> {
    all.iter().skip(skip).map(ToString::to_string)
}

#[audited("a.b", crate = crate::host)]
fn closure(by: u8) -> impl Fn(u8) -> u8 {
    move |x| x + by
}

#[audited("a.b", crate = crate::host)]
fn boxed_closure(early: bool) -> Box<dyn Fn(&str) -> bool> {
    if early {
        return Box::new(|text| text.is_empty());
    }
    Box::new(|text| text.len() > 3)
}

#[audited("a.b", crate = crate::host)]
async fn two_opaque(x: u8) -> (impl Display, Result<impl Iterator<Item = impl Display>, impl Debug>) {
    (x, if x > 0 { Ok([x].into_iter()) } else { Err("zero") })
}

#[audited("a.b", crate = crate::host)]
async fn early_inference(how: u8) -> Result<Vec<Cow<'static, str>>, Box<dyn Error>> {
    if how == 0 {
        return Err("zero")?;
    }
    if how == 1 {
        return Ok(Vec::new());
    }
    let number: u8 = "7".parse()?;
    Ok(std::iter::repeat_n("x".into(), number.into()).collect())
}

#[audited("a.b", crate = crate::host)]
async fn never_returns_ok(infallible: Option<Infallible>) -> Result<Infallible, String> {
    match infallible {
        Some(never) => match never {},
        None => Err("no".to_owned()),
    }
}

#[audited("a.b", crate = crate::host)]
fn flow(x: u8) -> ControlFlow<u8, &'static str> {
    ControlFlow::Break(x)?;
    ControlFlow::Continue("more")
}

#[audited("a.b", crate = crate::host)]
fn question_on_option(text: Option<&str>) -> Option<char> {
    text?.chars().next()
}

#[audited("a.b", crate = crate::host)]
fn explicit_unit() -> () {}

#[audited("a.b", crate = crate::host)]
#[allow(unreachable_code)]
fn diverging(how: u8) -> String {
    if how == 0 {
        panic!("zero");
    }
    return "x".to_owned();
}

// Bodies.

#[audited("a.b", crate = crate::host)]
async fn busy(limit: u8) -> Result<u8, String> {
    const START: u8 = 1;
    use std::fmt::Result as Shadowed;
    struct Local(u8);
    impl Local {
        #[audited("a.inner", crate = crate::host)]
        fn add(&mut self, x: u8) -> Result<(), String> {
            self.0 = self.0.checked_add(x).ok_or("full")?;
            Ok(())
        }
    }
    #[audited("a.inner", crate = crate::host)]
    async fn nested(x: u8) -> Option<u8> {
        x.checked_mul(2)
    }
    let add = async |x: u8| nested(x).await.map(|x| x + 1);
    let found = 'outer: loop {
        for x in START.. {
            if x > limit {
                break 'outer None;
            }
            let Some(more) = add(x).await else { continue };
            if let Some(y) = more.checked_sub(4)
                && y > 0
            {
                break 'outer Some(y);
            }
        }
    };
    let mut local = Local(const { START + 1 });
    local.add(found.ok_or_else(|| "nothing".to_owned())?)?;
    let _: Shadowed = Ok(());
    Ok(local.0)
}

#[audited("a.b", crate = crate::host)]
fn recursive(n: u64) -> Pin<Box<dyn Future<Output = Result<u64, String>> + Send>> {
    Box::pin(async move { if n == 0 { Ok(0) } else { Ok(n + recursive(n - 1).await?) } })
}

#[audited("a.b", crate = crate::host)]
async fn not_send(shared: Rc<RefCell<Vec<u8>>>) -> Result<Rc<u8>, Rc<str>> {
    let first = shared.borrow().first().copied();
    std::future::ready(()).await;
    first.map(Rc::new).ok_or("empty".into())
}

/// # Safety
///
/// There is nothing to it.
#[audited("a.b", crate = crate::host)]
pub(crate) unsafe fn risky(pointer: *const u8) -> Option<u8> {
    unsafe { pointer.as_ref().copied() }
}

/// Documented.
#[audited("a.b", crate = crate::host)]
#[must_use = "it is the length"]
#[deprecated = "use another"]
#[inline]
#[cold]
#[doc(hidden)]
#[cfg_attr(all(), allow(clippy::needless_return))]
pub(crate) fn attributed(#[allow(unused)] name: &str) -> usize {
    return name.len();
}

// Methods.

trait Store {
    type Key<'a>: Display
    where
        Self: 'a;
    type Error: Debug;
    const NAME: &'static str;

    fn key(&self) -> Self::Key<'_>;

    #[audited("a.b", target(key = self.key()), tenant = Self::NAME, crate = crate::host)]
    async fn put(&mut self, value: u8) -> Result<Self::Key<'_>, Self::Error>
    where
        Self: Sized,
    {
        std::future::ready(value).await;
        Ok(self.key())
    }

    #[audited("a.b", success = |_| true, crate = crate::host)]
    fn error(self) -> Option<Self::Error>
    where
        Self: Sized,
    {
        None
    }
}

#[derive(Clone)]
struct Memory<'n, T, const N: usize>(&'n str, [T; N]);

impl<'n, T: Copy + Debug + 'n, const N: usize> Store for Memory<'n, T, N> {
    type Key<'a>
        = &'a str
    where
        Self: 'a;
    type Error = Infallible;
    const NAME: &'static str = "memory";

    #[audited("a.b", fields(n = N, all = ?self.1), crate = crate::host)]
    fn key(&self) -> Self::Key<'_> {
        self.0
    }
}

impl<'n, T, const N: usize> Memory<'n, T, N>
where
    T: Copy,
{
    #[audited("a.b", crate = crate::host)]
    fn longest<'a: 'b, 'b>(&'a self, other: &'b Self) -> &'b [T; N]
    where
        'n: 'b,
    {
        if other.0.len() > self.0.len() { &other.1 } else { &self.1 }
    }

    #[audited("a.b", crate = crate::host)]
    async fn with(self: Box<Self>, f: impl AsyncFnOnce(T) -> Option<Self>) -> Option<Self> {
        f(*self.1.first()?).await
    }

    #[audited("a.b", crate = crate::host)]
    fn swap(mut self: Pin<&mut Self>, value: T) -> Option<T>
    where
        Self: Unpin,
    {
        self.1.first_mut().map(|first| std::mem::replace(first, value))
    }

    #[audited("a.b", crate = crate::host)]
    fn each(&mut self) -> impl Iterator<Item = &mut T> {
        self.1.iter_mut()
    }

    #[audited("a.b", crate = crate::host)]
    async fn each_later<'a>(&'a mut self, skip: &usize) -> Result<&'a mut T, &'n str> {
        self.1.get_mut(*skip).ok_or(self.0)
    }
}

// Names.

mod shadowed {
    #![allow(non_camel_case_types, non_upper_case_globals, unused_imports)]

    pub(super) mod core {}
    pub(super) mod std {}
    pub(super) mod lodger_core {}
    pub(super) enum Option {
        Some,
        None,
    }
    pub(super) use Option::*;
    pub(super) struct Result;
    pub(super) struct String;
    pub(super) struct Ok;
    pub(super) struct Err;
    pub(super) struct Box;
    pub(super) struct call;
    pub(super) struct returned;
    pub(super) struct ok;
    pub(super) const verdict: u8 = 1;

    macro_rules! file {
        () => {
            compile_error!("the user's")
        };
    }
    macro_rules! unreachable {
        () => {
            compile_error!("the user's")
        };
    }

    /// Everything has these methods.
    pub(super) trait Everything: Sized {
        fn field(self, _: &str, _: u8) {}
        fn target(self, _: u8) {}
        fn argument(self, _: u8) {}
        fn around(self, _: u8) {}
        fn run(self, _: u8) {}
        fn stage(self, _: u8) {}
        fn now_or_never(self) {}
    }
    impl<T> Everything for T {}

    #[super::audited("a.b", target(a = id), fields(id), ok(|it| fields(it = it)), crate = crate::host)]
    pub(super) async fn waits(_user: super::User, id: u32) -> u32 {
        let (_, _, _, _) = (file, unreachable, call, returned);
        id
    }

    #[super::audited("a.b", target(a = id), fields(id), ok(|it| fields(it = it)), crate = crate::host)]
    pub(super) fn does_not(_user: super::User, id: u32) -> u32 {
        id
    }

    const file: u8 = 1;
    const unreachable: u8 = 1;
}

#[no_implicit_prelude]
mod without_prelude {
    #[super::audited("a.b", fields(id), ok(|it| fields(it = it)), crate = crate::host)]
    pub(super) async fn waits(_user: super::User, id: u32) -> ::core::result::Result<u32, ()> {
        ::core::result::Result::Ok(id)
    }

    #[super::audited("a.b", success = |_| true, crate = crate::host)]
    pub(super) fn does_not(_user: super::User, id: u32) -> u32 {
        id
    }

    #[super::audited("a.b", detach, crate = crate::host)]
    pub(super) fn future(
        _user: super::User,
        id: u32,
    ) -> ::std::pin::Pin<::std::boxed::Box<dyn ::core::future::Future<Output = u32>>> {
        ::std::boxed::Box::pin(async move { id })
    }
}

struct User;

impl lodger_core::event::ToActor for User {
    fn to_actor(&self) -> lodger_core::event::Actor {
        lodger_core::event::Actor::user("ada")
    }
}

// async_trait itself.

#[async_trait::async_trait]
trait Repository: Send + Sync {
    async fn save(&self, user: &User, id: u32) -> Result<u32, String>;

    #[audited("a.deleted", fields(id), crate = crate::host)]
    async fn delete(&mut self, id: u32) -> Result<(), String> {
        self.save(&User, id).await.map(drop)
    }
}

struct Database<T>(T);

#[async_trait::async_trait]
impl<T: Display + Send + Sync> Repository for Database<T> {
    #[audited("a.saved", target(a = id), fields(of = %self.0), crate = crate::host)]
    async fn save(&self, _user: &User, mut id: u32) -> Result<u32, String> {
        id += 1;
        std::future::ready(()).await;
        if id > 9 {
            return Err(format!("{} is full", self.0));
        }
        Ok(id)
    }
}

#[async_trait::async_trait(?Send)]
trait Local {
    #[audited("a.local", crate = crate::host)]
    async fn local<'a>(&'a self, text: &'a str) -> Rc<str> {
        Rc::from(text)
    }
}

impl Local for User {}

#[test]
fn an_async_trait_and_its_implementation_may_both_be_audited() {
    let mut database = Database("db");
    assert_eq!(block_on(database.save(&User, 1)), Ok(2));
    assert_eq!(
        said(),
        [
            "a.saved: begin",
            "a.saved: target a 1",
            "a.saved: of = %db",
            "a.saved: argument actor ada",
            "a.saved: Ok"
        ]
    );
    assert_eq!(block_on(database.delete(9)), Err("db is full".to_owned()));
    let said = said();
    assert_eq!(
        (said.first().unwrap().as_str(), said.last().unwrap().as_str()),
        ("a.deleted: begin", "a.deleted: Err")
    );
    assert_eq!(&*block_on(User.local("x")), "x");
}

#[test]
fn what_they_return_is_theirs() {
    assert_eq!(higher_ranked(|text| &text[..1], &|text| &text[1..]), 1);
    let mut sink = String::new();
    assert!(
        block_on(trait_objects(&1, Box::new(|_| 2), &mut sink, None)).is_ok_and(|it| it.to_string() == "2")
    );
    assert_eq!(nested_impl(Some(1), &["a"], HashMap::<_, Vec<u8>>::new(), [1u8, 2]), 3);
    assert_eq!(macros_in_the_signature(vec![1], (2, 3)), [1, 2, 3]);
    let row = Row { id: 1, name: "n".to_owned() };
    assert_eq!(patterns(row, [1, 2, 3], Err(4), &(String::new(), 5), 6, Box::new(7), String::new()), 12);
    assert_eq!(iterator(&[1, 2], 1).collect::<Vec<_>>(), ["2"]);
    assert_eq!(closure(1)(2), 3);
    assert!(boxed_closure(true)("") && boxed_closure(false)("four"));
    assert!(block_on(two_opaque(0)).1.is_err());
    assert_eq!(block_on(early_inference(2)).unwrap().len(), 7);
    assert!(block_on(early_inference(0)).is_err() && block_on(early_inference(1)).is_ok());
    assert!(block_on(never_returns_ok(None)).is_err());
    assert_eq!(flow(1), ControlFlow::Break(1));
    assert_eq!(question_on_option(Some("x")), Some('x'));
    explicit_unit();
    assert_eq!(diverging(1), "x");
    assert_eq!(block_on(busy(9)), Ok(3));
    assert!(block_on(busy(1)).is_err());
    assert_eq!(block_on(recursive(3)), Ok(6));
    assert!(block_on(not_send(Rc::default())).is_err());
    let mut memory = Memory("m", [1, 2]);
    assert_eq!(block_on(memory.put(1)), Ok("m"));
    assert_eq!(memory.longest(&Memory("longer", [3, 4])), &[3, 4]);
    assert_eq!(Pin::new(&mut memory).swap(5), Some(1));
    memory.each().for_each(|it| *it += 1);
    *block_on(memory.each_later(&0)).unwrap() += 1;
    assert_eq!(memory.1, [7, 3]);
    assert!(block_on(Box::new(memory.clone()).with(async |_| None)).is_none());
    assert!(memory.error().is_none());
    assert_eq!(block_on(shadowed::waits(User, 1)) + shadowed::does_not(User, 2), 3);
    assert_eq!(block_on(without_prelude::waits(User, 1)), Ok(1));
    assert_eq!(without_prelude::does_not(User, 2) + block_on(without_prelude::future(User, 3)), 5);
    let _ = Arc::new(said());
}
