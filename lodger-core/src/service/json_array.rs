//! The elements of a JSON array, one by one, while it arrives.

use std::mem::take;

/// The longest element that is gathered, in bytes. No service documents a limit; this is 128 times the largest event of
/// this crate ([`MAX_EVENT_BYTES`](crate::event::limits::MAX_EVENT_BYTES)), and nothing that hurts.
pub(crate) const MAX_ELEMENT: usize = 8 * 1024 * 1024;

/// Cuts an array (RFC 8259 section 5) into its elements. Where they end is all that it knows: whether an element is JSON is
/// for its reader to say, and text that is none is an element that can't be read, or an array that doesn't end.
///
/// Commas, brackets, quotes and backslashes are ASCII, and no byte of another character looks like one of them: parts may
/// end anywhere.
#[derive(Debug, Default)]
pub(crate) struct JsonArray {
    place: Place,
    /// Brackets and braces that are open in the element.
    depth: usize,
    in_string: bool,
    escaped: bool,
    element: Vec<u8>,
    /// Elements that ended so far.
    count: u64,
}

#[derive(Debug, Default, PartialEq)]
enum Place {
    #[default]
    Before,
    Inside,
    Behind,
}

/// What arrives is no JSON array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoArray {
    #[error("it is no JSON array")]
    Other,
    #[error("it ends before the JSON array does")]
    Truncated,
    #[error("something stands behind the JSON array")]
    Behind,
    #[error("an element is longer than {MAX_ELEMENT} bytes")]
    TooLong,
}

impl JsonArray {
    /// Adds the elements that end in this part; before an error, those in front of it.
    pub(crate) fn read(&mut self, part: &[u8], elements: &mut Vec<Vec<u8>>) -> Result<(), NoArray> {
        let mut from = 0;
        for (at, &byte) in part.iter().enumerate() {
            match self.place {
                Place::Inside if self.in_string => match byte {
                    _ if take(&mut self.escaped) => {}
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                },
                Place::Inside => match byte {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' if self.depth > 0 => self.depth -= 1,
                    b',' | b']' if self.depth == 0 => {
                        self.gather(part.get(from..at))?;
                        from = at + 1;
                        let last = byte == b']';
                        let element = take(&mut self.element);
                        if last {
                            self.place = Place::Behind;
                        }
                        if !(last && self.count == 0 && element.trim_ascii().is_empty()) {
                            self.count += 1;
                            elements.push(element);
                        }
                    }
                    _ => {}
                },
                _ if byte.is_ascii_whitespace() => {}
                Place::Before if byte == b'[' => {
                    self.place = Place::Inside;
                    from = at + 1;
                }
                Place::Before => return Err(NoArray::Other),
                Place::Behind => return Err(NoArray::Behind),
            }
        }
        if self.place == Place::Inside {
            self.gather(part.get(from..))?;
        }
        Ok(())
    }

    /// Whether the array has ended.
    pub(crate) fn end(&self) -> Result<(), NoArray> {
        if self.place == Place::Behind { Ok(()) } else { Err(NoArray::Truncated) }
    }

