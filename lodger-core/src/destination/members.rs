//! Canonical JSON in parts: the members of an object as the text that they are, to be put together in another way.
//!
//! Canonical JSON (RFC 8785) has no white space, and its members are in order. A part of it is canonical too.

use std::borrow::Cow;
use std::cmp::Ordering;

/// The members of an object, in order. Names are without their quotes; both are escaped as in JSON.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Members<'a>(Vec<(&'a str, Cow<'a, str>)>);

impl<'a> Members<'a> {
    /// The members of this object; `None` if it is none, or not canonical. What the values are is not looked into.
    pub(super) fn of(object: &'a str) -> Option<Self> {
        let mut rest = object.strip_prefix('{')?;
        let mut members = Vec::new();
        if rest == "}" {
            return Some(Self(members));
        }
        loop {
            let (name, behind) = until_quote(rest.strip_prefix('"')?)?;
            let behind = behind.strip_prefix(':')?;
            let (value, behind) = behind.split_at_checked(value_end(behind)?)?;
            members.push((name, Cow::Borrowed(value)));
            if behind == "}" {
                return Some(Self(members));
            }
            rest = behind.strip_prefix(',')?;
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| &**value)
    }

    /// Takes a member out. The name is plain ASCII.
    pub(super) fn take(&mut self, name: &str) -> Option<Cow<'a, str>> {
        let place = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.remove(place).1)
    }

    /// Puts a member in its place, instead of one of that name. The name is plain ASCII.
    pub(super) fn insert(&mut self, name: &'a str, value: impl Into<Cow<'a, str>>) {
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
    pub(super) fn to_json(&self) -> String {
        let length: usize = self.0.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        let mut json = String::with_capacity(length + 2);
        json.push('{');
        for (place, (name, value)) in self.0.iter().enumerate() {
            json.push_str(if place == 0 { "\"" } else { ",\"" });
            json.push_str(name);
            json.push_str("\":");
            json.push_str(value);
        }
        json.push('}');
        json
    }
}

/// An object of these members, which are in order; those without a value are left out.
impl<'a, const N: usize> From<[(&'a str, Option<Cow<'a, str>>); N]> for Members<'a> {
    fn from(members: [(&'a str, Option<Cow<'a, str>>); N]) -> Self {
        Self(members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
    }
}

/// The value of one member of an object in canonical JSON. What stands behind it is not looked at.
pub(super) fn find<'a>(object: &'a [u8], name: &str) -> Option<&'a str> {
    let mut rest = std::str::from_utf8(object).ok()?.strip_prefix('{')?;
    loop {
        let (known, behind) = until_quote(rest.strip_prefix('"')?)?;
        let behind = behind.strip_prefix(':')?;
        let (value, behind) = behind.split_at_checked(value_end(behind)?)?;
        if known == name {
            return Some(value);
        }
        rest = behind.strip_prefix(',')?;
    }
}

/// The text of a string; `None` where the value is none.
pub(super) fn text(value: &str) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str(value).ok().map(Cow::Owned) } else { Some(inner.into()) }
}

/// In the order of canonical JSON, by UTF-16 code units: where one of the two is ASCII, that is the order of the bytes.
fn compare(known: &str, ascii: &str) -> Ordering {
    if !known.contains('\\') {
        return known.cmp(ascii);
    }
    serde_json::from_str(&format!("\"{known}\""))
        .map_or(Ordering::Greater, |known: String| (*known).cmp(ascii))
}

/// What stands before the end of a string, and what behind it.
fn until_quote(text: &str) -> Option<(&str, &str)> {
    let end = quote(text.as_bytes())?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

/// Where a string ends.
fn quote(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|&byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// Where a value ends that stands in an object.
fn value_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
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
            assert_eq!(Members::of(json).map(|members| members.to_json()).as_deref(), Some(json));
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
            assert_eq!(Members::of(json), None, "{json}");
        }
    }

    #[test]
    fn a_member_is_put_in_the_order_of_utf_16() {
        // Behind both, and before what begins beyond the Basic Multilingual Plane, which is 0xd83d in UTF-16.
        let json = r#"{"b\n":1,"b\"":2,"bC":3,"c":4,"😀":5}"#;
        let mut members = Members::of(json).unwrap();
        for name in ["a", "bA", "bZ", "c", "z"] {
            members.insert(name, "0");
        }
        assert_eq!(members.to_json(), r#"{"a":0,"b\n":1,"b\"":2,"bA":0,"bC":3,"bZ":0,"c":0,"z":0,"😀":5}"#);
    }

    #[test]
    fn a_text_is_read_with_its_escapes() {
        assert_eq!(text(r#""ü""#).as_deref(), Some("ü"));
        assert_eq!(text(r#""a\"\n\u001f""#).as_deref(), Some("a\"\n\u{1f}"));
        assert_eq!((text("1"), text(r#"""#), text("null")), (None, None, None));
    }
}
