//! What is kept of a request's head.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use actix_web::HttpRequest;
use actix_web::dev::{ResourceDef, ServiceRequest};
use actix_web::http::header::{HeaderName, HeaderValue};
use lodger_core::capture::KeptHead;

/// The header that carries the request id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Keeps of the request's head what capture may ask for. Answers with the request id that came with it.
pub(crate) fn keep(request: &ServiceRequest, head: &mut KeptHead) -> Option<HeaderValue> {
    let peer = request.peer_addr().map(|address| address.ip());
    head.keep_request(request.method().as_str(), request.uri().path(), None, peer);
    let mut request_id = None;
    for (name, value) in request.headers() {
        if head.keep_header(name.as_str(), value.as_bytes()) {
            request_id.get_or_insert(value);
        }
    }
    request_id.cloned()
}

/// The template of the route that a request matches.
pub(crate) fn route(request: &HttpRequest) -> Option<String> {
    checked(request.match_pattern()?, || request.match_info().as_str().to_owned())
}

/// The template, if it is that of this path. Of a resource with several patterns actix reports the first, whichever
/// matched; what an expression in it matches only actix can say, so it is asked once more.
pub(crate) fn checked(template: String, path: impl FnOnce() -> String) -> Option<String> {
    thread_local! {
        /// The templates with expressions that were met; there are no more than the application has.
        static ASKED: RefCell<HashMap<String, Option<ResourceDef>>> = RefCell::default();
    }
    if !template.contains(':') {
        return Some(template);
    }
    let path = path();
    let matches = ASKED.try_with(|asked| {
        let mut asked = asked.borrow_mut();
        let known = asked.entry(template.clone()).or_insert_with(|| definition(&template));
        known.as_ref().is_some_and(|known| known.is_match(path.as_str()))
    });
    // At a thread's very end nobody can say.
    matches.unwrap_or(false).then_some(template)
}

/// `None` for what actix only takes in pieces, from nested scopes: a name twice, or more than 16 parameters.
fn definition(template: &str) -> Option<ResourceDef> {
    let names = || template.split('{').skip(1).filter_map(|rest| rest.split([':', '}']).next());
    let all: HashSet<&str> = names().collect();
    (names().count() == all.len() && all.len() <= 16).then(|| ResourceDef::new(template))
}
