use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn is_canonical(text: &str) -> bool {
    let mut reader = Reader::new(text);
    reader.value().is_some_and(|value| value == text) && reader.end().is_some()
}

/// The long way: parsed and written again.
fn comes_out_as_it_went_in(text: &str) -> bool {
    let value = serde_json::from_str::<Value>(text);
    value.is_ok_and(|value| serde_json_canonicalizer::to_string(&value).is_ok_and(|again| again == text))
}

#[test]
fn what_rfc_8785_writes_is_canonical() {
    let texts = [
        "null",
        "true",
        "false",
        "{}",
        "[]",
        r#""""#,
        "0",
        "-1",
        "123456789012345",
        "9007199254740992",
        "333333333.3333333",
        "1e+30",
        "4.5",
        "0.002",
        "1e-27",
        "100000000000000000000",
        "1e+21",
        "5e-324",
        "-1.7976931348623157e+308",
        "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\u{2028}\"",
        r#""\b\t\n\f\r\u0000\u000b\u001f""#,
        r#"{"a":[1,{"b":null}],"b":{},"c":[[],""]}"#,
        // The example of RFC 8785 section 3.2.3.
        "{\"\\r\":1,\"1\":2,\"\u{80}\":3,\"\u{f6}\":4,\"\u{20ac}\":5,\"\u{1f600}\":6,\"\u{fb33}\":7}",
    ];
    for text in texts {
        assert!(is_canonical(text), "{text}");
        assert!(comes_out_as_it_went_in(text), "{text}");
    }
}

#[test]
fn what_it_would_write_differently_is_not_canonical() {
    let texts = [
        "",
        " 1",
        "1 ",
        "1,",
        "tru",
        "truee",
        "{",
        "[1",
        "[1,]",
        "[,1]",
        "[1 ,2]",
        "{\"a\":1,}",
        "{\"a\": 1}",
        "{\"a\"}",
        "{a:1}",
        r#"{"b":1,"a":2}"#,
        r#"{"a":1,"a":2}"#,
        "{\"\u{fb33}\":1,\"\u{1f600}\":2}",
        "01",
        "-0",
        "-",
        "+1",
        "1.0",
        "1.50",
        "1e2",
        "1E+21",
        "1e21",
        "1e400",
        ".5",
        "5.",
        "inf",
        "9007199254740993",
        "18446744073709551615",
        "0.30000000000000001",
        "\"",
        "\"\n\"",
        r#""\/""#,
        r#""\u0041""#,
        r#""\u000a""#,
        r#""\u000B""#,
        r#""\u007f""#,
        r#""\ud83d\ude00""#,
        r#""\x""#,
        r#""\u00""#,
        "\"\\",
    ];
    for text in texts {
        assert!(!is_canonical(text), "{text}");
        assert!(!comes_out_as_it_went_in(text), "{text}");
    }
}

#[test]
fn nesting_has_an_end() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(is_canonical(&nested(127)) && comes_out_as_it_went_in(&nested(127)));
    assert!(!is_canonical(&nested(100_000)));
}

/// Values with everything that can be written in more than one way.
fn any_value() -> impl Strategy<Value = Value> {
    let name = "[a-c~/\"\\\\\u{1}\u{e000}\u{1f600}é]{0,3}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-1_000_000..1_000_000_i64).prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
        name.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..5).prop_map(|map| map.into_iter().collect::<Value>()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn one_pass_says_what_the_long_way_says(value in any_value(), at in any::<prop::sample::Index>(), put in "\\PC|[0-9eE+.,:{}\\[\\]\"\\\\a-f \n-]") {
        let text = serde_json_canonicalizer::to_string(&value).unwrap();
        prop_assert!(is_canonical(&text), "{text}");
        // One character put in, and one taken away, most often make another text of it, but not always.
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let place = places[at.index(places.len())];
        let mut more = text.clone();
        more.insert_str(place, &put);
        prop_assert_eq!(is_canonical(&more), comes_out_as_it_went_in(&more), "{}", more);
        if place < text.len() {
            let mut less = text.clone();
            less.remove(place);
            prop_assert_eq!(is_canonical(&less), comes_out_as_it_went_in(&less), "{}", less);
        }
    }
}
