//! The words that the attribute knows, how each is written, and the nearest one to a word that it doesn't know.

/// A word and how it is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// The word.
    pub(crate) name: &'static str,
    /// Its accepted form, by an example.
    pub(crate) form: &'static str,
    /// Words that other audit logs use for it.
    other_words: &'static [&'static str],
}

/// Every word, in the order of the documentation.
pub(crate) const KEYS: [Key; 12] = [
    Key {
        name: "target",
        form: "`target(invoice = id)` or `target = id`",
        other_words: &["object", "resource", "entity", "subject", "on_target", "kind", "id"],
    },
    Key {
        name: "related",
        form: "`related(order = order_id)`",
        other_words: &["relation", "also", "targets"],
    },
    Key { name: "actor", form: "`actor = user`", other_words: &["user", "who", "principal", "by"] },
    Key {
        name: "tenant",
        form: "`tenant = org_id`",
        other_words: &["org", "organization", "workspace", "account"],
    },
    Key {
        name: "idempotency_key",
        form: "`idempotency_key = delivery_id`",
        other_words: &["key", "idempotency", "dedup", "idempotent"],
    },
    Key {
        name: "fields",
        form: "`fields(amount, note = %body.note, card = secret(&body.card))`",
        other_words: &["metadata", "data", "extra", "meta", "details", "context"],
    },
    Key {
        name: "ok",
        form: "`ok(|invoice| target(invoice = invoice.id))`",
        other_words: &["result", "returns", "then", "ok_target"],
    },
    Key {
        name: "success",
        form: "`success = |response| response.status().is_success()`",
        other_words: &["success_if", "successful", "when"],
    },
    Key {
        name: "on",
        form: "`on(success, denied)` or `on(always)`",
        other_words: &["outcome", "outcomes", "always"],
    },
    Key { name: "user_visible", form: "`user_visible`", other_words: &["visible", "public", "user_facing"] },
    Key {
        name: "detach",
        form: "`detach`",
        other_words: &["detached", "spawn", "background", "uncancellable", "shield"],
    },
    Key { name: "crate", form: "`crate = path::to::lodger_axum`", other_words: &["path", "krate"] },
];

/// The word's entry.
pub(crate) fn key(name: &str) -> Option<Key> {
    KEYS.into_iter().find(|key| key.name == name)
}

/// How this word is written.
pub(crate) fn form(name: &str) -> &'static str {
    key(name).map_or("", |key| key.form)
}

/// The method of `Audit` for what can't be said in the attribute, because only the body knows it.
pub(crate) fn in_the_body(word: &str) -> Option<&'static str> {
    Some(match word {
        "description" | "describe" | "message" => "describe(\"The amount was corrected\")",
        "tag" | "tags" => "tag(\"billing\")",
        "reason" => "reason(\"requested by the customer\")",
        "source" => "source(\"dashboard\")",
        "retention" => "retention(Retention::Archive)",
        "change" | "changes" | "diff" => "diff(&before, &after)",
        "on_behalf_of" => "on_behalf_of(&customer)",
        _ => return None,
    })
}

/// What to do instead of what `#[tracing::instrument]` would be told with this word.
pub(crate) fn of_tracing(word: &str) -> Option<&'static str> {
    Some(match word {
        "skip" | "skip_all" => {
            "no argument is recorded unless `fields(..)` names it, so there is nothing to skip; leave it out"
        }
        "err" => {
            "a returned `Err` is the outcome `failure` or `denied`, and `on(..)` says which outcomes are recorded: \
             `on(success, denied, failure)`"
        }
        "ret" => {
            "of the returned value only what is named is recorded: `ok(|invoice| fields(total = invoice.total))`"
        }
        "level" => "an event has an outcome and no level; leave it out",
        _ => return None,
    })
}

/// The word that was probably meant.
pub(crate) fn nearest_key(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    KEYS.iter()
        .find(|key| key.name == word || key.other_words.contains(&word.as_str()))
        .map(|key| key.name)
        .or_else(|| nearest(&word, KEYS.iter().map(|key| key.name)))
}

/// The candidate that was probably meant: at most one letter in three differs.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| distance * 3 <= candidate.len().max(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters have to be inserted, left out or replaced (Levenshtein's distance).
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (above, from) in (1..).zip(from.chars()) {
        let mut diagonal = above - 1;
        let mut left = above;
        for (cell, to) in row.iter_mut().skip(1).zip(to.chars()) {
            let replaced = diagonal + usize::from(from != to);
            diagonal = *cell;
            left = replaced.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = above;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_letters() {
        assert_eq!(distance("target", "target"), 0);
        assert_eq!(distance("", "on"), 2);
        assert_eq!(distance("traget", "target"), 2);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn a_slip_and_another_logs_word_both_find_the_key() {
        assert_eq!(nearest_key("traget"), Some("target"));
        assert_eq!(nearest_key("Actor"), Some("actor"));
        assert_eq!(nearest_key("metadata"), Some("fields"));
        assert_eq!(nearest_key("user"), Some("actor"));
        assert_eq!(nearest_key("spawn"), Some("detach"));
        assert_eq!(nearest_key("colour"), None);
    }
}
