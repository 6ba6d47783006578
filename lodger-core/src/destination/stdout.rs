//! Events on standard output.

use std::io::{self, Write};

use super::{Answer, BoxFuture, Delivery, Destination, Identity, Receipt, Refusal, Repeats, line};

const KIND: &str = "stdout";

/// Writes one line an event to standard output: for development, and for platforms that collect it.
///
/// Whatever an event holds, its line stays one line: control characters, line separators and bidirectional controls
/// are escaped.
///
/// After a crash the lines of the last batch may come once more, with the same ids.
///
/// # Durability
///
/// An event is settled when its line was handed to the operating system. What happens to the line then is up to
/// whoever reads it. While nobody does, delivery waits; nothing else does.
#[derive(Debug, Clone)]
pub struct StdoutDestination {
    form: Form,
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Pretty,
    Json,
}

impl StdoutDestination {
    /// A readable line: when, who, did what, to which thing, how it ended, in which request.
    #[must_use]
    pub fn pretty() -> Self {
        Self { form: Form::Pretty }
    }

    /// The whole event as JSON.
    #[must_use]
    pub fn json() -> Self {
        Self { form: Form::Json }
    }

    fn write(&self, to: &mut dyn Write, batch: &[Delivery]) -> io::Result<()> {
        let mut lines = String::new();
        for delivery in batch {
            match self.form {
                Form::Pretty => lines.push_str(&line::pretty(delivery.event())),
                Form::Json => lines.push_str(&line::json(&String::from_utf8_lossy(&delivery.bytes))),
            }
            lines.push('\n');
        }
        to.write_all(lines.as_bytes())?;
        to.flush()
    }
}

impl Destination for StdoutDestination {
    fn identity(&self) -> Identity {
        Identity::new(KIND, "")
    }

    fn max_batch(&self) -> usize {
        64
    }

    fn reads_events(&self) -> bool {
        matches!(self.form, Form::Pretty)
    }

    fn repeats(&self) -> Repeats {
        Repeats::Unasked
    }

    fn deliver<'a>(&'a self, batch: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async move {
            let written = self.write(&mut io::stdout().lock(), batch);
            let answer = |delivery: &Delivery| match &written {
                Ok(()) => Answer::Settled(Receipt::new(delivery.id(), KIND)),
                Err(error) => Answer::Retry {
                    refusal: Refusal::new(format!("standard output can't be written: {error}")),
                    after: None,
                },
            };
            batch.iter().map(answer).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::event::{Actor, Event, Target};

    fn batch() -> Vec<Delivery> {
        ["a.b", "c\u{2028}d"]
            .map(|action| {
                let event =
                    Event::builder(action).actor(Actor::user("u")).target(Target::new("t", 1)).build();
                let event = Arc::new(event.unwrap());
                let bytes = event.to_canonical_json().unwrap();
                Delivery::new(event, bytes.into())
            })
            .into()
    }

    fn written(destination: &StdoutDestination) -> String {
        let mut out = Vec::new();
        destination.write(&mut out, &batch()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn pretty_is_one_line_an_event() {
        let out = written(&StdoutDestination::pretty());
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].ends_with("  user u  a.b  t 1  success  -"), "{out}");
        assert!(lines[1].contains(r#"  "c\u{2028}d"  "#), "{out}");
    }

    #[test]
    fn json_is_one_whole_event_a_line() {
        let out = written(&StdoutDestination::json());
        assert!(!out.contains('\u{2028}'));
        let events: Vec<Event> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(events[0].action, "a.b");
        assert_eq!(events[1].action, "c\u{2028}d");
    }

    #[test]
    fn a_closed_output_is_an_error_and_not_a_loss() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert!(StdoutDestination::pretty().write(&mut Closed, &batch()).is_err());
    }
}
