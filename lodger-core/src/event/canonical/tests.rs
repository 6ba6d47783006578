//! Canonical bytes, by hand and beside the reference.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::event::WriterId;
use crate::event::arbitrary::{nasty_event, nasty_value};

fn bytes_of(value: &Value) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = Vec::new();
    value::value(&mut bytes, value).map(|()| bytes)
}

fn text_of(value: &Value) -> String {
    String::from_utf8(bytes_of(value).unwrap()).unwrap()
}

#[test]
fn numbers_are_written_as_rfc_8785_appendix_b_writes_them() {
    for (bits, text) in [
        (0x0000_0000_0000_0000, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ] {
        assert_eq!(text_of(&json!(f64::from_bits(bits))), text);
    }
}

#[test]
fn integers_are_the_doubles_that_readers_take_them_for() {
    for (integer, text) in [
        (json!(0), "0"),
        (json!(-7), "-7"),
        (json!(10), "10"),
        (json!(9_007_199_254_740_991_i64), "9007199254740991"),
        (json!(9_007_199_254_740_993_i64), "9007199254740992"),
        (json!(i64::MIN), "-9223372036854776000"),
        (json!(u64::MAX), "18446744073709552000"),
    ] {
        assert_eq!(text_of(&integer), text);
    }
}

#[test]
fn texts_have_the_escapes_of_rfc_8785_section_3_2_2_2_and_no_others() {
    let text = "\u{20ac}$\u{f}\nA'B\"\\\"/\u{8}\t\u{c}\r\u{0}\u{1f}\u{7f}\u{80}\u{2028}😀";
    let expected = concat!(
        "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\"/\\b\\t\\f\\r\\u0000\\u001f\u{7f}\u{80}",
        "\u{2028}😀\""
    );
    assert_eq!(text_of(&json!(text)), expected);
}

#[test]
fn names_are_sorted_as_in_rfc_8785_section_3_2_3() {
    let value = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7, "": 8});
    let expected =
        "{\"\":8,\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}";
    assert_eq!(text_of(&value), expected);
    assert_eq!(value::order("a", "ab"), std::cmp::Ordering::Less);
    assert_eq!(value::order("ab", "ab"), std::cmp::Ordering::Equal);
}

#[test]
fn unknown_members_stand_at_their_place_at_every_level() {
    let text = concat!(
        r#"{"Zed":1,"action":"invoice.update","actor":{"Age":3,"id":"ada","kind":"anonymous","onBehalfOf":[{"id":"b","#,
        r#""kind":"service","zeal":null}],"tenantry":1},"changes":[{"after":null,"note":"x","op":"remove","path":"/a"}],"#,
        r#""id":"0199b1c0-0000-7000-8000-000000000001","idempotencyKey":"event_0199b1c0","#,
        r#""occurredAt":"-000001-12-31T23:59:59.999999Z","operation":{"id":"o","index":1,"of":2},"#,
        r#""origin":{"host":"h","rack":7},"outcome":"denied","previous":{"sequence":2,"#,
        r#""writer":"0199b1c0-0000-7000-8000-000000000003"},"prior":0,"request":{"ip":"2001:db8::1","ipSource":"socket","#,
        r#""status":404,"tls":"1.3"},"retention":"locked","sequel":[{}],"sequence":3,"target":{"id":"7","kind":"invoice","#,
        r#""shelf":2},"trimmed":[{"bytes":12,"name":"reason"}],"userVisible":true,"#,
        r#""writer":"0199b1c0-0000-7000-8000-000000000002","zoo":true}"#
    );
    let event: Event = serde_json::from_str(text).unwrap();
    assert_eq!(String::from_utf8(event.to_canonical_json().unwrap()).unwrap(), text);
}

#[test]
fn two_members_of_one_name_are_refused() {
    let mut event = Event::builder("a.b").build().unwrap();
    event.actor.extra.insert("id".into(), json!(1));
    let error = event.to_canonical_json().unwrap_err();
    assert_eq!(error.to_string(), "two members of the name id");
    // One that isn't there leaves its name to the unknown, unless the journal will add it.
    let mut event = Event::builder("a.b").build().unwrap();
    event.extra.insert("writer".into(), json!(1));
    assert!(event.to_canonical_json().is_ok());
    assert!(event.to_unplaced_json().is_err());
}

/// What the reference makes of it, or that it refuses.
fn reference(value: &impl serde::Serialize) -> Option<String> {
    serde_json_canonicalizer::to_string(value).ok()
}

fn ours(bytes: Result<Vec<u8>, serde_json::Error>) -> Option<String> {
    bytes.ok().map(|bytes| String::from_utf8(bytes).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_event_has_the_bytes_of_the_reference(event in nasty_event()) {
        prop_assert_eq!(ours(event.to_canonical_json()), reference(&event));
    }

    #[test]
    fn any_value_has_the_bytes_of_the_reference(value in nasty_value()) {
        prop_assert_eq!(ours(bytes_of(&value)), reference(&value));
    }

    #[test]
    fn any_double_has_the_text_of_the_reference(bits in any::<u64>()) {
        let double = json!(f64::from_bits(bits));
        prop_assert_eq!(ours(bytes_of(&double)), reference(&double));
    }

    #[test]
    fn names_are_ordered_by_their_utf_16_code_units(a in "[a\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}]{0,3}",
                                                    b in "[a\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}]{0,3}") {
        prop_assert_eq!(value::order(&a, &b), a.encode_utf16().cmp(b.encode_utf16()));
    }

    #[test]
    fn a_placed_event_has_the_bytes_of_one_that_had_its_place_from_the_start(
        event in nasty_event(),
        sequences in (any::<u64>(), proptest::option::of(any::<u64>())),
    ) {
        let writer = WriterId::from_bytes([7; 16]);
        let position = Position { writer, sequence: sequences.0 };
        let previous = sequences.1.map(|sequence| Position { writer, sequence });
        let placed = Event { position: Some(position), previous, ..event.clone() };
        let bytes = event.to_unplaced_json().ok().map(|unplaced| {
            let mut bytes = b"before".to_vec();
            unplaced.place(&mut bytes, position, previous);
            String::from_utf8(bytes).unwrap().split_off("before".len())
        });
        if let Some(bytes) = &bytes {
            prop_assert_eq!(Some(bytes.clone()), ours(placed.to_canonical_json()));
            let bare = Event { position: None, previous: None, ..event };
            let unplaced = bare.to_unplaced_json().unwrap();
            prop_assert_eq!(ours(Ok(unplaced.bytes().to_vec())), ours(bare.to_canonical_json()));
        } else {
            let taken = ["previous", "sequence", "writer"].iter().any(|name| event.extra.contains_key(*name));
            prop_assert!(taken || placed.to_canonical_json().is_err());
        }
    }
}
