//! Which values of an event are personal.
//!
//! That follows from their place in the event alone, so everybody who has the event knows it: [`find`] is the list.
//! Of an actor everything is personal but its kind and tenant, of a target everything but its kind: also members
//! that this version doesn't know. The format is in `docs/store-format.md`.

use crate::canonical::Reader;

/// An event's canonical text, and where its personal values are.
#[derive(Debug)]
pub(crate) struct Layout<'a> {
    pub(crate) text: &'a str,
    /// The event's id; empty when it has none.
    pub(crate) id: &'a str,
    /// Every personal value, in the order of the text.
    pub(crate) personal: Vec<Personal<'a>>,
}

/// A personal value.
#[derive(Debug)]
pub(crate) struct Personal<'a> {
    /// The name of the member that it is the value of, as it stands in the text.
    name: &'a str,
    /// Its path (JSON Pointer, RFC 6901) as JSON has it: with JSON's escapes, without quotes.
    pub(crate) path: String,
    /// Where it begins in the text.
    pub(crate) at: usize,
    /// The value as it stands in the text.
    pub(crate) value: &'a str,
}

/// Tells by its name whether a member is personal.
type IsPersonal = fn(&str) -> bool;

const OF_ACTOR: IsPersonal = |name| !matches!(name, "kind" | "tenant");
const OF_TARGET: IsPersonal = |name| name != "kind";
const OF_REQUEST: IsPersonal = |name| matches!(name, "ip" | "userAgent" | "session");

/// Finds the personal values of an event. `None` when the text is not one object in canonical JSON.
pub(crate) fn find(text: &str) -> Option<Layout<'_>> {
    let (mut id, mut personal) = ("", Vec::with_capacity(8));
    // Of the metadata what the event names itself, which comes later in the text.
    let (mut metadata, mut named) = (Vec::new(), Vec::new());
    let mut reader = Reader::new(text);
    reader.object(|reader, name| match name {
        "actor" => members(reader, "/actor", OF_ACTOR, &mut personal),
        "target" => members(reader, "/target", OF_TARGET, &mut personal),
        "request" => members(reader, "/request", OF_REQUEST, &mut personal),
        "related" if reader.peek()? == b'[' => reader
            .array(|reader, place| members(reader, &format!("/related/{place}"), OF_TARGET, &mut personal)),
        "metadata" => members(reader, "/metadata", |_| true, &mut metadata),
        "personal" if reader.peek()? == b'[' => reader.array(|reader, _| {
            named.extend(unquoted(reader.value()?));
            Some(())
        }),
        "description" | "reason" | "changes" => {
            personal.push(Personal::read(reader, "", name)?);
            Some(())
        }
        "id" => {
            id = unquoted(reader.value()?).unwrap_or_default();
            Some(())
        }
        _ => reader.value().map(drop),
    })?;
    reader.end()?;
    named.sort_unstable();
    metadata.retain(|value| named.binary_search(&value.name).is_ok());
    if !metadata.is_empty() {
        personal.append(&mut metadata);
        personal.sort_by_key(|value| value.at);
    }
    Some(Layout { text, id, personal })
}

/// Reads those members of an object that are personal. What is not an object has none.
fn members<'a>(
    reader: &mut Reader<'a>,
    at: &str,
    is_personal: IsPersonal,
    found: &mut Vec<Personal<'a>>,
) -> Option<()> {
    if reader.peek()? != b'{' {
        return reader.value().map(drop);
    }
    reader.object(|reader, name| {
        if is_personal(name) {
            found.push(Personal::read(reader, at, name)?);
            Some(())
        } else {
            reader.value().map(drop)
        }
    })
}

impl<'a> Personal<'a> {
    fn read(reader: &mut Reader<'a>, above: &str, name: &'a str) -> Option<Self> {
        let mut path = String::with_capacity(above.len() + 1 + name.len());
        path.push_str(above);
        path.push('/');
        if name.contains(['~', '/']) {
            path.push_str(&name.replace('~', "~0").replace('/', "~1"));
        } else {
            path.push_str(name);
        }
        Some(Self { name, path, at: reader.at(), value: reader.value()? })
    }
}

/// What a text has between its quotes; `None` for other values.
fn unquoted(value: &str) -> Option<&str> {
    value.strip_prefix('"')?.strip_suffix('"')
}
