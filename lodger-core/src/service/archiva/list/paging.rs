//! What looks like a way to more pages, in words that nobody has documented.

use serde_json::{Map, Value};

/// Members by which services lead to the next page, in lower case and without what stands between their words.
const WAYS: [&str; 14] = [
    "nextcursor",
    "cursor",
    "next",
    "nextpage",
    "nexttoken",
    "nextpagetoken",
    "pagetoken",
    "endcursor",
    "continuation",
    "continuationtoken",
    "hasmore",
    "hasnext",
    "hasnextpage",
    "more",
];

/// Members that hold nothing else.
const ABOUT_PAGES: [&str; 3] = ["pagination", "paging", "pageinfo"];

/// The first member of a page that may lead to more, by its name; `None` where the page looks like the last one. `current` is
/// the page's own cursor, which a service may repeat.
pub(super) fn way_on<'a>(page: &'a Map<String, Value>, current: Option<&str>) -> Option<&'a str> {
    let leads_on = |(name, value): (&'a String, &Value)| {
        let found = match (is(name, &WAYS), value) {
            (true, value) => says_something(value) && !is_current(value, current),
            (false, Value::Object(inner)) if says_something(value) => {
                way_on(inner, current).is_some()
                    || is(name, &ABOUT_PAGES) && !inner.keys().any(|name| is(name, &WAYS))
            }
            (false, value) => is(name, &ABOUT_PAGES) && says_something(value),
        };
        found.then_some(name.as_str())
    };
    page.iter().find_map(leads_on)
}

fn is(name: &str, known: &[&str]) -> bool {
    let word: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    known.contains(&word.to_ascii_lowercase().as_str())
}

/// Not one of the ways to say that there is none.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) => true,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

fn is_current(value: &Value, current: Option<&str>) -> bool {
    match value {
        Value::String(text) => current == Some(text),
        Value::Number(number) => current == Some(&number.to_string()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(page: &Value) -> Option<&str> {
        way_on(page.as_object().unwrap(), Some("c1"))
    }

    #[test]
    fn a_way_that_nobody_has_documented_is_seen() {
        for (page, name) in [
            (json!({"next_cursor": "c2"}), "next_cursor"),
            (json!({"cursor": "c2"}), "cursor"),
            (json!({"hasNext": true}), "hasNext"),
            (json!({"has_more": true}), "has_more"),
            (json!({"next": "https://elsewhere.example/page/2"}), "next"),
            (json!({"total": 9, "nextPageToken": 7}), "nextPageToken"),
            (json!({"pagination": {"page": 1, "pages": 3}}), "pagination"),
            (json!({"pageInfo": {"endCursor": "c2", "hasNextPage": true}}), "pageInfo"),
            (json!({"meta": {"paging": {"next": "c2"}}}), "meta"),
            (json!({"links": {"self": "/1", "next": "/2"}}), "links"),
            (json!({"paging": "c2"}), "paging"),
        ] {
            assert_eq!(found(&page), Some(name), "{page}");
        }
    }

    #[test]
    fn a_last_page_is_one_in_any_words() {
        for page in [
            json!({}),
            json!({"total": 1, "limit": 25, "projectId": "p_1"}),
            json!({"cursor": "c1", "next_cursor": null, "hasNext": false, "next": ""}),
            json!({"pagination": {"page": 3, "hasMore": false, "nextPage": 0}}),
            json!({"pagination": {}, "pageInfo": null, "paging": []}),
            json!({"links": {"self": "/1", "next": null}, "meta": {"requestId": "r"}}),
        ] {
            assert_eq!(found(&page), None, "{page}");
        }
        let number = json!({"cursor": 7});
        assert_eq!(way_on(number.as_object().unwrap(), Some("7")), None);
    }
}
