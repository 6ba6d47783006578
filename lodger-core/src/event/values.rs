//! Which JSON values an event can hold without changing them.

use serde_json::{Number, Value};

/// How serde_json passes numbers and raw texts through serde under its features `arbitrary_precision` and
/// `raw_value` (constants `TOKEN` in its `number.rs` and `raw.rs`). An object with such a member would read back as
/// something else than what was written.
const PRIVATE_NAMES: [&str; 2] = ["$serde_json::private::Number", "$serde_json::private::RawValue"];

/// The largest integer up to which every integer has a double of its own (2^53; RFC 8785 section 3.2.2.3 and
/// appendix D, RFC 7493 section 2.2).
pub(super) const MAX_INTEGER: u64 = 1 << 53;

/// From here on canonical JSON writes numbers with an exponent (ECMA-262 section 6.1.6.1.20), so that they read
/// back as doubles; integral numbers below it are written and read back as integers.
const EXPONENT_FROM: f64 = 1e21;

/// Whether serde_json gives a member of this name a meaning of its own.
pub(super) fn is_private_name(name: &str) -> bool {
    name.starts_with('$') && PRIVATE_NAMES.contains(&name)
}

/// Whether canonical JSON would keep the number.
pub(super) fn is_exact(number: &Number) -> bool {
    if let Some(integer) = number.as_i64() {
        return integer.unsigned_abs() <= MAX_INTEGER;
    }
    if number.is_u64() {
        return false;
    }
    // Integers beyond 64 bits are no `f64` to serde_json under `arbitrary_precision`.
    if !number.is_f64() {
        return false;
    }
    #[expect(clippy::cast_precision_loss, reason = "2^53 is exact")]
    let max = MAX_INTEGER as f64;
    number.as_f64().is_some_and(|number| {
        let size = number.abs();
        size <= max || (EXPONENT_FROM..=f64::MAX).contains(&size)
    })
}

/// Takes a value apart without recursion, because dropping a value nested a million deep would overflow the stack,
/// and says about how many bytes of JSON it was.
pub(crate) fn dismantle(value: Value) -> usize {
    let mut bytes: usize = 0;
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        bytes = bytes.saturating_add(2);
        match value {
            Value::Array(items) => rest.extend(items),
            Value::Object(members) => {
                for (name, value) in members {
                    bytes = bytes.saturating_add(name.len()).saturating_add(3);
                    rest.push(value);
                }
            }
            Value::String(text) => bytes = bytes.saturating_add(text.len()),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn exact(value: &Value) -> bool {
        is_exact(value.as_number().unwrap())
    }

    #[test]
    fn integers_up_to_two_to_the_53_are_exact() {
        assert!(exact(&json!(9_007_199_254_740_992_u64)));
        assert!(exact(&json!(-9_007_199_254_740_992_i64)));
        assert!(!exact(&json!(9_007_199_254_740_993_u64)));
        assert!(!exact(&json!(-9_007_199_254_740_993_i64)));
        assert!(!exact(&json!(u64::MAX)));
    }

    #[test]
    fn a_large_double_is_exact_unless_its_text_is_an_integer() {
        assert!(exact(&json!(0.1)));
        assert!(exact(&json!(1e300)));
        assert!(exact(&json!(1e21)));
        // Canonical JSON writes 10000000000000000, which reads back as an integer beyond 2^53.
        assert!(!exact(&json!(1e16)));
    }
}
