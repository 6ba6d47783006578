use proptest::prelude::*;

use super::*;

fn set(rules: &[&'static str]) -> RuleSet<&'static str> {
    RuleSet::build(rules.iter().map(|rule| (*rule, *rule))).unwrap()
}

#[test]
fn a_rule_is_a_method_and_a_pattern() {
    for (text, method, pattern) in [
        ("DELETE /members/{id}", Some("DELETE"), "/members/{id}"),
        ("  PUT \t /a ", Some("PUT"), "/a"),
        ("* /admin/{*rest}", None, "/admin/{*rest}"),
        (r"PATCH /a/{id:\d+}", Some("PATCH"), "/a/{id}"),
    ] {
        let rule = Rule::parse(text).unwrap();
        assert_eq!(
            (rule.method(), rule.pattern().to_string().as_str(), rule.text()),
            (method, pattern, text)
        );
    }
}

#[test]
fn errors_say_what_to_write() {
    for (text, message) in [
        (
            "/members/{id}",
            "rule `/members/{id}` has no method: write `DELETE /members/{id}`, or `* /members/{id}` for every method",
        ),
        ("DELETE", "rule `DELETE` has no path: write it behind the method, like `DELETE /members/{id}`"),
        ("", "rule `` has no path: write it behind the method, like `DELETE /members/{id}`"),
        (
            "delete /a",
            "`delete` in rule `delete /a` is not a method: write GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, CONNECT, TRACE, or `*` for every method",
        ),
        (
            "DELET /a",
            "`DELET` in rule `DELET /a` is not a method: write GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, CONNECT, TRACE, or `*` for every method",
        ),
        (
            "GET a",
            "rule `GET a`: `a` does not start with a slash: write the path alone, like `/members/{id}`",
        ),
        ("GET /:id", "rule `GET /:id`: `:id` in `/:id` is the syntax of older routers: write `{id}`"),
    ] {
        assert_eq!(Rule::parse(text).unwrap_err().to_string(), message);
    }
}

#[test]
fn every_problem_is_reported_at_once_and_duplicates_name_both() {
    let error = RuleSet::build([
        ("DELETE /members/{id}", 1),
        ("/members", 2),
        ("GET /members/{id}", 3),
        (r"DELETE /%6Dembers/{member_id:\d+}", 4),
        ("GET /{", 5),
        ("* /members/{id}", 6),
    ])
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "rule `/members` has no method: write `DELETE /members`, or `* /members` for every method; \
         rules `DELETE /members/{id}` and `DELETE /%6Dembers/{member_id:\\d+}` cover the same requests: remove one of them; \
         rule `GET /{`: a `{` is never closed in `/{`: write `{id}`, or `{{` for the character itself"
    );
    assert_eq!(error.problems.len(), 3);
}

#[test]
fn the_most_specific_rule_wins_in_any_order() {
    let rules = [
        "DELETE /members/me",
        "DELETE /members/{id}",
        "* /members/{id}",
        "* /members/{*rest}",
        "GET /members/{id}",
        "HEAD /reports/{id}",
        "GET /reports/{id}",
        "OPTIONS /reports/{id}",
        "POST /{a}/{b}",
    ];
    let mut reversed = rules;
    reversed.reverse();
    for rules in [set(&rules), set(&reversed)] {
        for (method, path, expected) in [
            ("DELETE", "/members/me", Some("DELETE /members/me")),
            ("DELETE", "/%6Dembers/m%65", Some("DELETE /members/me")),
            ("DELETE", "/members/7", Some("DELETE /members/{id}")),
            ("DELETE", "/members/7/x", Some("* /members/{*rest}")),
            // the pattern comes before the method
            ("PUT", "/members/me", Some("* /members/{id}")),
            ("POST", "/members/7", Some("* /members/{id}")),
            ("POST", "/orgs/7", Some("POST /{a}/{b}")),
            // GET covers HEAD, unless HEAD has a rule of its own
            ("GET", "/members/7", Some("GET /members/{id}")),
            ("HEAD", "/members/7", Some("GET /members/{id}")),
            ("HEAD", "/reports/7", Some("HEAD /reports/{id}")),
            ("GET", "/reports/7", Some("GET /reports/{id}")),
            // a preflight isn't the act
            ("OPTIONS", "/members/7", None),
            ("OPTIONS", "/reports/7", Some("OPTIONS /reports/{id}")),
            // methods are case-sensitive, and others fall to `*`
            ("delete", "/members/me", Some("* /members/{id}")),
            ("PURGE", "/members/7", Some("* /members/{id}")),
            ("PURGE", "/reports/7", None),
            ("DELETE", "/members", None),
            ("DELETE", "/members/", None),
            ("DELETE", "*", None),
        ] {
            let found = rules.find(method, None, path).map(|(rule, _)| rule.text());
            assert_eq!(found, expected, "{method} {path}");
        }
    }
}

#[test]
fn a_rule_is_found_by_template_or_by_path() {
    let rules = set(&["DELETE /members/{id}", "DELETE /a/{*rest}"]);
    for (template, path, expected) in [
        // the template in the framework's own words and names
        (Some(r"/members/{member:\d+}"), "/somewhere/else", Some("DELETE /members/{id}")),
        (Some("/a/{tail}*"), "/a/", Some("DELETE /a/{*rest}")),
        // encoded so that the framework knows no template, or another one
        (None, "/%6Dembers/7", Some("DELETE /members/{id}")),
        (Some("/{a}/{b}"), "/members/7", Some("DELETE /members/{id}")),
        (Some("unreadable {"), "/members/7", Some("DELETE /members/{id}")),
        (Some("/other"), "/other", None),
        (None, "/members%2F7", None),
    ] {
        let found = rules.find("DELETE", template, path).map(|(rule, _)| rule.text());
        assert_eq!(found, expected, "{template:?} {path}");
    }
}

#[test]
fn among_equals_the_template_decides_then_the_order() {
    let rules = set(&["GET /{a}-{b}", "GET /{a}.{b}"]);
    for (template, expected) in
        [(Some("/{x}.{y}"), "GET /{a}.{b}"), (Some("/{x}-{y}"), "GET /{a}-{b}"), (None, "GET /{a}-{b}")]
    {
        assert_eq!(rules.find("GET", template, "/1-2.3").unwrap().0.text(), expected);
    }
}

#[test]
fn no_rules_find_nothing() {
    assert!(RuleSet::<()>::default().find("GET", Some("/"), "/").is_none());
    assert!(RuleSet::<()>::default().is_empty());
    assert!(!set(&["GET /"]).is_empty());
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(rule in ".{0,30}", template in ".{0,20}", path in "/?.{0,30}") {
        prop_assert!(Rule::parse(&rule).is_err() || Rule::parse(&rule).is_ok_and(|parsed| parsed.text() == rule));
        let rules = set(&["* /{a}-{b}/x{*rest}", "GET /{a}/{b}"]);
        let found = rules.find("GET", Some(&template), &path);
        prop_assert!(found.is_none_or(|(rule, value)| rule.text() == *value));
    }
}
