use super::*;
use crate::destination::{Answer, BoxFuture, Delivery, Identity};

/// The settings of a test. Never the process's own.
fn with<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
}

fn identities(pairs: &[(&str, &str)]) -> Vec<Identity> {
    from_settings(&with(pairs)).unwrap().iter().map(|destination| destination.identity()).collect()
}

fn refusal(pairs: &[(&str, &str)]) -> String {
    from_settings(&with(pairs)).unwrap_err().to_string()
}

#[derive(Debug)]
struct Elsewhere(String);

impl Destination for Elsewhere {
    fn identity(&self) -> Identity {
        Identity::new("elsewhere", &*self.0)
    }

    fn deliver<'a>(&'a self, _: &'a [Delivery]) -> BoxFuture<'a, Vec<Answer>> {
        Box::pin(async { Vec::new() })
    }
}

inventory::submit! {
    Scheme {
        name: "elsewhere",
        usage: "elsewhere:PLACE",
        open: |rest, settings| match settings("PLACE_PREFIX") {
            Some(prefix) => Ok(Box::new(Elsewhere(format!("{prefix}{rest}")))),
            None => Err("set PLACE_PREFIX".to_owned()),
        },
    }
}

const LODGER: [(&str, &str); 3] =
    [("LODGER_API_KEY", "lodger_sk_1"), ("LODGER_WORKSPACE_ID", "org_1"), ("LODGER_PROJECT_ID", "core")];

#[cfg(feature = "http")]
#[test]
fn a_key_alone_means_lodger() {
    let expected = Identity::new("lodger", "https://lodger.dev").in_project("org_1", "core");
    let blank = [LODGER[0], LODGER[1], LODGER[2], ("LODGER_DESTINATION", " ")];
    for settings in [&LODGER[..], &blank] {
        assert_eq!(identities(settings), std::slice::from_ref(&expected));
    }
}

#[cfg(feature = "http")]
#[test]
fn the_base_of_a_private_deployment_is_used() {
    let settings = [LODGER[0], LODGER[1], LODGER[2], ("LODGER_API_BASE", "http://127.0.0.1:8080/")];
    assert_eq!(identities(&settings)[0].address, "http://127.0.0.1:8080");
    let settings = [LODGER[0], LODGER[1], LODGER[2], ("LODGER_API_BASE", "http://audit.internal")];
    assert!(refusal(&settings).contains("use https"), "{}", refusal(&settings));
}

#[cfg(feature = "http")]
#[test]
fn plain_http_to_lodger_is_a_switch_that_is_named() {
    let plain = ("LODGER_API_BASE", "http://audit.internal");
    let with = |switch| [LODGER[0], LODGER[1], LODGER[2], plain, ("LODGER_ALLOW_PLAIN_HTTP", switch)];
    assert_eq!(identities(&with("1"))[0].address, "http://audit.internal");
    assert_eq!(
        refusal(&with("0")),
        "the destination `lodger` can't be used: the base address http://audit.internal would send the key and the \
         events unencrypted; use https, or allow it with LODGER_ALLOW_PLAIN_HTTP=1"
    );
    assert!(refusal(&with("canary")).contains("LODGER_ALLOW_PLAIN_HTTP is neither `1` nor `0`; the base"));
}

#[test]
fn a_destination_wins_over_a_key() {
    let settings = [LODGER[0], LODGER[1], LODGER[2], ("LODGER_DESTINATION", "stdout")];
    assert_eq!(identities(&settings), [Identity::new("stdout", "")]);
}

#[test]
fn with_neither_the_choices_are_listed() {
    for settings in
        [&[][..], &[("LODGER_DESTINATION", ""), ("LODGER_API_KEY", "  ")], &[("LODGER_DESTINATION", ",")]]
    {
        assert_eq!(
            refusal(settings),
            "no destination for events is configured: set LODGER_DESTINATION to one of lodger (with LODGER_API_KEY), archiva (with ARCHIVA_SECRET_KEY), \
             auditledge (with AUDITLEDGE_API_KEY), loghub (with LOGHUB_TOKEN), https://collector.example/audit, file:./audit.jsonl, stdout, stdout:json, elsewhere:PLACE, store:./data (with the feature `store`)"
        );
    }
}

#[cfg(feature = "http")]
#[test]
fn every_missing_setting_is_named_at_once() {
    assert_eq!(
        refusal(&[("LODGER_DESTINATION", "lodger")]),
        "the destination `lodger` needs more settings: set LODGER_API_KEY, LODGER_WORKSPACE_ID, LODGER_PROJECT_ID"
    );
    assert_eq!(refusal(&LODGER[..2]), "the destination `lodger` needs more settings: set LODGER_PROJECT_ID");
}

#[cfg(not(feature = "http"))]
#[test]
fn lodger_without_http_names_the_feature() {
    assert!(refusal(&LODGER).contains("needs the feature `http`"), "{}", refusal(&LODGER));
}

#[test]
fn a_store_without_its_crate_names_the_feature() {
    assert_eq!(
        refusal(&[("LODGER_DESTINATION", "store:./data")]),
        "the destination `store` needs the feature `store`: add features = [\"store\"] to the lodger crate in \
         Cargo.toml"
    );
}

