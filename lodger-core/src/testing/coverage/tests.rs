use serde_json::json;

use super::*;
use crate::capture::{OutcomeSet, Registered, Settings, Site};
use crate::event::{Actor, Outcome, Target};
use crate::testing::capture;

static UPDATE: Site = Site::new("cover_invoice.update", "cover_update", "a.rs", 3, "app::invoices");
static REMOVE_1: Site = Site::new("cover_invoice.remove", "cover_remove", "a.rs", 9, "app::invoices");
static REMOVE_2: Site = Site::new("cover_member.remove", "cover_remove", "b.rs", 3, "app::members");
static REFUSE: Site =
    Site::new("cover_invoice.refuse", "cover_refuse", "a.rs", 19, "app::invoices").on(OutcomeSet::DENIED);
static CORRECT: Site =
    Site::new("cover_invoice.correct", "cover_correct", "a.rs", 25, "app::invoices").on(OutcomeSet::SUCCESS);
static METHOD: Site = Site::new("cover_invoice.rename", "cover_rename", "a.rs", 31, "app::invoices").method();
inventory::submit! { Registered(&METHOD) }
inventory::submit! { Registered(&REFUSE) }
inventory::submit! { Registered(&CORRECT) }
inventory::submit! { Registered(&UPDATE) }
inventory::submit! { Registered(&REMOVE_1) }
inventory::submit! { Registered(&REMOVE_2) }

struct Layer(Settings);

impl Layered for Layer {
    fn settings(&self) -> &Settings {
        &self.0
    }
}

fn layer(rules: &[&str]) -> Layer {
    let mut settings = Settings::new(capture().lodger().sink());
    rules.iter().for_each(|rule| settings.rule((*rule).to_owned(), "cover.rule".to_owned()));
    Layer(settings)
}

fn layer_on(outcomes: OutcomeSet) -> Layer {
    let mut layer = layer(&["PUT /ruled"]);
    layer.0.on(outcomes);
    layer
}

fn is_covered(route: Route) -> bool {
    coverage([route]).check().is_ok()
}

#[test]
fn a_handler_is_annotated_by_module_and_name() {
    let handled_by = |handler: &str| is_covered(Route::new("PUT", "/x").handled_by(handler));
    assert!(handled_by("app::invoices::cover_update"));
    assert!(handled_by("app::invoices::cover_update<app::Postgres>"));
    assert!(handled_by("app::invoices::cover_update::<app::Postgres>"));
    // Annotated, but for something else than its success.
    assert!(!handled_by("app::invoices::cover_refuse"));
    assert!(!handled_by("app::orders::cover_update"));
    assert!(!handled_by("app::invoices::Orders::cover_update"));
    assert!(!handled_by("other::app::invoices::cover_update"));
    assert!(!handled_by("app::invoices::cover_update::{{closure}}"));
}

/// Handlers are functions, which take no `self`: the handler of this name is another.
#[test]
fn a_method_is_no_handler() {
    assert!(!is_covered(Route::new("PUT", "/x").handled_by("app::invoices::cover_rename")));
    assert!(!is_covered(Route::new("PUT", "/cover-invoices/{id}").handled_by("cover_rename")));
}

#[test]
fn a_bare_name_counts_where_it_can_mean_nothing_else() {
    let named = |path: &str, name: &str| Route::new("PUT", path).handled_by(name);
    assert!(is_covered(named("/cover-invoices/{id}", "cover_update")));
    // The path is about something else.
    assert!(!is_covered(named("/users/{id}", "cover_update")));
    assert!(!is_covered(named("/users/{cover_invoice}", "cover_update")));
    // Two annotated functions, or none, are called so.
    assert!(!is_covered(named("/cover-invoices/{id}", "cover_remove")));
    assert!(!is_covered(named("/cover-invoices/{id}", "cover_nothing")));
    // Two routes name it, one of which is safe.
    let twice =
        [named("/cover-invoices/{id}", "cover_update"), Route::new("GET", "/b").handled_by("cover_update")];
    assert!(coverage(twice).check().is_err());
}

