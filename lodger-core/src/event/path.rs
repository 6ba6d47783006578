//! Where in an event's JSON something stands: `related[3].id`.

use std::fmt;

/// How much of a member's name a path shows. Names come from users and may be megabytes long.
const MAX_NAME_CHARS: usize = 64;

/// A place in the event's JSON. It borrows the way there, so it costs nothing until somebody wants to read it.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Root,
    Name(&'p str),
    Index(usize),
}

impl Path<'static> {
    /// The event itself.
    pub(super) const ROOT: Self = Self { parent: None, step: Step::Root };
}

impl<'p> Path<'p> {
    /// The member of this name.
    pub(super) fn name(&'p self, name: &'p str) -> Self {
        Self { parent: Some(self), step: Step::Name(name) }
    }

    /// The member of the event in which it stands: `related` for `related[3].id`.
    pub(super) fn top(&self) -> Self {
        match self.parent {
            Some(parent) if parent.parent.is_some() => parent.top(),
            _ => *self,
        }
    }

    /// The element at this index, from 0.
    pub(super) fn index(&'p self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::Index(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(parent) = self.parent else { return Ok(()) };
        parent.fmt(f)?;
        match self.step {
            Step::Root => Ok(()),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Name(name) if is_plain(name) => {
                if !matches!(parent.step, Step::Root) {
                    f.write_str(".")?;
                }
                f.write_str(name)
            }
            Step::Name(name) => write!(f, "[{:?}]", truncated(name, MAX_NAME_CHARS)),
        }
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME_CHARS
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// The text, or where it is longer than `max` characters, its beginning and `…`, together `max` characters.
/// Characters are Unicode scalar values and never cut apart.
pub(super) fn truncated(text: &str, max: usize) -> String {
    // A text of at most `max` bytes can't have more characters, and most texts are short.
    if text.len() <= max || text.chars().nth(max).is_none() {
        return text.to_owned();
    }
    text.chars().take(max.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_like_code() {
        let related = Path::ROOT.name("related");
        let third = related.index(3);
        assert_eq!(third.name("id").to_string(), "related[3].id");
        assert_eq!(third.name("id").top().to_string(), "related");
        assert_eq!(Path::ROOT.name("action").to_string(), "action");
    }

    #[test]
    fn an_odd_name_is_quoted_and_shortened() {
        let metadata = Path::ROOT.name("metadata");
        assert_eq!(metadata.name("a.b\n").to_string(), r#"metadata["a.b\n"]"#);
        assert_eq!(metadata.name("").to_string(), r#"metadata[""]"#);
        let long = "n".repeat(100_000);
        assert_eq!(metadata.name(&long).to_string(), format!("metadata[\"{}…\"]", "n".repeat(63)));
    }

    #[test]
    fn truncating_counts_characters_and_keeps_them_whole() {
        assert_eq!(truncated("äöü", 3), "äöü");
        assert_eq!(truncated("äöüß", 3), "äö…");
        assert_eq!(truncated("😀😀", 1), "…");
        assert_eq!(truncated("", 0), "");
    }
}
