use proptest::prelude::*;

use super::*;

fn pattern(text: &str) -> RoutePattern {
    RoutePattern::parse(text).unwrap()
}

#[test]
fn templates_become_axums_syntax_and_keys_lose_the_names() {
    for (written, template, key) in [
        ("/", "/", "/"),
        ("/members", "/members", "/members"),
        ("/members/", "/members/", "/members/"),
        ("/a//b", "/a//b", "/a//b"),
        ("/members/{id}", "/members/{id}", "/members/{}"),
        ("/members/{member_id}", "/members/{member_id}", "/members/{}"),
        ("/files/{*path}", "/files/{*path}", "/files/{*}"),
        // actix
        (r"/members/{id:\d+}", "/members/{id}", "/members/{}"),
        (r"/members/{id:\d{1,9}}/x", "/members/{id}/x", "/members/{}/x"),
        ("/{id:[[:digit:]]{6}}", "/{id}", "/{}"),
        ("/{p:[^/]+}/edit", "/{p}/edit", "/{}/edit"),
        ("/{p:a/:b|c?}/edit", "/{p}/edit", "/{}/edit"),
        ("/files/{tail}*", "/files/{*tail}", "/files/{*}"),
        ("/files/{tail:.*}", "/files/{*tail}", "/files/{*}"),
        ("/files/{tail:.+}", "/files/{*tail}", "/files/{*}"),
        ("/files{tail:.*}", "/files{*tail}", "/files{*}"),
        ("/{p:.*}/edit", "/{p}/edit", "/{}/edit"),
        ("/{name}.{ext:.*}", "/{name}.{ext}", "/{}.{}"),
        ("/{a}-{b}", "/{a}-{b}", "/{}-{}"),
        ("/invoices/{id}.json", "/invoices/{id}.json", "/invoices/{}.json"),
        ("/v{version}/x/{id}", "/v{version}/x/{id}", "/v{}/x/{}"),
        ("/{a}{b}", "/{a}{b}", "/{}{}"),
        // literals are one text, however they are written
        ("/%6Dembers", "/members", "/members"),
        ("/caf%C3%A9", "/caf\u{e9}", "/caf\u{e9}"),
        ("/100%25", "/100%25", "/100%25"),
        ("/100%", "/100%25", "/100%25"),
        ("/a%2Fb", "/a%2Fb", "/a%2Fb"),
        ("/a%20b", "/a%20b", "/a%20b"),
        ("/{{id}}", "/{{id}}", "/{{id}}"),
        ("/%7Bid%7D", "/{{id}}", "/{{id}}"),
        ("/a:b*c", "/a:b*c", "/a:b*c"),
        ("/:", "/%3A", "/%3A"),
        ("/{a}%2A", "/{a}%2A", "/{}%2A"),
        ("/%3Aid/%2A/a%2A", "/%3Aid/%2A/a*", "/%3Aid/%2A/a*"),
    ] {
        assert_eq!(pattern(written).to_string(), template, "{written}");
        assert_eq!(pattern(written).key(), key, "{written}");
        assert_eq!(canonical_template(written), template, "{written}");
    }
}

#[test]
fn a_template_that_cannot_be_read_stays_as_it_is() {
    for template in ["", "members", "/{", "/{*a}/b", "*"] {
        assert_eq!(canonical_template(template), template);
    }
}