#[test]
fn a_rule_covers_a_route_when_it_covers_all_of_its_paths() {
    let covers = |rule: &str, method: &str, path: &str| {
        coverage([Route::new(method, path)]).layer(&layer(&[rule])).check().is_ok()
    };
    assert!(covers("DELETE /members/{id}", "DELETE", "/members/{member}"));
    assert!(covers("* /members/{id}", "DELETE", "/members/{id}"));
    assert!(covers("* /admin/{*rest}", "POST", "/admin/users/{id}/lock"));
    assert!(covers("* /admin/{*rest}", "POST", "/admin/{*all}"));
    assert!(covers("POST /{kind}/{id}", "POST", "/members/{id}"));
    assert!(covers("POST /files/{file}", "POST", "/files/{name}.json"));
    assert!(covers("* /x", "*", "/x"));

    assert!(!covers("DELETE /members/{id}", "PUT", "/members/{id}"));
    assert!(!covers("DELETE /members/me", "DELETE", "/members/{id}"));
    assert!(!covers("POST /files/{file}.json", "POST", "/files/{name}"));
    assert!(!covers("POST /files/{a}-{b}", "POST", "/files/{a-b}"));
    assert!(!covers("POST /admin/{one}", "POST", "/admin/{*all}"));
    assert!(!covers("POST /x", "*", "/x"));
}

#[test]
fn a_layer_that_leaves_out_success_covers_no_route() {
    let covers = |route: &Route, outcomes: &[OutcomeSet]| {
        let routes = coverage([route.clone()]);
        outcomes.iter().fold(routes, |routes, on| routes.layer(&layer_on(*on))).check().is_ok()
    };
    let ruled = Route::new("PUT", "/ruled");
    assert!(covers(&ruled, &[OutcomeSet::ALWAYS]));
    assert!(covers(&ruled, &[OutcomeSet::SUCCESS.with(OutcomeSet::DENIED)]));
    assert!(!covers(&ruled, &[OutcomeSet::DENIED]));
    assert!(covers(&ruled, &[OutcomeSet::DENIED, OutcomeSet::SUCCESS]));

    let annotated = Route::new("PUT", "/x").handled_by("app::invoices::cover_update");
    assert!(covers(&annotated, &[OutcomeSet::ALWAYS]));
    assert!(!covers(&annotated, &[OutcomeSet::DENIED]));
    // Nobody knows which of the two is around it.
    assert!(!covers(&annotated, &[OutcomeSet::ALWAYS, OutcomeSet::DENIED]));
    assert!(!covers(&Route::new("PUT", "/cover-invoices").handled_by("cover_update"), &[OutcomeSet::DENIED]));
    // What the attribute says replaces what the layer says.
    let own = Route::new("PUT", "/x").handled_by("app::invoices::cover_correct");
    assert!(covers(&own, &[OutcomeSet::DENIED]));
    let own = Route::new("PUT", "/x").handled_by("app::invoices::cover_refuse");
    assert!(!covers(&own, &[OutcomeSet::ALWAYS]));
}

#[test]
fn a_layer_that_leaves_out_success_is_the_reason_why() {
    let text = coverage([Route::new("PUT", "/x").handled_by("app::invoices::cover_update")])
        .layer(&layer_on(OutcomeSet::DENIED))
        .check()
        .unwrap_err();
    let why =
        "its handler app::invoices::cover_update is annotated, but the layer's on(..) leaves out success";
    assert_eq!(text.split_once("\n\nFor each").unwrap().0.lines().last().unwrap().trim_start(), why);
}

#[test]
fn what_a_capture_has_seen_counts_for_its_method_and_route() {
    let audit = capture();
    let event = |action: &'static str, outcome: Outcome, method: &str, route: &str| {
        let event =
            Event::builder(action).outcome(outcome).actor(Actor::user("ada")).target(Target::new("x", 1));
        let mut event = event.build().unwrap();
        let mut request = crate::event::RequestInfo::default();
        (request.method, request.route) = (Some(method.to_owned()), Some(route.to_owned()));
        event.request = Some(request);
        audit.lodger().enqueue(event).unwrap();
    };
    event("cover_invoice.update", Outcome::Success, "PUT", "/a/{id}");
    event("request.unaudited", Outcome::Success, "PUT", "/b/{id}");
    event("cover_invoice.update", Outcome::Failure, "PUT", "/c/{id}");
    event("cover_invoice.update", Outcome::Denied, "PUT", "/c/{id}");
    event("cover_invoice.update", Outcome::Unknown, "PUT", "/d/{id}");
    let seen = |method: &str, path: &str| coverage([Route::new(method, path)]).seen(&audit).check().is_ok();
    assert!(seen("put", r"/a/{invoice:\d+}"));
    assert!(!seen("POST", "/a/{id}"));
    assert!(!seen("PUT", "/a/{id}/b"));
    assert!(!seen("*", "/a/{id}"));
    // No annotated function has spoken there.
    assert!(!seen("PUT", "/b/{id}"));
    // That a failure leaves an event says nothing about a success.
    assert!(!seen("PUT", "/c/{id}"));
    // The result was not to be seen, so it may have been one.
    assert!(seen("PUT", "/d/{id}"));
}

