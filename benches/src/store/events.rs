//! The events that fill a store, made so that making them costs little beside storing them.

use lodger_core::event::{Outcome, Timestamp};
use lodger_store::Query;

/// Every so manieth event is rare in everything that can be asked for.
const RARE: u64 = 1_000;

const ACTIONS: [&str; 6] =
    ["invoice.create", "invoice.send", "invoice.update", "member.add", "member.remove", "session.create"];

/// The bytes of an event as a service sends it: actor, target, request, three fields. The number decides each member.
pub(crate) fn event(number: u64) -> Vec<u8> {
    let rare = number % RARE == RARE / 2;
    let either = |usual: String, seldom: &str| if rare { seldom.to_owned() } else { usual };
    let spread = |prime: u64, kinds: u64| number.wrapping_mul(prime) % kinds;
    // A quarter is by one service account and about one thing, the rest spread out.
    let busy = number.is_multiple_of(4);
    let actor =
        either(if busy { "importer".into() } else { format!("user-{}", spread(7_919, 5_000)) }, "rare");
    let target = either(if busy { "1".into() } else { spread(104_729, 100_000).to_string() }, "rare");
    let action = either(
        ACTIONS.iter().cycle().nth(spread(31, 6) as usize).copied().unwrap_or_default().into(),
        "rare.act",
    );
    let tenant = either(if busy { "acme".into() } else { format!("tenant-{}", spread(13, 50)) }, "rare");
    let request =
        either(if busy { "import".into() } else { format!("{:032x}", u128::from(number) << 7) }, "rare");
    let outcome = if rare {
        Outcome::Unknown
    } else if number % 20 == 3 {
        Outcome::Denied
    } else {
        Outcome::Success
    };
    let (id, occurred_at, outcome) = (id(number), time(number), outcome.as_str());
    format!(
        concat!(
            r#"{{"action":"{action}","actor":{{"id":"{actor}","kind":"user","name":"Ada Lovelace","tenant":"{tenant}"}},"#,
            r#""id":"{id}","idempotencyKey":"event_{id}","metadata":{{"amount":{number},"currency":"EUR","plan":"pro"}},"#,
            r#""occurredAt":"{occurred_at}","origin":{{"service":"shop","version":"1.4.2"}},"outcome":"{outcome}","#,
            r#""request":{{"id":"{request}","ip":"192.0.2.7","ipSource":"socket","method":"POST","route":"/invoices/{{id}}","#,
            r#""status":200,"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","userAgent":"Mozilla/5.0 (X11; Linux x86_64)"}},"#,
            r#""sequence":{number},"target":{{"id":"{target}","kind":"invoice"}},"tenant":"{tenant}","userVisible":false,"#,
            r#""writer":"0199b1c0-0000-7000-8000-000000000000"}}"#
        ),
        action = action,
        actor = actor,
        tenant = tenant,
        id = id,
        number = number,
        occurred_at = occurred_at,
        outcome = outcome,
        request = request,
        target = target,
    )
    .into_bytes()
}

/// The id of an event: one of version 7, a millisecond after the one before.
pub(crate) fn id(number: u64) -> String {
    let time = 0x0199_b1c0_0000 + number;
    format!("{:08x}-{:04x}-7000-8000-{number:012x}", time >> 16, time & 0xffff)
}

/// When an event happened: ten milliseconds after the one before, but for what came a little late.
fn time(number: u64) -> Timestamp {
    let tick = number - number.min(number * 37 % 50);
    Timestamp::from_micros(1_778_846_400_000_000 + tick.cast_signed() * 10_000).unwrap_or_else(Timestamp::now)
}

/// How much of the store a query finds.
pub(crate) type Share = &'static str;

/// Every filter by itself and some together, for a store of so many events.
pub(crate) fn queries(entries: u64) -> Vec<(&'static str, Share, Query)> {
    let q = Query::new;
    let (rare, none, much) = ("one in a thousand", "nothing", "a quarter");
    let (middle, width) = (time(entries / 2), entries / RARE);
    vec![
        ("no filter", "everything", q()),
        ("actor", much, q().actor("importer")),
        ("actor", rare, q().actor("rare")),
        ("actor", none, q().actor("nobody")),
        ("action", "a sixth", q().action("invoice.send")),
        ("action", rare, q().action("rare.act")),
        ("action", none, q().action("no.act")),
        ("action prefix", "half", q().action_prefix("invoice.")),
        ("action prefix", rare, q().action_prefix("rare.")),
        ("action prefix", none, q().action_prefix("no.")),
        ("target", much, q().target("invoice", 1)),
        ("target", rare, q().target("invoice", "rare")),
        ("target", none, q().target("invoice", "none")),
        ("tenant", much, q().tenant("acme")),
        ("tenant", rare, q().tenant("rare")),
        ("tenant", none, q().tenant("none")),
        ("outcome", "nine in ten", q().outcome(Outcome::Success)),
        ("outcome", rare, q().outcome(Outcome::Unknown)),
        ("outcome", none, q().outcome(Outcome::Failure)),
        ("request id", much, q().request_id("import")),
        ("request id", rare, q().request_id("rare")),
        ("request id", none, q().request_id("none")),
        ("time", "everything", q().from(time(0))),
        ("time", rare, q().from(middle).to(time(entries / 2 + width))),
        ("time", none, q().from(time(2 * entries))),
        ("actor, outcome, time", much, q().actor("importer").outcome(Outcome::Success).from(time(0))),
        ("actor, action prefix", rare, q().actor("rare").action_prefix("rare.")),
        ("actor, outcome that never meet", none, q().actor("importer").outcome(Outcome::Denied)),
        ("text", "everything", q().text("lovelace")),
        ("text", none, q().text("nowhere")),
    ]
}
