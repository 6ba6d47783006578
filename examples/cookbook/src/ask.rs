//! Requests to a recipe's service.

use actix_web::dev::{Service, ServiceResponse};
use axum::body::Body;
use axum::http::{Request, header};
use tower::ServiceExt;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The cookies that were set, as the client sends them back.
    pub cookies: String,
    /// The body.
    pub body: String,
}

/// Asks an axum service: `ask_axum(&app, "POST /login", [("x-user", "ada")], "{}")`.
pub async fn ask_axum<const N: usize>(
    app: &axum::Router,
    line: &str,
    headers: [(&str, &str); N],
    body: &str,
) -> Answer {
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    if !body.is_empty() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let set = response.headers().get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
    let cookies = cookies(set);
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Answer { status, cookies, body: String::from_utf8(body.to_vec()).unwrap() }
}

/// Asks an actix service in the same way.
pub async fn ask_actix<S, B, const N: usize>(
    app: &S,
    line: &str,
    headers: [(&str, &str); N],
    body: &str,
) -> Answer
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: actix_web::body::MessageBody + 'static,
{
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = actix_web::test::TestRequest::with_uri(path).method(method.parse().unwrap());
    for header in headers {
        request = request.insert_header(header);
    }
    if !body.is_empty() {
        request = request.insert_header(("content-type", "application/json")).set_payload(body.to_owned());
    }
    let response = match actix_web::test::try_call_service(app, request.to_request()).await {
        Ok(response) => response.map_into_boxed_body(),
        // What a middleware of the recipe returned; the server makes a response of it.
        Err(error) => ServiceResponse::new(
            actix_web::test::TestRequest::default().to_http_request(),
            error.error_response(),
        ),
    };
    let set = response.headers().get_all("set-cookie").map(|value| value.to_str().unwrap());
    let cookies = cookies(set);
    let status = response.status().as_u16();
    let body = actix_web::test::read_body(response).await;
    Answer { status, cookies, body: String::from_utf8(body.to_vec()).unwrap() }
}

fn cookies<'v>(set: impl Iterator<Item = &'v str>) -> String {
    let pairs: Vec<&str> = set.filter_map(|value| value.split(';').next()).collect();
    pairs.join("; ")
}
