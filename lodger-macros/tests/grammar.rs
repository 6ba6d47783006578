//! Every accepted form of the attribute tells the call what it says.
#![allow(missing_docs, dead_code, clippy::unwrap_used)]

mod host;

use host::{block_on, said};
use lodger_core::event::{Actor, Target, ToActor, ToTarget};
use lodger_core::rt::{OutcomeSet, Registered, Site};
use lodger_macros::audited_core as audited;

struct User(&'static str);

impl ToActor for User {
    fn to_actor(&self) -> Actor {
        Actor::user(self.0)
    }
}

struct Invoice {
    id: u32,
    total: u32,
}

impl ToTarget for Invoice {
    fn to_target(&self) -> Target {
        Target::new("invoice", self.id)
    }
}

/// What a client sent.
#[allow(dead_code, reason = "only its type matters")]
struct Json<T>(T);

fn site(function: &str) -> &'static Site {
    host::rt::inventory::iter::<Registered>
        .into_iter()
        .map(|it| it.0)
        .find(|site| site.function == function)
        .unwrap()
}

mod actions {
    pub(crate) const UPDATE: &str = "invoice.update";
}

#[audited("invoice.update", crate = crate::host)]
async fn plain() {}

#[test]
fn the_action_alone_is_enough() {
    block_on(plain());
    assert_eq!(said(), ["invoice.update: begin", "invoice.update: None"]);
}

#[audited(actions::UPDATE, target = id, crate = crate::host)]
async fn by_const(id: u32) {}

#[test]
fn the_action_may_be_a_constant() {
    block_on(by_const(7));
    assert_eq!(said(), ["invoice.update: begin", "invoice.update: target invoice 7", "invoice.update: None"]);
}

#[audited(
    "invoice.pay",
    target(invoice = invoice.id),
    related(order = "o1"),
    related("bank-account" = format!("b{}", 2)),
    actor = user,
    tenant = "acme",
    idempotency_key = format!("pay-{}", invoice.id),
    fields(amount, note = %note, "raw-note" = ?note, card = secret("4111"), email = pii("a@b"), twice = amount * 2),
    crate = crate::host,
)]
fn everything(user: User, invoice: &Invoice, amount: u32, note: &str) -> Result<(), String> {
    let _ = user;
    Ok(())
}

#[test]
fn each_item_tells_what_it_says_before_the_body() {
    everything(User("ada"), &Invoice { id: 7, total: 1 }, 2900, "n").unwrap();
    assert_eq!(
        said(),
        [
            "invoice.pay: begin",
            "invoice.pay: target invoice 7",
            "invoice.pay: related order o1",
            "invoice.pay: related bank-account b2",
            "invoice.pay: actor ada",
            "invoice.pay: tenant acme",
            "invoice.pay: idempotency key pay-7",
            "invoice.pay: amount = 2900",
            "invoice.pay: note = %n",
            "invoice.pay: raw-note = ?\"n\"",
            "invoice.pay: card = secret(4111)",
            "invoice.pay: email = pii(\"a@b\")",
            "invoice.pay: twice = 5800",
            "invoice.pay: Ok",
        ]
    );
}

#[audited("invoice.update", target = invoice, crate = crate::host)]
fn bare_target(invoice: &Invoice) {}

#[audited("login", target = invoice, crate = crate::host)]
fn bare_target_without_entity(invoice: &Invoice) {}

/// The argument is asked nevertheless: what is a target of the action is not its actor.
#[test]
fn a_bare_target_may_be_one_itself() {
    bare_target(&Invoice { id: 7, total: 0 });
    bare_target_without_entity(&Invoice { id: 8, total: 0 });
    assert_eq!(
        said(),
        [
            "invoice.update: begin",
            "invoice.update: target invoice 7",
            "invoice.update: argument target invoice 7",
            "invoice.update: None",
            "login: begin",
            "login: target invoice 8",
            "login: argument target invoice 8",
            "login: None"
        ]
    );
}