#[test]
fn routes_of_safe_methods_need_nothing() {
    assert_eq!(coverage(["GET", "HEAD", "OPTIONS"].map(|method| Route::new(method, "/x"))).check(), Ok(()));
}

#[test]
fn an_exemption_has_a_reason_and_is_needed() {
    let routes = || {
        let covered = Route::new("PUT", "/a").handled_by("app::invoices::cover_update");
        [Route::new("POST", "/login"), Route::new("GET", "/b"), covered]
    };
    assert_eq!(coverage(routes()).exempt("POST /login", "it changes nothing").check(), Ok(()));

    let text = coverage(routes())
        .exempt("POST /login", " ")
        .exempt("POST /logout", "gone")
        .exempt("PUT /a", "covered")
        .exempt("GET /b", "safe")
        .exempt("/login", "no method")
        .check()
        .unwrap_err();
    assert_eq!(
        text,
        "\
1 of 2 changing routes leave no audit event:

POST /login
    its handler is not known

For each of them: annotate its handler with #[audited(\"…\")], or name it in a rule of the layer, \
.rule(\"METHOD /path\", \"…\"), and give the layer to .layer(&layer); or record it below the handler, call the route in \
this test, so that it succeeds, and give the capture to .seen(&audit); or say why it needs no event, .exempt(\"METHOD /path\", \"the reason\").

5 of 5 exemptions are wrong:

POST /login: say why it needs no audit event
POST /logout: there is no such route: remove the exemption
PUT /a: it leaves an audit event: remove the exemption
GET /b: its method changes nothing: remove the exemption
/login: rule `/login` has no method: write `DELETE /login`, or `* /login` for every method"
    );
}

#[test]
fn a_failure_names_each_route_and_why() {
    let named = |method: &str, path: &str, name: &str| Route::new(method, path).handled_by(name);
    let text = coverage([
        named("DELETE", "/members/{id}", "app::members::remove"),
        named("PUT", "/users/{id}", "cover_update"),
        named("PUT", "/b/{id}", "cover_remove"),
        named("PATCH", "/c/{id}", "cover_patch"),
    ])
    .check()
    .unwrap_err();
    let (routes, _) = text.split_once("\n\nFor each").unwrap();
    assert_eq!(
        routes,
        "\
4 of 4 changing routes leave no audit event:

DELETE /members/{id}
    its handler app::members::remove is not annotated

PUT /users/{id}
    app::invoices::cover_update is annotated as cover_invoice.update, but nothing shows that it handles this route: the \
path does not name what the action is about

PUT /b/{id}
    2 annotated functions are called cover_remove

PATCH /c/{id}
    no annotated function is called cover_patch"
    );
}

#[test]
fn an_openapi_document_lists_each_method_of_each_path() {
    let document = json!({"openapi": "3.1.0", "paths": {
        "/a": {"summary": "a", "parameters": [], "get": {}, "post": {"operationId": "create"}},
        "/a/{id}": {"delete": {"operationId": "remove"}, "put": {}},
    }});
    let mut routes = openapi_routes(&document);
    routes.sort_by_key(ToString::to_string);
    assert_eq!(
        routes,
        [
            Route::new("DELETE", "/a/{id}").handled_by("remove"),
            Route::new("GET", "/a"),
            Route::new("POST", "/a").handled_by("create"),
            Route::new("PUT", "/a/{id}"),
        ]
    );
}

#[test]
#[should_panic(expected = "has an object `paths`, and this one has none")]
fn what_is_no_openapi_document_covers_nothing() {
    _ = openapi_routes(&json!({}));
}
