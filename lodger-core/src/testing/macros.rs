//! The assertions' short form.

/// Fails the test unless an audit event was captured that fits; answers with the first that does.
///
/// ```
/// use lodger_core::{assert_audited, audited, testing};
///
/// #[audited("invoice.update", actor = lodger_core::event::Actor::user("ada"), target(invoice = id), fields(amount))]
/// fn update(id: u64, amount: u32) {}
///
/// let audit = testing::capture();
/// update(7, 2900);
///
/// let event = assert_audited!(
///     audit,
///     "invoice.update",
///     actor = "ada",
///     target = ("invoice", "7"),
///     outcome = success,
///     fields(amount = 2900),
///     times = 1,
/// );
/// assert_eq!(event.changes, []);
/// ```
///
/// Everything behind the action may be left out, and stands in any order. What isn't named may be anything.
///
/// | written | expects |
/// | --- | --- |
/// | `actor = "ada"`, `actor = Actor::service("worker")` | the actor's id, or everything that the actor says |
/// | `target = ("invoice", 7)`, `related = ("order", 1)` | kind and id; `related` may stand more than once |
/// | `outcome = success` | `success`, `failure`, `denied` or `unknown` |
/// | `fields(amount = 2900, note = "paid")` | these members of the metadata; the others may be anything |
/// | `tenant = …`, `reason = …`, `description = …`, `source = …` | this text |
/// | `tags = ["a", "b"]` | these tags and perhaps others |
/// | `user_visible = true` | whether the customer may see it |
/// | `request_id = …`, `trace_id = …`, `method = "PUT"`, `route = "/invoices/{id}"`, `status = 200` | the request |
/// | `times = 2` | exactly two such events. Default: at least one |
///
/// Values are anything that is `Serialize`; `None::<&str>` and `()` say that the event must not have it. Ids compare as
/// texts: `7` is `"7"`.
///
/// # Panics
///
/// When no event fits: with what was expected, the closest event field by field, and all that were captured.
#[macro_export]
macro_rules! assert_audited {
    ($audit:expr, $key:ident = $($rest:tt)*) => {
        ::core::compile_error!("the action comes first: assert_audited!(audit, \"invoice.update\", actor = \"ada\")")
    };
    ($audit:expr, $action:expr $(, $($rest:tt)*)?) => {
        $audit.assert_audited($crate::__expected!(audited ($crate::testing::Expected::action($action)) $($($rest)*)?))
    };
    ($audit:expr $(,)?) => {
        ::core::compile_error!("name the action: assert_audited!(audit, \"invoice.update\", actor = \"ada\")")
    };
}

/// Fails the test if an audit event was captured that fits. Written like [`assert_audited!`](crate::assert_audited);
/// without an action it is about every event.
///
/// ```
/// use lodger_core::{assert_not_audited, testing};
///
/// let audit = testing::capture();
/// assert_not_audited!(audit, "invoice.delete");
/// assert_not_audited!(audit, "invoice.update", actor = "eve");
/// assert_not_audited!(audit);
/// ```
///
/// # Panics
///
/// When one does: with the events that should not be there, and all that were captured.
#[macro_export]
macro_rules! assert_not_audited {
    ($audit:expr, $key:ident = $($rest:tt)*) => {
        ::core::compile_error!("the action comes first: assert_not_audited!(audit, \"invoice.update\", actor = \"ada\")")
    };
    ($audit:expr, $action:expr $(, $($rest:tt)*)?) => {
        $audit.assert_not_audited(
            $crate::__expected!(not_audited ($crate::testing::Expected::action($action)) $($($rest)*)?),
        )
    };
    ($audit:expr $(,)?) => {
        $audit.assert_not_audited($crate::testing::Expected::anything())
    };
}

/// Turns what stands behind the action into calls of [`Expected`](crate::testing::Expected).
#[doc(hidden)]
#[macro_export]
macro_rules! __expected {
    ($mode:ident ($so_far:expr)) => { $so_far };
    ($mode:ident ($so_far:expr) outcome = success $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far.outcome($crate::event::Outcome::Success)) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) outcome = failure $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far.outcome($crate::event::Outcome::Failure)) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) outcome = denied $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far.outcome($crate::event::Outcome::Denied)) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) outcome = unknown $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far.outcome($crate::event::Outcome::Unknown)) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) outcome = $($rest:tt)*) => {
        ::core::compile_error!("the outcome is one of: outcome = success, failure, denied, unknown")
    };
    (not_audited ($so_far:expr) times = $($rest:tt)*) => {
        ::core::compile_error!("assert_not_audited! expects none; assert_audited! takes times = 2")
    };
    (audited ($so_far:expr) times = 0 $($rest:tt)*) => {
        ::core::compile_error!("assert_audited! expects an event; say that none fits with assert_not_audited!")
    };
    ($mode:ident ($so_far:expr) times = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far.times($value)) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) fields() $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) fields($name:ident = $value:expr $(, $($fields:tt)*)?) $($rest:tt)*) => {
        $crate::__expected!(
            $mode ($so_far.field(::core::stringify!($name), &$value)) fields($($($fields)*)?) $($rest)*
        )
    };
    ($mode:ident ($so_far:expr) fields($name:literal = $value:expr $(, $($fields:tt)*)?) $($rest:tt)*) => {
        $crate::__expected!($mode ($so_far.field($name, &$value)) fields($($($fields)*)?) $($rest)*)
    };
    ($mode:ident ($so_far:expr) fields $($rest:tt)*) => {
        ::core::compile_error!("write the fields like fields(amount = 2900, \"a name\" = \"a text\")")
    };
    ($mode:ident ($so_far:expr) actor = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far.actor(&$value)) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) target = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far.target(&$value)) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) related = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far.related(&$value)) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) tenant = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far.tenant(&$value)) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) reason = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far.reason(&$value)) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) description = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far.description(&$value)) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) tags = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far.tags(&$value)) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) user_visible = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far.user_visible($value)) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) source = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far.source(&$value)) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) request_id = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far.request_id(&$value)) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) trace_id = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far.trace_id(&$value)) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) method = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far.method(&$value)) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) route = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far.route(&$value)) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) status = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__expected!($mode ($so_far.status(&$value)) $($($rest)*)?)
    };
    ($mode:ident ($so_far:expr) $key:ident $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "`", ::core::stringify!($key), "` can't be expected of an audit event; what can: actor, target, related, \
             tenant, outcome, reason, description, tags, user_visible, source, request_id, trace_id, method, route, \
             status (each written key = value), fields(name = value), times = n"
        ))
    };
    ($mode:ident ($so_far:expr) $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "expected key = value, such as actor = \"ada\", not `", ::core::stringify!($($rest)*), "`"
        ))
    };
}
