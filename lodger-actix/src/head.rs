//! The view of a request's head.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::dev::{ResourceDef, ServiceRequest};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, Uri};
use lodger_core::capture::Head;

/// The header that carries the request id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is kept of a request's head. Everything in it but the route is reference-counted, so keeping it copies no
/// text.
#[derive(Debug)]
pub(crate) struct CapturedHead {
    method: Method,
    uri: Uri,
    route: Option<String>,
    headers: Vec<(&'static str, HeaderValue)>,
    peer: Option<IpAddr>,
}

impl CapturedHead {
    /// Keeps these headers of the request, and what else capture may ask for.
    pub(crate) fn of(request: &ServiceRequest, headers: &[&'static str]) -> Self {
        let values = |name: &'static str| request.headers().get_all(name).map(move |v| (name, v.clone()));
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            // Only for requests that never come to an answer; the answer's request knows better.
            route: route(request.request()),
            headers: headers.iter().copied().flat_map(values).collect(),
            peer: request.peer_addr().map(|address| address.ip()),
        }
    }
}

/// The template of the route that a request matches. Of a resource with several patterns actix reports the first,
/// whichever matched; what an expression in it matches only actix can say, so it is asked once more.
pub(crate) fn route(request: &HttpRequest) -> Option<String> {
    thread_local! {
        /// The templates with expressions that were met; there are no more than the application has.
        static ASKED: RefCell<HashMap<String, Option<ResourceDef>>> = RefCell::default();
    }
    let template = request.match_pattern()?;
    if !template.contains(':') {
        return Some(template);
    }
    let path = request.match_info().as_str();
    let matches = ASKED.with_borrow_mut(|asked| {
        let known = asked.entry(template.clone()).or_insert_with(|| definition(&template));
        known.as_ref().is_some_and(|known| known.is_match(path))
    });
    matches.then_some(template)
}

/// `None` for what actix only takes in pieces, from nested scopes: a name twice, or more than 16 parameters.
fn definition(template: &str) -> Option<ResourceDef> {
    let names = || template.split('{').skip(1).filter_map(|rest| rest.split([':', '}']).next());
    let all: HashSet<&str> = names().collect();
    (names().count() == all.len() && all.len() <= 16).then(|| ResourceDef::new(template))
}

impl Head for CapturedHead {
    fn method(&self) -> &str {
        self.method.as_str()
    }

    fn path(&self) -> &str {
        self.uri.path()
    }

    fn route(&self) -> Option<&str> {
        self.route.as_deref()
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_bytes())
    }

    fn header_values(&self, name: &str, visit: &mut dyn FnMut(&[u8])) {
        for (_, value) in self.headers.iter().filter(|(known, _)| *known == name) {
            visit(value.as_bytes());
        }
    }

    fn peer(&self) -> Option<IpAddr> {
        self.peer
    }
}
