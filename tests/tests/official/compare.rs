//! Where two requests differ, and whether they should.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::Made;
use crate::cases::Case;

/// What we do otherwise than an official client, on purpose.
#[derive(Debug)]
pub(crate) struct Difference {
    cases: &'static str,
    at: &'static str,
    official: &'static str,
    ours: &'static str,
    reason: &'static str,
}

/// In these cases (a name; `*` stands for any text in it) the official client sends one thing and ours another one at this
/// place, a JSON pointer, which is empty for the whole request. What they send is JSON, or [`NOTHING`] or [`SOMETHING`].
pub(crate) const fn differs(
    cases: &'static str,
    at: &'static str,
    official: &'static str,
    ours: &'static str,
    reason: &'static str,
) -> Difference {
    Difference { cases, at, official, ours, reason }
}

/// Nothing is there.
pub(crate) const NOTHING: &str = "nothing";

/// Whatever is there.
pub(crate) const SOMETHING: &str = "something";

impl Difference {
    fn is(&self, case: &str, found: &(String, Option<&Value>, Option<&Value>)) -> bool {
        let (at, official, ours) = found;
        let named = match self.cases.split_once('*') {
            Some((before, after)) => case.starts_with(before) && case.ends_with(after),
            None => case == self.cases,
        };
        named && at == self.at && fits(self.official, *official) && fits(self.ours, *ours)
    }
}

fn fits(pattern: &str, value: Option<&Value>) -> bool {
    match (pattern, value) {
        (NOTHING, value) => value.is_none(),
        (SOMETHING, value) => value.is_some(),
        (json, Some(value)) => serde_json::from_str::<Value>(json).is_ok_and(|json| json == *value),
        (_, None) => false,
    }
}

/// Compares what two clients sent, case by case.
///
/// # Panics
///
/// Naming every difference that is not in the table, and every line of the table that is not so.
pub(crate) fn compare(cases: &[Case], official: &[Made], ours: &[Made], table: &[Difference]) {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for (case, (official, ours)) in cases.iter().zip(official.iter().zip(ours)) {
        if official.wire == ours.wire && (official.outcome == "ok") != (ours.outcome == "ok") {
            let (official, ours) = (&official.outcome, &ours.outcome);
            wrong.push(format!("{}: what came of it: {official}; with ours: {ours}", case.name));
        }
        for found in differences(&official.wire, &ours.wire) {
            match table.iter().position(|line| line.is(&case.name, &found)) {
                Some(line) => {
                    assert!(!table[line].reason.is_empty());
                    seen.insert(line);
                }
                None => wrong.push(format!(
                    "{}: at {:?} the official client sends {}, ours {} (official: {}; ours: {})",
                    case.name,
                    found.0,
                    shown(found.1),
                    shown(found.2),
                    official.outcome,
                    ours.outcome
                )),
            }
        }
    }
    let idle = table.iter().enumerate().filter(|(number, _)| !seen.contains(number));
    wrong.extend(idle.map(|(_, line)| format!("not so: {line:?}")));
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| NOTHING.to_owned(), Value::to_string)
}

/// The places where two values differ, as deep down as they can be named.
fn differences<'a>(
    official: &'a Value,
    ours: &'a Value,
) -> Vec<(String, Option<&'a Value>, Option<&'a Value>)> {
    let made = |wire: &'a Value| Some(wire).filter(|wire| !wire.is_null());
    let mut found = Vec::new();
    collect(String::new(), made(official), made(ours), &mut found);
    found
}

fn collect<'a>(
    at: String,
    official: Option<&'a Value>,
    ours: Option<&'a Value>,
    found: &mut Vec<(String, Option<&'a Value>, Option<&'a Value>)>,
) {
    match (official, ours) {
        (official, ours) if official == ours => {}
        (Some(Value::Object(theirs)), Some(Value::Object(mine))) => {
            let names: BTreeSet<&String> = theirs.keys().chain(mine.keys()).collect();
            for name in names {
                collect(format!("{at}/{name}"), theirs.get(name), mine.get(name), found);
            }
        }
        _ => found.push((at, official, ours)),
    }
}
