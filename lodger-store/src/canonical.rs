//! Canonical JSON (RFC 8785), read where it stands: whether a text is canonical, and where its values lie.
//!
//! An event's bytes are hashed as they are, so nothing has to be taken apart and written again to be hashed. One pass
//! sees that every name is in its place, every text escaped as it must be and every number in its one form.

use std::borrow::Cow;

/// How deep values may be nested. serde_json reads as deep.
const MAX_DEPTH: usize = 127;

/// Reads a text from its beginning. Every method gives `None` at the first thing that is not canonical.
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// How many bytes have been read.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The byte that comes next.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The text must end here.
    pub(crate) fn end(&self) -> Option<()> {
        (self.at == self.text.len()).then_some(())
    }

    /// The value that comes next, as it stands.
    pub(crate) fn value(&mut self) -> Option<&'a str> {
        let from = self.at;
        match self.peek()? {
            b'{' => self.object(|reader, _| reader.value().map(drop))?,
            b'[' => self.array(|reader, _| reader.value().map(drop))?,
            b'"' => drop(self.string()?),
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'n' => self.word("null")?,
            _ => self.number()?,
        }
        self.text.get(from..self.at)
    }

    /// An object; `member` is called behind each name and reads its value. Names are given as they stand, escapes
    /// and all.
    pub(crate) fn object(&mut self, mut member: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        let mut before = None;
        self.list(b'{', b'}', |reader, _| {
            let name = reader.string()?;
            // Each name once, and in order.
            if before.is_some_and(|before| compare(before, name).is_ge()) {
                return None;
            }
            before = Some(name);
            reader.take(b':')?;
            member(reader, name)
        })
    }

    /// An array; `element` is called with the place of each and reads it.
    pub(crate) fn array(&mut self, element: impl FnMut(&mut Self, usize) -> Option<()>) -> Option<()> {
        self.list(b'[', b']', element)
    }

    /// A text, as it stands between its quotes.
    pub(crate) fn string(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let from = self.at;
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            self.at += rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..=0x1f))?;
            match self.peek()? {
                b'"' => break,
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
        let text = self.text.get(from..self.at);
        self.at += 1;
        text
    }

    fn list(
        &mut self,
        open: u8,
        close: u8,
        mut item: impl FnMut(&mut Self, usize) -> Option<()>,
    ) -> Option<()> {
        self.take(open)?;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        if self.peek()? != close {
            item(self, 0)?;
            for place in 1.. {
                match self.peek()? {
                    b',' => self.at += 1,
                    _ => break,
                }
                item(self, place)?;
            }
        }
        self.depth -= 1;
        self.take(close)
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.text.get(self.at..)?.starts_with(word).then(|| self.at += word.len())
    }

    /// Only what must be escaped is, and in the shortest way (RFC 8785 section 3.2.2.2).
    fn escape(&mut self) -> Option<()> {
        let length = match self.text.as_bytes().get(self.at..)? {
            [b'\\', b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'\\', b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..]
            | [b'\\', b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => 6,
            _ => return None,
        };
        self.at += length;
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        let rest = self.text.get(self.at..)?;
        let of_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e');
        let length = rest.bytes().position(|byte| !of_number(&byte)).unwrap_or(rest.len());
        let text = rest.get(..length)?;
        self.at += length;
        (is_plain_integer(text) || is_canonical_number(text)).then_some(())
    }
}

/// Whether this is an integer of which doubles hold each neighbour, in its one form.
fn is_plain_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    match digits.as_bytes() {
        [b'0'] => text == "0",
        [b'1'..=b'9', rest @ ..] => rest.len() < 15 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// Whether a double that is read from this text is written like it.
fn is_canonical_number(text: &str) -> bool {
    let Ok(number) = text.parse::<f64>() else { return false };
    serde_json_canonicalizer::to_string(&number).is_ok_and(|again| again == text)
}

/// The order of two names, given as they stand: that of their UTF-16 code units (RFC 8785 section 3.2.3).
pub(crate) fn compare(one: &str, other: &str) -> std::cmp::Ordering {
    // Without escapes and below U+E000, UTF-8 sorts like UTF-16. From there on, surrogates come in between.
    let plain = |name: &str| name.bytes().all(|byte| byte != b'\\' && byte < 0xee);
    if plain(one) && plain(other) {
        one.cmp(other)
    } else {
        decode(one).encode_utf16().cmp(decode(other).encode_utf16())
    }
}

/// The text that stands for itself, escapes and all, between quotes.
pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    if text.contains('\\') {
        // What a reader gave has been checked, so the fallback is never taken.
        serde_json::from_str(&format!("\"{text}\"")).map_or(Cow::Borrowed(text), Cow::Owned)
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests;
