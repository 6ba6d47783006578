//! Which events a destination gets.

use crate::event::{Event, Outcome};

/// Which events a destination gets. Different kinds of conditions must all hold; of one kind, one value is enough.
///
/// ```
/// use lodger_core::destination::Filter;
/// use lodger_core::event::Outcome;
///
/// // What was refused or failed in acme's invoices and payments.
/// let filter = Filter::any()
///     .action_prefix("invoice.")
///     .action_prefix("payment.")
///     .tenant("acme")
///     .outcome(Outcome::Denied)
///     .outcome(Outcome::Failure);
/// # let _ = filter;
/// ```
///
/// It looks at the event as it is recorded: redacted, trimmed and with its tenant. Values are compared as they are, with
/// no regard to what looks alike: `Acme` is not `acme`.
///
/// It decides once, when the event is recorded. What was recorded for a destination stays for it, also when the next start
/// of the program gives the destination another filter; and what was not recorded for it never comes later.
///
/// # Default
///
/// [`Filter::any`]: every event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    prefixes: Vec<String>,
    outcomes: Vec<Outcome>,
    tenants: Vec<String>,
    tags: Vec<String>,
}

impl Filter {
    /// Takes every event, until a condition is added.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Takes actions that begin with this text.
    ///
    /// The text is taken as it stands: `"invoice."` takes `invoice.update` and `invoice.line.add`. Without the dot,
    /// `"invoice"` takes those, `invoice` alone, and also `invoices.export` and `invoice_template.delete`. End it with
    /// the dot unless you mean that.
    #[must_use]
    pub fn action_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefixes.push(prefix.into());
        self
    }

    /// Takes events that ended so.
    #[must_use]
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcomes.push(outcome);
        self
    }

    /// Takes events of this tenant: [`Event::tenant`], which is the actor's unless it was set. An event without a tenant
    /// belongs to none.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenants.push(tenant.into());
        self
    }

    /// Takes events that carry this tag.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Whether the destination gets this event.
    #[must_use]
    pub fn takes(&self, event: &Event) -> bool {
        let Self { prefixes, outcomes, tenants, tags } = self;
        any_of(prefixes, |prefix| event.action.starts_with(prefix.as_str()))
            && any_of(outcomes, |outcome| event.outcome == *outcome)
            && any_of(tenants, |tenant| event.tenant.as_ref() == Some(tenant))
            && any_of(tags, |tag| event.tags.contains(tag))
    }

    /// Whether it takes some events of this action.
    pub(crate) fn may_take(&self, action: &str) -> bool {
        any_of(&self.prefixes, |prefix| action.starts_with(prefix.as_str()))
    }

    /// What is wrong with it, with what to do.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (kind, values) in
            [("action_prefix", &self.prefixes), ("tenant", &self.tenants), ("tag", &self.tags)]
        {
            if values.iter().any(|value| value.trim().is_empty()) {
                problems.push(format!(
                    "its filter has an empty {kind}: give it a text, or leave the condition out to take every event"
                ));
            }
        }
        for (prefix, text) in
            self.prefixes.iter().filter_map(|prefix| Some((prefix, prefix.strip_suffix('*')?)))
        {
            problems.push(format!("its filter's action_prefix {prefix:?} is no pattern: write {text:?}"));
        }
        problems
    }
}

/// No condition of a kind is none at all.
fn any_of<T>(values: &[T], holds: impl Fn(&T) -> bool) -> bool {
    values.is_empty() || values.iter().any(holds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Actor;

    /// A denied update of an invoice, tagged `billing` and `vip`, by somebody of acme.
    fn event() -> Event {
        Event::builder("invoice.update")
            .actor(Actor::user("ada").tenant("acme"))
            .outcome(Outcome::Denied)
            .tag("billing")
            .tag("vip")
            .build()
            .unwrap()
    }

    fn named(action: &'static str) -> Event {
        Event::builder(action).build().unwrap()
    }

    #[test]
    fn an_empty_filter_takes_everything() {
        assert!(Filter::any().takes(&event()));
        assert!(Filter::any().takes(&named("a")));
    }

    #[test]
    fn values_of_one_kind_are_alternatives() {
        assert!(Filter::any().action_prefix("payment.").action_prefix("invoice.").takes(&event()));
        assert!(Filter::any().outcome(Outcome::Success).outcome(Outcome::Denied).takes(&event()));
        assert!(Filter::any().tenant("umbrella").tenant("acme").takes(&event()));
        assert!(Filter::any().tag("security").tag("vip").takes(&event()));
    }

    #[test]
    fn conditions_of_different_kinds_must_all_hold() {
        let fitting =
            || Filter::any().action_prefix("invoice.").outcome(Outcome::Denied).tenant("acme").tag("vip");
        assert!(fitting().takes(&event()));
        let mut other = event();
        other.action = "payment.update".into();
        assert!(!fitting().takes(&other));
        let mut other = event();
        other.outcome = Outcome::Success;
        assert!(!fitting().takes(&other));
        let mut other = event();
        other.tenant = Some("umbrella".to_owned());
        assert!(!fitting().takes(&other));
        let mut other = event();
        other.tags = vec!["billing".to_owned()];
        assert!(!fitting().takes(&other));
    }

    #[test]
    fn a_prefix_with_its_dot_keeps_to_the_segment_and_one_without_does_not() {
        let takes = |prefix: &str, action| Filter::any().action_prefix(prefix).takes(&named(action));
        for action in ["invoice.update", "invoice.line.add"] {
            assert!(takes("invoice.", action), "{action}");
            assert!(takes("invoice", action), "{action}");
        }
        for action in ["invoice", "invoices.export", "invoice_template.delete"] {
            assert!(!takes("invoice.", action), "{action}");
            assert!(takes("invoice", action), "{action}");
        }
        assert!(!takes("invoice", "org.invoice.update"), "it begins elsewhere");
        assert!(!takes("Invoice.", "invoice.update"), "letters are compared as they are");
        assert!(takes("has change", "has change admin password"), "free text is text");
    }

    #[test]
    fn the_tenant_is_that_of_the_event_not_of_its_actor() {
        let mut event = event();
        event.tenant = Some("umbrella".to_owned());
        assert_eq!(event.actor.tenant.as_deref(), Some("acme"));
        assert!(Filter::any().tenant("umbrella").takes(&event));
        assert!(!Filter::any().tenant("acme").takes(&event));
        event.tenant = None;
        assert!(!Filter::any().tenant("acme").takes(&event), "an event without a tenant belongs to none");
    }

    #[test]
    fn what_can_only_be_a_mistake_is_a_problem_that_says_what_to_do() {
        assert!(Filter::any().action_prefix("invoice.").tenant("acme").tag("vip").problems().is_empty());
        assert_eq!(
            Filter::any().action_prefix("").tenant(" ").tag("").problems(),
            [
                "its filter has an empty action_prefix: give it a text, or leave the condition out to take every event",
                "its filter has an empty tenant: give it a text, or leave the condition out to take every event",
                "its filter has an empty tag: give it a text, or leave the condition out to take every event",
            ]
        );
        assert_eq!(
            Filter::any().action_prefix("invoice.*").problems(),
            [r#"its filter's action_prefix "invoice.*" is no pattern: write "invoice.""#]
        );
    }
}