#[audited(
    "invoice.create",
    ok(|invoice| target(invoice = invoice.id), fields(total = invoice.total)),
    crate = crate::host
)]
async fn create(fail: bool) -> Result<Invoice, String> {
    if fail {
        return Err("no".to_owned());
    }
    Ok(Invoice { id: 9, total: 100 })
}

#[test]
fn the_returned_value_tells_what_ok_asks_and_an_err_tells_nothing() {
    block_on(create(false)).unwrap();
    assert_eq!(
        said(),
        [
            "invoice.create: begin",
            "invoice.create: returned target invoice 9",
            "invoice.create: target invoice 9",
            "invoice.create: total = 100",
            "invoice.create: Ok"
        ]
    );
    block_on(create(true)).err().unwrap();
    assert_eq!(said(), ["invoice.create: begin", "invoice.create: Err"]);
}

enum Change {
    Created(u32),
    Updated(u32),
    Unchanged,
}

#[audited(
    "invoice.upsert",
    ok(|Change::Created(id)| target = id, fields(created = true)),
    ok(|Change::Updated(id)| target = id, related(invoice = "old")),
    crate = crate::host,
)]
fn upsert(change: Change) -> Result<Change, ()> {
    Ok(change)
}

#[audited("invoice.upsert", ok(|(_, Change::Created(id))| target(invoice = id)), crate = crate::host)]
fn upsert_tuple(change: Change) -> (u16, Change) {
    (200, change)
}

#[test]
fn a_pattern_that_does_not_match_tells_nothing() {
    for change in [Change::Created(1), Change::Updated(2), Change::Unchanged] {
        upsert(change).unwrap();
    }
    upsert_tuple(Change::Created(3));
    upsert_tuple(Change::Unchanged);
    let told: Vec<_> = said().into_iter().filter(|said| !said.ends_with("begin")).collect();
    assert_eq!(
        told,
        [
            "invoice.upsert: target invoice 1",
            "invoice.upsert: created = true",
            "invoice.upsert: Ok",
            "invoice.upsert: target invoice 2",
            "invoice.upsert: related invoice old",
            "invoice.upsert: Ok",
            "invoice.upsert: Ok",
            "invoice.upsert: target invoice 3",
            "invoice.upsert: None",
            "invoice.upsert: None",
        ]
    );
}

#[audited("invoice.import", success = |(done, _)| *done > 0, crate = crate::host)]
fn import<T>(done: u32, rest: T) -> (u32, T) {
    (done, rest)
}

#[audited("invoice.run", success = |it: &T| std::mem::size_of_val(it) > 0, crate = crate::host)]
fn generic<T>(value: T) -> T {
    value
}

#[test]
fn success_decides_where_it_is_given() {
    import(1, "x");
    import(0, "x");
    generic(1);
    generic(());
    let verdicts: Vec<_> = said().into_iter().filter(|said| !said.ends_with("begin")).collect();
    assert_eq!(
        verdicts,
        ["invoice.import: Ok", "invoice.import: Err", "invoice.run: Ok", "invoice.run: Err"]
    );
}

#[audited("invoice.read", on(success, denied), user_visible, fields(a = 1), ok(|()| fields(b = 2)), crate = crate::host)]
fn site_of_read() {}

#[audited("invoice.delete", on(always), crate = crate::host)]
async fn r#site_of_delete<T>(_: T) {}

#[audited(actions::UPDATE, crate = crate::host)]
fn site_never_called() {}

#[test]
fn a_site_knows_what_was_written_also_of_a_function_that_nobody_calls() {
    let read = site("site_of_read");
    assert_eq!(read.action, "invoice.read");
    assert_eq!(read.on, Some(OutcomeSet::SUCCESS.with(OutcomeSet::DENIED)));
    assert!(read.user_visible);
    assert_eq!(read.fields, ["a", "b"]);
    assert!(read.file.ends_with("tests/grammar.rs"));
    assert_eq!(read.module, "grammar");
    assert!(read.line > 200, "{}", read.line);
    let delete = site("site_of_delete");
    assert_eq!(delete.on, Some(OutcomeSet::ALWAYS));
    assert!(!delete.user_visible);
    let update = site("site_never_called");
    assert_eq!((update.action, update.on), ("invoice.update", None));
    site_of_read();
}

