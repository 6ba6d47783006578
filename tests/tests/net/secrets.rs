//! The API key is in no log at TRACE, error, `Debug` form, panic, dead letter or byte of the journal, whatever the
//! service answers, and no proxy is used that nobody asked for.

use std::path::Path;

use serde_json::json;

use crate::accepted;
use crate::child::{Said, run};
use crate::loopback::{Loopback, Reply, Step};

/// Looks like no key that the redaction knows: only not writing it keeps it out.
pub(crate) const KEY: &str = "canary5d41402abc4b2a76b9719d911017c592";

pub(crate) fn environment<'a>(base: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut environment = vec![
        ("LODGER_API_KEY", KEY),
        ("LODGER_WORKSPACE_ID", "org_1"),
        ("LODGER_PROJECT_ID", "core"),
        ("LODGER_API_BASE", base),
    ];
    environment.extend(more);
    environment
}

pub(crate) async fn talk(role: &'static str, directory: &Path, environment: Vec<(&str, &str)>) -> Said {
    let directory = directory.to_owned();
    let owned: Vec<(String, String)> =
        environment.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    tokio::task::spawn_blocking(move || {
        let environment: Vec<(&str, &str)> = owned.iter().map(|(name, value)| (&**name, &**value)).collect();
        run(role, &directory, &environment)
    })
    .await
    .unwrap()
}

/// It spoke at length, and never of the key.
#[track_caller]
pub(crate) fn assert_discreet(said: &Said) {
    assert_eq!(said.places_of(KEY), Vec::<&str>::new());
    // Otherwise it would be no wonder.
    assert_eq!(said.code, Some(101), "it panics at the end: {}", said.err);
    for chatter in ["TRACE hyper", "log TRACE", "this is the end of"] {
        assert!(said.err_with(chatter).next().is_some(), "no {chatter}: {}", said.err);
    }
}

#[tokio::test]
async fn whatever_the_service_answers_the_key_is_nowhere() {
    let quoting = |status| {
        let words = json!({"error": KEY, "detail": format!("\u{202e}no such key:\n{KEY}"), "receipt": KEY});
        Step::Reply(Reply::json(status, &words).header("x-quoted", KEY).header("location", "/elsewhere"))
    };
    let half = format!("{{\"error\":\"{KEY}");
    let steps = [
        quoting(202),
        quoting(301),
        quoting(401),
        quoting(403),
        quoting(422),
        quoting(503),
        Step::Truncated(Reply::text(500, &half)),
        Step::Raw(format!("HTTP/1.1 {KEY}\r\n\r\n").into_bytes()),
        Step::Reset,
        accepted(),
    ];
    for step in steps {
        let server = Loopback::start(step.clone()).await;
        let directory = tempfile::tempdir().unwrap();
        let said = talk("client", directory.path(), environment(&server.base(), &[])).await;
        assert_discreet(&said);
        let requests = server.requests();
        assert!(requests.iter().all(|request| request.headers["authorization"] == format!("Bearer {KEY}")));
        assert!(!requests.is_empty(), "{step:?}");
    }
}

/// Nothing is built from a wrong setting, nothing is sent, and what was wrong is said without quoting it.
#[tokio::test]
async fn a_wrong_setting_is_refused_without_being_quoted() {
    let with_password = format!("https://u:{KEY}@lodger.dev");
    let with_query = format!("https://lodger.dev/?key={KEY}");
    let spaced = format!("{KEY} {KEY}");
    for (name, value, why) in [
        ("LODGER_API_BASE", &*with_password, "leave them out"),
        ("LODGER_API_BASE", &*with_query, "leave them out"),
        ("LODGER_API_BASE", "http://192.0.2.1", "use https"),
        ("LODGER_API_BASE", "http://127.0.0.1.nip.example", "use https"),
        ("LODGER_API_BASE", "ftp://lodger.dev", "use https"),
        ("LODGER_API_KEY", &*spaced, "copy it again"),
        ("LODGER_DESTINATION", KEY, "LODGER_DESTINATION"),
        ("LODGER_HASH_KEY", KEY, "LODGER_HASH_KEY"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let environment = environment("https://127.0.0.1:1", &[(name, value)]);
        let said = talk("client", directory.path(), environment).await;
        assert_eq!(said.places_of(KEY), Vec::<&str>::new(), "{name}");
        assert_eq!(said.code, Some(3), "{name}={value}");
        assert!(said.err.contains(why), "{name}: {}", said.err);
        assert!(said.files.is_empty(), "{name}: {:?}", said.files);
    }
}

#[tokio::test]
async fn a_proxy_that_only_the_environment_names_is_not_used() {
    let server = Loopback::start(accepted()).await;
    let proxy = Loopback::start(accepted()).await;
    let directory = tempfile::tempdir().unwrap();
    let named = proxy.base();
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let proxies = names.map(|name| (name, &*named));
    let said = talk("client", directory.path(), environment(&server.base(), &proxies)).await;
    assert_eq!((server.requests().len(), proxy.connections()), (3, 0));
    assert_eq!(said.stats()["destinations"][0]["delivered"], 3);
}

/// Not a single connection: the key would go along.
#[tokio::test]
async fn a_redirect_is_not_followed_to_another_host() {
    for status in [301, 302, 303, 305, 307, 308] {
        let elsewhere = Loopback::start(accepted()).await;
        let location = format!("{}/v1/events", elsewhere.base());
        let server = Loopback::replying(Reply::text(status, "").header("location", &location)).await;
        let directory = tempfile::tempdir().unwrap();
        let said = talk("client", directory.path(), environment(&server.base(), &[])).await;
        assert_eq!(elsewhere.connections(), 0, "{status}");
        let lane = &said.stats()["destinations"][0];
        assert_eq!(
            (&lane["state"], &lane["delivered"], &lane["dead"]),
            (&json!("paused"), &json!(0), &json!(0))
        );
    }
}
