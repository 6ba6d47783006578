//! Search for a text, whatever its case.

/// Whether this canonical JSON has the [`needle`] in it. SQLite's own LIKE knows the case of ASCII letters only, and
/// would need its wildcards escaped.
pub(crate) fn contains(json: &str, needle: &str) -> bool {
    fold(json).contains(needle)
}

/// The needle as it would stand in canonical JSON, folded: quotes, backslashes and control characters are escaped
/// there.
pub(crate) fn needle(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    fold(inner.unwrap_or(text))
}

/// The text in lower case, letter by letter: the folding of a part is then a part of the folding, which
/// [`str::to_lowercase`] does not promise (a Greek sigma at the end of a word).
fn fold(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.chars().flat_map(char::to_lowercase).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_every_script_are_folded() {
        assert_eq!(fold("MÜLLER Ωμέγα"), "müller ωμέγα");
        assert!(fold("ΟΔΟΣ 7").contains(&fold("ΟΔΟΣ")));
        assert!(fold("ΟΔΟΣΑ").contains(&fold("ΟΔΟΣ")));
    }

    #[test]
    fn a_needle_is_escaped_as_canonical_json_is() {
        assert_eq!(needle("Say \"Hi\"\n\\ \u{1f}"), r#"say \"hi\"\n\\ \u001f"#);
    }
}