#[test]
fn errors_say_what_to_write() {
    for (text, message) in [
        ("", "`` does not start with a slash: write the path alone, like `/members/{id}`"),
        ("members", "`members` does not start with a slash: write the path alone, like `/members/{id}`"),
        (
            "https://x/y",
            "`https://x/y` does not start with a slash: write the path alone, like `/members/{id}`",
        ),
        ("/a/{id", "a `{` is never closed in `/a/{id`: write `{id}`, or `{{` for the character itself"),
        (
            "/a/{id:[0-9]{2}",
            "a `{` is never closed in `/a/{id:[0-9]{2}`: write `{id}`, or `{{` for the character itself",
        ),
        ("/a/id}", "a `}` closes nothing in `/a/id}`: write `{id}`, or `}}` for the character itself"),
        ("/a/{}", "`{}` in `/a/{}` has no usable name: write `{id}`, or `{*rest}` for the rest of the path"),
        (
            "/a/{*}",
            "`{*}` in `/a/{*}` has no usable name: write `{id}`, or `{*rest}` for the rest of the path",
        ),
        (
            "/{:x}",
            "`{:x}` in `/{:x}` has no usable name: write `{id}`, or `{*rest}` for the rest of the path",
        ),
        (
            "/{a/b}",
            "`{a/b}` in `/{a/b}` has no usable name: write `{id}`, or `{*rest}` for the rest of the path",
        ),
        (
            "/{*rest}/edit",
            "`{*rest}` in `/{*rest}/edit` takes the rest of the path: it must come last, alone or after plain text in its segment",
        ),
        (
            "/{a}-{*rest}",
            "`{*rest}` in `/{a}-{*rest}` takes the rest of the path: it must come last, alone or after plain text in its segment",
        ),
        ("/a/:id/b", "`:id` in `/a/:id/b` is the syntax of older routers: write `{id}`"),
        ("/a/*path", "`*path` in `/a/*path` is the syntax of older routers: write `{*path}`"),
        ("/a/*", "`*` in `/a/*` is the syntax of older routers: write `{*rest}`"),
        (
            "/a?b=c",
            "`/a?b=c` can never match, because no path has the character '?': leave out the query, and percent-encode what belongs to the path",
        ),
        (
            "/a b",
            "`/a b` can never match, because no path has the character ' ': leave out the query, and percent-encode what belongs to the path",
        ),
    ] {
        assert_eq!(RoutePattern::parse(text).unwrap_err().to_string(), message);
    }
}

#[test]
fn paths_match_decoded_and_slash_for_slash() {
    for (written, inside, outside) in [
        ("/", &["/"][..], &["", "//", "/a", "*"][..]),
        (
            "/members",
            &["/members", "/%6Dembers", "/%6d%65mbers"],
            &["/members/", "//members", "/Members", "members"],
        ),
        ("/members/", &["/members/"], &["/members", "/members//"]),
        ("/a//b", &["/a//b"], &["/a/b", "/a/x/b", "/a///b"]),
        (
            "/members/{id}",
            &["/members/7", "/%6Dembers/7", "/members/%2F", "/members/a%2Fb", "/members/..", "/members/%"],
            &[
                "/members",
                "/members/",
                "/members/7/",
                "/members/7/x",
                "/members//7",
                "/x/members/7",
                "/members%2F7",
            ],
        ),
        ("/{a}/{b}", &["/x/y"], &["//y", "/x/", "//", "/x"]),
        (
            "/files/{*path}",
            &["/files/a", "/files/a/b", "/files//a", "/files/a/", "/files//"],
            &["/files", "/files/", "/file/a"],
        ),
        (
            "/files{*path}",
            &["/files/a", "/filesa", "/files/", "/filesa/b"],
            &["/files", "/file", "/x/files/a"],
        ),
        ("/{*all}", &["/a", "/a/b"], &["/", ""]),
        (r"/members/{id:\d+}", &["/members/7"], &["/members/"]),
        (
            "/{a}-{b}",
            &["/x-y", "/x-y-z", "/--x", "/x%2Dy", "/---"],
            &["/-y", "/x-", "/-", "/--", "/xy", "/x-y/z"],
        ),
        ("/{id}.json", &["/7.json", "/.json.json"], &["/.json", "/7", "/7.json/"]),
        ("/v{n}", &["/v1", "/v1v2", "/vv"], &["/v", "/1", "/w1"]),
        ("/{a}{b}", &["/xy", "/xyz", "/\u{e9}\u{e9}"], &["/x", "/\u{e9}"]),
        ("/caf\u{e9}", &["/caf%C3%A9", "/caf\u{e9}"], &["/caf%E9", "/cafe"]),
        ("/{{id}}", &["/{id}", "/%7Bid%7D"], &["/7", "/id"]),
    ] {
        for path in inside {
            assert!(pattern(written).matches(path), "{written} matches {path}");
        }
        for path in outside {
            assert!(!pattern(written).matches(path), "{written} does not match {path}");
        }
    }
}