    fn gather(&mut self, more: Option<&[u8]>) -> Result<(), NoArray> {
        let more = more.unwrap_or_default();
        if self.element.len() + more.len() > MAX_ELEMENT {
            return Err(NoArray::TooLong);
        }
        self.element.extend_from_slice(more);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// What comes out of the text in parts of this length, and how it ends.
    fn cut(text: &[u8], length: usize) -> (Vec<String>, Result<(), NoArray>) {
        let (mut array, mut elements) = (JsonArray::default(), Vec::new());
        let read = text.chunks(length).try_for_each(|part| array.read(part, &mut elements));
        let elements = elements.into_iter().map(|element| String::from_utf8(element).unwrap());
        (elements.collect(), read.and_then(|()| array.end()))
    }

    #[test]
    fn an_array_comes_apart_wherever_its_parts_end() {
        let elements = [
            r#"{"a":[1,{"b":"],}"}]}"#,
            "null",
            r#""\"],[\\""#,
            r#""\\""#,
            "-1.5e3",
            "[]",
            r#"{"ü":"😀, \u00fc\\\""}"#,
            r#" {"spaced" : [ ] } "#,
        ];
        let text = format!(" \r\n\t[{}] \n", elements.join(","));
        for length in 1..=text.len() {
            assert_eq!(
                cut(text.as_bytes(), length),
                (elements.map(str::to_owned).into(), Ok(())),
                "{length}"
            );
        }
    }

    #[test]
    fn an_empty_array_has_no_elements() {
        for text in ["[]", " [ \n] "] {
            for length in 1..=text.len() {
                assert_eq!(cut(text.as_bytes(), length), (vec![], Ok(())), "{text:?}");
            }
        }
    }

    #[test]
    fn what_breaks_off_is_no_end() {
        let whole = r#"[{"a":"b\"]"},[1]]"#;
        for end in 0..whole.len() {
            let (_, outcome) = cut(&whole.as_bytes()[..end], 3);
            assert_eq!(outcome, Err(NoArray::Truncated), "{}", &whole[..end]);
        }
    }

    #[test]
    fn what_is_no_array_is_told_at_once() {
        for text in [r#"{"error":"x"}"#, "null", "<html>", "\u{feff}[]", "\"[]\"", "]"] {
            assert_eq!(cut(text.as_bytes(), 2), (vec![], Err(NoArray::Other)), "{text}");
        }
        assert_eq!(cut(b"[1]]", 2), (vec!["1".to_owned()], Err(NoArray::Behind)));
        assert_eq!(cut(b"[] []", 1).1, Err(NoArray::Behind));
    }

    /// The commas of no array: they come out as elements that no reader takes.
    #[test]
    fn an_element_that_is_missing_is_one_that_can_not_be_read() {
        for text in ["[1,]", "[,]", "[,1]", "[1,,2]", "[1 2]", "[{]", "[}]", "[\u{1}]"] {
            let (elements, end) = cut(text.as_bytes(), 1);
            let unreadable = elements.iter().any(|element| serde_json::from_str::<Value>(element).is_err());
            assert!(unreadable || end.is_err(), "{text}");
        }
    }

    #[test]
    fn an_element_has_a_longest_length() {
        let longest = format!("[\"{}\"]", "x".repeat(MAX_ELEMENT - 2));
        assert_eq!(cut(longest.as_bytes(), 64 * 1024).1, Ok(()));
        let longer = format!("[\"{}\"]", "x".repeat(MAX_ELEMENT - 1));
        assert_eq!(cut(longer.as_bytes(), 64 * 1024).1, Err(NoArray::TooLong));
        let spaces = format!("[{}", " ".repeat(MAX_ELEMENT + 1));
        assert_eq!(cut(spaces.as_bytes(), 64 * 1024).1, Err(NoArray::TooLong));
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            "[\\PC\"\\\\\\[\\]{},\n]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[\\PC\"\\\\]{0,4}", inner, 0..4)
                    .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_stands_in_an_array_comes_out_of_it(
            elements in prop::collection::vec(json(), 0..6),
            length in 1_usize..40,
            pretty: bool,
        ) {
            let array = Value::from(elements.clone());
            let text = if pretty { format!("{array:#}") } else { array.to_string() };
            let (cut, end) = cut(text.as_bytes(), length);
            let read: Vec<Value> = cut.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
            prop_assert_eq!((read, end), (elements, Ok(())));
        }

        #[test]
        fn garbage_never_panics(garbage in prop::collection::vec(any::<u8>(), 0..200), length in 1_usize..9) {
            let (mut array, mut elements) = (JsonArray::default(), Vec::new());
            let read = garbage.chunks(length).try_for_each(|part| array.read(part, &mut elements));
            // What comes out is no more than what went in.
            prop_assert!(elements.iter().map(Vec::len).sum::<usize>() <= garbage.len(), "{:?}", read);
        }
    }
}
