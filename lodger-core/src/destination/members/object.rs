//! An object taken apart into its members, to be put together in another way.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{first, value_end};

/// As many members as an event has: most have fewer.
const USUAL: usize = 24;

/// The members of an object, in order. Names are without their quotes; both are escaped as in JSON.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(in crate::destination) struct Members<'a>(Vec<(&'a [u8], Cow<'a, [u8]>)>);

impl<'a> Members<'a> {
    /// The members of this object; `None` if it is none, or not canonical. What the values are is not looked into.
    pub(in crate::destination) fn of(object: &'a [u8]) -> Option<Self> {
        if object == b"{}" {
            return Some(Self::default());
        }
        let mut members = Vec::with_capacity(USUAL);
        let mut rest = object.strip_prefix(b"{")?;
        loop {
            let (name, value, behind) = first(rest)?;
            members.push((name, Cow::Borrowed(value)));
            if behind == b"}" {
                return Some(Self(members));
            }
            rest = behind.strip_prefix(b",")?;
        }
    }

    pub(in crate::destination) fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| *known == name.as_bytes()).map(|(_, value)| &**value)
    }

    /// Takes a member out. The name is plain ASCII.
    pub(in crate::destination) fn take(&mut self, name: &str) -> Option<Cow<'a, [u8]>> {
        let place = self.0.iter().position(|(known, _)| *known == name.as_bytes())?;
        Some(self.0.remove(place).1)
    }

    /// Puts a member in its place, instead of one of that name. The name is plain ASCII.
    pub(in crate::destination) fn insert(&mut self, name: &'a str, value: impl Into<Cow<'a, [u8]>>) {
        let name = name.as_bytes();
        match self.0.binary_search_by(|(known, _)| compare(known, name)) {
            Ok(place) => {
                if let Some(member) = self.0.get_mut(place) {
                    member.1 = value.into();
                }
            }
            Err(place) => self.0.insert(place, (name, value.into())),
        }
    }

    /// Takes an inner object out: no members, where it has none of that name.
    pub(in crate::destination) fn take_object(&mut self, name: &str) -> Option<Members<'a>> {
        match self.take(name) {
            None => Some(Members::default()),
            Some(Cow::Borrowed(object)) => Members::of(object),
            Some(Cow::Owned(_)) => None,
        }
    }

    /// Puts an inner object back, unless it has become empty.
    pub(in crate::destination) fn put_back(&mut self, name: &'a str, object: &Members<'_>) {
        if !object.0.is_empty() {
            self.insert(name, object.to_json());
        }
    }

    /// The object with these members.
    pub(in crate::destination) fn to_json(&self) -> Vec<u8> {
        let length: usize = self.0.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        let mut json = Vec::with_capacity(length + 2);
        json.push(b'{');
        for (place, (name, value)) in self.0.iter().enumerate() {
            json.extend_from_slice(if place == 0 { b"\"" } else { b",\"" });
            json.extend_from_slice(name);
            json.extend_from_slice(b"\":");
            json.extend_from_slice(value);
        }
        json.push(b'}');
        json
    }
}

/// An object of these members, which are in order; those without a value are left out.
impl<'a, const N: usize> From<[(&'a str, Option<Cow<'a, [u8]>>); N]> for Members<'a> {
    fn from(members: [(&'a str, Option<Cow<'a, [u8]>>); N]) -> Self {
        Self(members.into_iter().filter_map(|(name, value)| Some((name.as_bytes(), value?))).collect())
    }
}

/// The values in an array; `None` if it is none, or not canonical. What they are is not looked into.
pub(in crate::destination) fn elements(array: &[u8]) -> Option<Vec<&[u8]>> {
    let mut elements = Vec::new();
    let mut rest = array.strip_prefix(b"[")?;
    if rest == b"]" {
        return Some(elements);
    }
    loop {
        let (value, behind) = rest.split_at_checked(value_end(rest)?)?;
        elements.push(value);
        if behind == b"]" {
            return Some(elements);
        }
        rest = behind.strip_prefix(b",")?;
    }
}

/// In the order of canonical JSON, by UTF-16 code units: where one of the two is ASCII, that is the order of the bytes.
fn compare(known: &[u8], ascii: &[u8]) -> Ordering {
    let same = known.iter().zip(ascii).take_while(|(one, other)| one == other).count();
    if known.get(same) != Some(&b'\\') {
        return known.cmp(ascii);
    }
    let quoted = [b"\"", known, b"\""].concat();
    serde_json::from_slice(&quoted).map_or(Ordering::Greater, |known: String| known.as_bytes().cmp(ascii))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_comes_apart_and_together() {
        for json in [
            "{}",
            r#"{"a":1}"#,
            r#"{"a":{"b":[1,{"c":"}\"]"}]},"d\n":"\\","e":"\\\"","f":[],"ü":null}"#,
            r#"{"":"","a":-1.5e+21,"b":true}"#,
        ] {
            assert_eq!(
                Members::of(json.as_bytes()).map(|members| members.to_json()).as_deref(),
                Some(json.as_bytes())
            );
        }
    }

    #[test]
    fn what_is_no_canonical_object_is_none() {
        for json in [
            "",
            "{",
            "[]",
            "1",
            "{}}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1"#,
            r#"{"a":1,}"#,
            r#"{"a":"1}"#,
            r#"{"a":[1}"#,
            r#"{"a":1]}"#,
            r#"{"a":1, "b":2}"#,
            r#"{ "a":1}"#,
            r#"{"a":1} "#,
            r#"{a:1}"#,
        ] {
            assert_eq!(Members::of(json.as_bytes()), None, "{json}");
        }
    }

    #[test]
    fn an_array_comes_apart() {
        let texts = |array: &'static str| {
            elements(array.as_bytes()).map(|values| {
                values.into_iter().map(|value| std::str::from_utf8(value).unwrap()).collect::<Vec<_>>()
            })
        };
        assert_eq!(texts("[]"), Some(vec![]));
        assert_eq!(
            texts(r#"[1,"],",{"a":[2,{}]},[[]],null]"#).unwrap(),
            ["1", r#""],""#, r#"{"a":[2,{}]}"#, "[[]]", "null"]
        );
        for none in ["", "[", "{}", "[1", "[1,]", "[,1]", "[1}", "[1]]", "[1] ", "1", r#"["]"#] {
            assert_eq!(texts(none), None, "{none}");
        }
    }

    #[test]
    fn a_member_is_put_in_the_order_of_utf_16() {
        // Behind both, and before what begins beyond the Basic Multilingual Plane, which is 0xd83d in UTF-16.
        let json = r#"{"b\n":1,"b\"":2,"bC":3,"c":4,"😀":5}"#;
        let mut members = Members::of(json.as_bytes()).unwrap();
        for name in ["a", "bA", "bZ", "c", "z"] {
            members.insert(name, b"0".as_slice());
        }
        assert_eq!(
            String::from_utf8(members.to_json()).unwrap(),
            r#"{"a":0,"b\n":1,"b\"":2,"bA":0,"bC":3,"bZ":0,"c":0,"z":0,"😀":5}"#
        );
    }
}