#[test]
fn params_are_decoded_once_and_keep_their_slashes() {
    for (written, path, expected) in [
        ("/members", "/members", &[][..]),
        ("/orgs/{org}/members/{id}", "/orgs/acme/members/7", &[("org", "acme"), ("id", "7")]),
        ("/members/{id}", "/members/a%2Fb", &[("id", "a/b")]),
        ("/members/{id}", "/members/a%252Fb", &[("id", "a%2Fb")]),
        ("/members/{id}", "/members/%6D", &[("id", "m")]),
        ("/members/{id}", "/members/J%C3%B6rg", &[("id", "J\u{f6}rg")]),
        ("/members/{id}", "/members/a+b", &[("id", "a+b")]),
        ("/members/{id}", "/members/50%", &[("id", "50%")]),
        ("/members/{id}", "/members/%zz%4", &[("id", "%zz%4")]),
        // not UTF-8: left encoded, so that two ids stay two
        ("/members/{id}", "/members/%FF%41", &[("id", "%FF%41")]),
        ("/files/{*path}", "/files/a/b%2Fc//d/", &[("path", "a/b/c//d/")]),
        ("/files{*path}", "/filesa/b", &[("path", "a/b")]),
        ("/{a}-{b}", "/x-y-z", &[("a", "x-y"), ("b", "z")]),
        ("/{a}-{b}", "/---", &[("a", "-"), ("b", "-")]),
        ("/{a}.{b}.{c}", "/1.2.3.4", &[("a", "1.2"), ("b", "3"), ("c", "4")]),
        ("/{id}.json", "/a.json.json", &[("id", "a.json")]),
        ("/v{n}", "/v1v2", &[("n", "1v2")]),
        ("/{a}{b}", "/xyz", &[("a", "xy"), ("b", "z")]),
    ] {
        let expected: Vec<_> = expected.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        assert_eq!(pattern(written).params(path), Some(expected), "{written} {path}");
    }
    assert_eq!(pattern("/members/{id}").params("/members"), None);
}

#[test]
fn static_comes_before_parameter_before_rest() {
    let descending = [
        "/a/b/c",
        "/a/b/x{c}",
        "/a/b/{c}.json",
        "/a/b/{c}",
        "/a/b/{*c}",
        "/a/{b}/c",
        "/a/{b}/{c}",
        "/a/x{*rest}",
        "/a/{*rest}",
        "/{a}/b/c",
        "/{*rest}",
    ];
    // `x{c}` has one literal byte, `{c}.json` five: the more literal the more specific
    let mut sorted = descending;
    sorted.sort_by_key(|text| std::cmp::Reverse(pattern(text).specificity()));
    let mut expected = descending;
    expected.swap(1, 2);
    assert_eq!(sorted, expected);
    assert_eq!(pattern("/a/{x}").specificity(), pattern("/a/{y}").specificity());
}

#[test]
fn a_template_of_another_path_is_recognised() {
    for (template, path, expected) in [
        ("/items/{id}", "/items/7", true),
        ("/items/{id}", "/%69tems/7", true),
        ("/items/{id}", "/stock/items/7", false),
        ("/items/{id}", "/items/7/", false),
        ("/a/{id}/x", "/a/7/y", false),
        ("/files/{*path}", "/files/a/b", true),
        ("/files/{*path}", "/photos/a/b", false),
        // How much an expression takes is not known here.
        ("/a/{way:.+}/z", "/a/1/2/z", true),
        ("/files/{path:.*}", "/files/", true),
        ("/{tenant:[a-z]+}/items", "/acme/things", true),
        (r"/items/{id:\d+}", "/stock/items/7", false),
        // What can't be read is believed.
        ("items", "/items", true),
        ("/items/{id}", "*", true),
    ] {
        assert_eq!(can_be_route_of(template, path), expected, "{template} {path}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,40}", path in ".{0,40}") {
        prop_assert!(text.is_empty() || !canonical_template(&text).is_empty());
        if let Ok(pattern) = RoutePattern::parse(&text) {
            prop_assert_eq!(pattern.matches(&path), pattern.params(&path).is_some());
        }
    }

    #[test]
    fn what_a_pattern_writes_reads_back_as_itself(text in "/([a-z%{}*:.0-9/-]|\\{[a-z]\\}|%[0-9A-F]{2}){0,12}", path in "/[a-z%/.0-9-]{0,20}") {
        if let Ok(pattern) = RoutePattern::parse(&text) {
            let again = RoutePattern::parse(&pattern.to_string());
            prop_assert_eq!(again.as_ref(), Ok(&pattern), "{}", &text);
            prop_assert_eq!(pattern.matches(&path), pattern.params(&path).is_some());
        }
    }
}
