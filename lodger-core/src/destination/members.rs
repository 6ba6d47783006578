//! Canonical JSON in parts: the members of an object as the text that they are, to be put together in another way.
//!
//! Canonical JSON (RFC 8785) has no white space, and its members are in order. A part of it is canonical too.

use std::borrow::Cow;
use std::cmp::Ordering;

use memchr::memchr2;

/// As many members as an event has: most have fewer.
const USUAL: usize = 24;

/// The members of an object, in order. Names are without their quotes; both are escaped as in JSON.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Members<'a>(Vec<(&'a [u8], Cow<'a, [u8]>)>);

impl<'a> Members<'a> {
    /// The members of this object; `None` if it is none, or not canonical. What the values are is not looked into.
    pub(super) fn of(object: &'a [u8]) -> Option<Self> {
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

    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| *known == name.as_bytes()).map(|(_, value)| &**value)
    }

    /// Takes a member out. The name is plain ASCII.
    pub(super) fn take(&mut self, name: &str) -> Option<Cow<'a, [u8]>> {
        let place = self.0.iter().position(|(known, _)| *known == name.as_bytes())?;
        Some(self.0.remove(place).1)
    }

    /// Puts a member in its place, instead of one of that name. The name is plain ASCII.
    pub(super) fn insert(&mut self, name: &'a str, value: impl Into<Cow<'a, [u8]>>) {
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
    pub(super) fn take_object(&mut self, name: &str) -> Option<Members<'a>> {
        match self.take(name) {
            None => Some(Members::default()),
            Some(Cow::Borrowed(object)) => Members::of(object),
            Some(Cow::Owned(_)) => None,
        }
    }

    /// Puts an inner object back, unless it has become empty.
    pub(super) fn put_back(&mut self, name: &'a str, object: &Members<'_>) {
        if !object.0.is_empty() {
            self.insert(name, object.to_json());
        }
    }

    /// The object with these members.
    pub(super) fn to_json(&self) -> Vec<u8> {
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

/// The value of one member of an object in canonical JSON. What stands behind it is not looked at.
pub(super) fn find<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut rest = object.strip_prefix(b"{")?;
    loop {
        let (known, value, behind) = first(rest)?;
        if known == name.as_bytes() {
            return Some(value);
        }
        rest = behind.strip_prefix(b",")?;
    }
}

/// The text of a string; `None` where the value is none.
pub(super) fn text(value: &[u8]) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inner.contains(&b'\\') {
        serde_json::from_slice(value).ok().map(Cow::Owned)
    } else {
        std::str::from_utf8(inner).ok().map(Cow::Borrowed)
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

/// The first member of what stands behind an object's brace: its name, its value, and what stands behind that.
fn first(members: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let text = members.strip_prefix(b"\"")?;
    let (name, behind) = text.split_at_checked(quote(text)?)?;
    let behind = behind.strip_prefix(b"\":")?;
    let (value, behind) = behind.split_at_checked(value_end(behind)?)?;
    Some((name, value, behind))
}

/// Where a string ends.
fn quote(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let place = from + memchr2(b'"', b'\\', text.get(from..)?)?;
        if text.get(place) == Some(&b'"') {
            return Some(place);
        }
        from = place + 2;
    }
}

/// Where a value ends that stands in an object.
fn value_end(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut place) = (0_usize, 0);
    loop {
        match bytes.get(place)? {
            b'"' => place += 1 + quote(bytes.get(place + 1..)?)?,
            b'{' | b'[' => depth += 1,
            b',' | b'}' if depth == 0 => return (place > 0).then_some(place),
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        place += 1;
    }
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

    #[test]
    fn a_text_is_read_with_its_escapes() {
        assert_eq!(text(r#""ü""#.as_bytes()).as_deref(), Some("ü"));
        assert_eq!(text(br#""a\"\n\u001f""#).as_deref(), Some("a\"\n\u{1f}"));
        assert_eq!((text(b"1"), text(b"\""), text(b"null")), (None, None, None));
    }
}
