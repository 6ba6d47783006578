//! Every `#[audited]` function of the program.

use serde_json::{Value, json};

use crate::capture::{self, OutcomeSet, Site};
use crate::event::Outcome;

/// Every `#[audited]` function of the program as JSON, called or not: for a review, or a snapshot that shows in a diff
/// which actions came and went. Sorted by action, then by place.
///
/// A test is a program of its own: it lists the functions of the crates that are linked into it, its own among them.
/// `file` is what the compiler calls it, most often relative to the workspace.
///
/// ```
/// use lodger_core::{audited, testing};
///
/// #[audited("letter.print", fields(copies), on(always), user_visible)]
/// async fn print(copies: u8) {}
///
/// let catalog = testing::catalog();
/// let site = catalog.as_array().unwrap().iter().find(|site| site["action"] == "letter.print").unwrap();
/// assert_eq!(site["function"], "print");
/// assert_eq!(site["fields"], serde_json::json!(["copies"]));
/// assert_eq!(site["on"], serde_json::json!(["success", "failure", "denied", "unknown"]));
/// ```
#[must_use]
pub fn catalog() -> Value {
    sorted(capture::catalog()).into_iter().map(entry).collect()
}

/// The sites of an action.
pub(super) fn sites_of(action: &str) -> Vec<&'static Site> {
    sorted(capture::catalog().filter(|site| site.action == action))
}

fn sorted(sites: impl Iterator<Item = &'static Site>) -> Vec<&'static Site> {
    let mut sites: Vec<_> = sites.collect();
    sites.sort_by_key(|site| (site.action, site.file, site.line, site.module, site.function));
    sites
}

fn entry(site: &Site) -> Value {
    json!({
        "action": site.action,
        "module": site.module,
        "function": site.function,
        "file": site.file,
        "line": site.line,
        "fields": site.fields,
        "on": site.on.map(words),
        "userVisible": site.user_visible,
    })
}

fn words(on: OutcomeSet) -> Vec<&'static str> {
    let all = [Outcome::Success, Outcome::Failure, Outcome::Denied, Outcome::Unknown];
    all.into_iter().filter(|outcome| on.contains(*outcome)).map(Outcome::as_str).collect()
}