#[cfg(feature = "http")]
#[test]
fn an_address_is_a_collector() {
    let settings =
        [("LODGER_DESTINATION", "https://collector.example/audit"), ("LODGER_HTTP_TOKEN", "canary")];
    assert_eq!(identities(&settings), [Identity::new("http", "https://collector.example/audit")]);
    let settings = [("LODGER_DESTINATION", "stdout, http://127.0.0.1:9880/audit")];
    assert_eq!(identities(&settings)[1], Identity::new("http", "http://127.0.0.1:9880/audit"));
}

#[cfg(feature = "http")]
#[test]
fn every_wrong_setting_of_a_collector_is_named_at_once_and_no_secret() {
    let settings = [
        ("LODGER_DESTINATION", "http://collector.example/audit"),
        ("LODGER_HTTP_FORMAT", "canary"),
        ("LODGER_HTTP_COMPRESSION", "canary"),
        ("LODGER_HTTP_TOKEN", "canary canary"),
        ("LODGER_HTTP_PASSWORD", "canary"),
        ("LODGER_HTTP_ALLOW_PLAIN", "canary"),
    ];
    assert_eq!(
        refusal(&settings),
        "the destination `http` can't be used: LODGER_HTTP_FORMAT is neither `ndjson` nor `json`; \
         LODGER_HTTP_COMPRESSION is none of `none`, `gzip`, `zstd`; LODGER_HTTP_PASSWORD needs LODGER_HTTP_USER too; \
         LODGER_HTTP_ALLOW_PLAIN is neither `1` nor `0`; the token is blank, or holds characters that can't be sent; copy \
         it again; the base address http://collector.example/audit would send the key and the events unencrypted; use \
         https, or allow it with LODGER_HTTP_ALLOW_PLAIN=1"
    );
    let allowed = [settings[0], ("LODGER_HTTP_ALLOW_PLAIN", "1")];
    assert_eq!(identities(&allowed)[0].kind, "http");
}

#[cfg(feature = "http")]
#[test]
fn settings_that_describe_one_collector_are_never_used_for_two() {
    let texts = "https://collector.example/audit,https://elsewhere.example";
    let settings = [("LODGER_DESTINATION", texts), ("LODGER_HTTP_TOKEN", "canary")];
    assert_eq!(
        refusal(&settings),
        "the destination `http` can't be used: LODGER_HTTP_… describe one collector; give the others in code, with \
         `HttpDestination`"
    );
}

#[cfg(all(feature = "http", not(feature = "gzip")))]
#[test]
fn compression_without_its_feature_names_it() {
    let settings = [("LODGER_DESTINATION", "https://collector.example"), ("LODGER_HTTP_COMPRESSION", "gzip")];
    assert!(refusal(&settings).contains("needs the feature `gzip`"), "{}", refusal(&settings));
}

#[cfg(not(feature = "http"))]
#[test]
fn a_collector_without_http_names_the_feature() {
    let settings = [("LODGER_DESTINATION", "https://collector.example")];
    assert!(refusal(&settings).contains("needs the feature `http`"), "{}", refusal(&settings));
}

#[test]
fn several_are_separated_by_commas() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("audit.jsonl");
    let texts = format!("stdout:json, file:{},", path.display());
    let expected = [Identity::new("stdout", ""), Identity::new("file", path.to_str().unwrap())];
    assert_eq!(identities(&[("LODGER_DESTINATION", &texts)]), expected);
}

#[test]
fn the_same_place_twice_is_refused() {
    assert_eq!(
        refusal(&[("LODGER_DESTINATION", "stdout,stdout:json")]),
        "LODGER_DESTINATION names stdout more than once: name each destination once"
    );
}

#[test]
fn a_file_that_is_named_twice_is_no_other_process() {
    let directory = tempfile::tempdir().unwrap();
    let text = format!("file:{}", directory.path().join("audit.jsonl").display());
    assert_eq!(
        refusal(&[("LODGER_DESTINATION", &format!("{text}, {text}"))]),
        format!("LODGER_DESTINATION names {text} more than once: name each destination once")
    );
}

#[test]
fn another_crates_scheme_gets_its_rest_and_the_settings() {
    let settings = [("LODGER_DESTINATION", "elsewhere:b:c"), ("PLACE_PREFIX", "a:")];
    assert_eq!(identities(&settings), [Identity::new("elsewhere", "a:b:c")]);
    assert_eq!(refusal(&settings[..1]), "the destination `elsewhere` can't be used: set PLACE_PREFIX");
}

#[test]
fn a_wrong_text_is_answered_with_the_right_one() {
    for (text, advice) in [
        ("file", "name the file: `file:./audit.jsonl`"),
        ("file:", "name the file: `file:./audit.jsonl`"),
        ("stdout:xml", "write `stdout` or `stdout:json`"),
        #[cfg(feature = "http")]
        ("https://x.example?key=canary", "holds a query"),
        ("lodger:https://lodger.dev", "an address goes into LODGER_API_BASE"),
        ("./audit.jsonl", "there is no destination `./audit.jsonl`: set LODGER_DESTINATION to one of lodger"),
        ("Stdout", "there is no destination `…`"),
        ("file:/dev/null", "is not a regular file"),
    ] {
        let text = refusal(&[("LODGER_DESTINATION", text)]);
        assert!(text.contains(advice), "{text}");
    }
}

#[test]
fn a_secret_in_the_wrong_variable_is_not_repeated() {
    for text in
        ["lodger_sk_canary", "https://me:canary@lodger.dev", "postgres://u:canary@db/x", "https://x?k=canary"]
    {
        let text = refusal(&[("LODGER_DESTINATION", text)]);
        assert!(!text.contains("canary"), "{text}");
    }
}