#[audited("invoice.update", crate = crate::host)]
fn probed(user: Option<User>, invoice: &mut Invoice, _other: Json<User>) {}

#[audited("invoice.update", actor = User("root"), target(invoice = 1), crate = crate::host)]
fn told(_user: User, _invoice: Invoice) {}

#[test]
fn arguments_are_asked_for_what_the_attribute_does_not_say() {
    probed(Some(User("ada")), &mut Invoice { id: 7, total: 0 }, Json(User("mallory")));
    told(User("ada"), Invoice { id: 7, total: 0 });
    assert_eq!(
        said(),
        [
            "invoice.update: begin",
            "invoice.update: argument actor ada",
            "invoice.update: argument target invoice 7",
            "invoice.update: None",
            "invoice.update: begin",
            "invoice.update: actor root",
            "invoice.update: target invoice 1",
            "invoice.update: None",
        ]
    );
}

#[audited(
    "invoice.update",
    target = {
        fn first(text: &str) -> Option<u32> {
            let first = text.split('-').next()?;
            if first.is_empty() {
                return None;
            }
            first.parse().ok()
        }
        first(&text).unwrap_or_default()
    },
    fields(
        closure = (|| Some(text.parse::<u32>().ok()? + 1))(),
        block = 'found: {
            if text.len() > 1 {
                break 'found "long";
            }
            "short"
        },
        outer = 'outer: {
            for byte in text.bytes() {
                if byte == b'-' {
                    break 'outer 3;
                }
            }
            0
        },
        waits = std::mem::size_of_val(&async { std::future::ready(()).await }) < 1000,
    ),
    crate = crate::host,
)]
fn leaves_only_itself(text: String) {}

#[test]
fn what_stays_within_an_expression_may_be_left() {
    leaves_only_itself("7-x".to_owned());
    assert_eq!(
        said(),
        [
            "invoice.update: begin",
            "invoice.update: target invoice 7",
            "invoice.update: closure = null",
            "invoice.update: block = \"long\"",
            "invoice.update: outer = 3",
            "invoice.update: waits = true",
            "invoice.update: None",
        ]
    );
}

#[audited("invoice.save", ok(|(0 | 3)| fields(few = true)), ok(|((count))| fields(count)), crate = crate::host)]
fn alternatives(count: u8) -> Result<u8, String> {
    Ok(count)
}

#[test]
fn alternatives_stand_in_parentheses() {
    alternatives(3).unwrap();
    assert_eq!(
        said(),
        ["invoice.save: begin", "invoice.save: few = true", "invoice.save: count = 3", "invoice.save: Ok"]
    );
    alternatives(4).unwrap();
    assert_eq!(said(), ["invoice.save: begin", "invoice.save: count = 4", "invoice.save: Ok"]);
}

fn went_well(returned: &Result<u8, String>) -> bool {
    matches!(returned, Ok(1..))
}

#[audited("invoice.save", success = went_well, crate = crate::host)]
fn judged_by_a_function(count: u8) -> Result<u8, String> {
    Ok(count)
}

#[test]
fn a_function_may_say_what_success_is() {
    judged_by_a_function(0).unwrap();
    assert_eq!(said(), ["invoice.save: begin", "invoice.save: Err"]);
}

#[audited("invoice.save", crate = crate::host)]
fn among_others() -> (Result<(), String>, u8) {
    (Err("no".to_owned()), 1)
}

#[audited("invoice.save", success = |(saved, _)| saved.is_ok(), crate = crate::host)]
fn judged_among_others() -> (Result<(), String>, u8) {
    (Err("no".to_owned()), 1)
}

#[test]
fn a_result_among_others_is_not_known_to_be_a_success() {
    among_others().0.unwrap_err();
    assert_eq!(said(), ["invoice.save: begin", "invoice.save: Hidden"]);
    judged_among_others().0.unwrap_err();
    assert_eq!(said(), ["invoice.save: begin", "invoice.save: Err"]);
}
