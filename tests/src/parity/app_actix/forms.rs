//! Every form of the attribute and every shape of a handler that stands nowhere else in this service.

use std::fmt::Display;
use std::pin::Pin;

use actix_web::http::StatusCode;
use actix_web::web::{Json, Path, ServiceConfig, post, resource};
use actix_web::{HttpResponse, Responder, post as post_route};
use lodger_actix::audited;
use serde_json::{Value, json};
use tracing::instrument;

use crate::parity::{ApiError, CurrentUser, Invoice, InvoiceId};

type Answer<T> = Result<T, ApiError>;
type BoxFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// What a crate looks like that passes the attribute on.
mod facade {
    pub(super) use lodger_actix::{audited, rt};
}

fn status(status: u16) -> HttpResponse {
    HttpResponse::new(StatusCode::from_u16(status).unwrap())
}

mod actions {
    pub(super) const TRY: &str = "form.try";
}

pub(super) fn routes(app: &mut ServiceConfig) {
    let routes = [
        ("const_action", post().to(const_action)),
        ("bare_target", post().to(bare_target)),
        ("related", post().to(related)),
        ("tenant", post().to(tenant)),
        ("fields", post().to(fields)),
        ("ok", post().to(ok)),
        ("refutable", post().to(refutable)),
        ("success", post().to(success)),
        ("on", post().to(on)),
        ("facade", post().to(through_facade)),
        ("opaque_response", post().to(opaque_response)),
        ("alias", post().to(alias)),
        ("json", post().to(json_body)),
        ("tuple", post().to(tuple)),
        ("nested", post().to(nested)),
        ("option", post().to(option)),
        ("generic", post().to(generic::<u64>)),
        ("sized", post().to(sized::<3>)),
        ("method", post().to(Form::method)),
        ("trait_method", post().to(trait_method)),
        ("instrument_below", post().to(instrument_below)),
        ("instrument_above", post().to(instrument_above)),
        ("debug_handler_below", post().to(debug_handler_below)),
        ("debug_handler_above", post().to(debug_handler_above)),
        ("twice", post().to(twice)),
        ("boxed_future", post().to(boxed_future)),
        ("future", post().to(future)),
        ("many", post().to(many)),
        ("made", post().to(made)),
        ("conditional", post().to(conditional)),
        ("raw", post().to(r#type)),
    ];
    for (form, handler) in routes {
        app.service(resource(format!("/forms/{form}/{{form_id}}")).route(handler));
    }
    app.service(route_below).service(route_above);
}

// The attribute.

#[audited(actions::TRY)]
async fn const_action(_user: CurrentUser) -> Answer<HttpResponse> {
    Ok(status(200))
}

#[audited("form.try", target = *id)]
async fn bare_target(_user: CurrentUser, id: Path<InvoiceId>) -> Answer<String> {
    Ok(id.into_inner().0)
}

#[audited("form.try", related(invoice = id), related("bank-account" = format!("b{id}")))]
async fn related(_user: CurrentUser, id: Path<u64>) -> Answer<HttpResponse> {
    Ok(status(200))
}

#[audited("form.try", tenant = id)]
async fn tenant(_user: CurrentUser, id: Path<u64>) -> Answer<HttpResponse> {
    Ok(status(200))
}

#[audited(
    "form.try",
    fields(invoice, number = %invoice.number, debugged = ?invoice.number, "raw-id" = invoice.id.len() + 1)
)]
async fn fields(_user: CurrentUser, Json(invoice): Json<Invoice>) -> Answer<String> {
    Ok(invoice.id)
}

#[audited("form.try", ok(|Json(it)| target(invoice = it.id), related(number = it.number), fields(number = %it.number)))]
async fn ok(_user: CurrentUser, Json(invoice): Json<Invoice>) -> Answer<Json<Invoice>> {
    Ok(Json(invoice))
}

#[audited(
    "form.try",
    ok(|(_, StatusCode::CREATED)| fields(created = true)),
    ok(|(_, StatusCode::OK)| fields(created = false)),
)]
async fn refutable(_user: CurrentUser, status: Path<u16>) -> Answer<(String, StatusCode)> {
    let status = ApiError::from_400_on(*status)?;
    Ok(("done".to_owned(), StatusCode::from_u16(status).unwrap()))
}

#[audited("form.try", success = |Json(done)| *done, on(always))]
async fn success(_user: CurrentUser, id: Path<u16>) -> Json<bool> {
    Json(*id == 1)
}

#[audited("form.try", on(failure, denied))]
async fn on(_user: CurrentUser, wanted: Path<u16>) -> Answer<HttpResponse> {
    if *wanted == 204 {
        return Ok(status(204));
    }
    Err(ApiError(*wanted))
}

#[facade::audited("form.try", crate = facade)]
async fn through_facade(_user: CurrentUser) -> Answer<HttpResponse> {
    Ok(status(200))
}

// What is returned.

#[audited("form.try")]
async fn opaque_response(_user: CurrentUser) -> impl Responder {
    status(202)
}

#[audited("form.try", on(always))]
async fn alias(_user: CurrentUser, wanted: Path<u16>) -> Answer<HttpResponse> {
    Ok(status(ApiError::from_400_on(*wanted)?))
}

#[audited("form.try")]
async fn json_body(_user: CurrentUser) -> Json<Value> {
    Json(json!({"done": true}))
}

#[audited("form.try", on(failure))]
async fn tuple(_user: CurrentUser) -> (String, StatusCode) {
    ("short and stout".to_owned(), StatusCode::IM_A_TEAPOT)
}

#[audited("form.try", on(always))]
async fn nested(_user: CurrentUser, wanted: Path<u16>) -> Answer<Answer<HttpResponse>> {
    Ok(ApiError::from_400_on(*wanted).map(status))
}

#[audited("form.try", ok(|Some(number)| fields(number = number)))]
async fn find(_user: &CurrentUser, id: u16) -> Answer<Option<u16>> {
    Ok((id == 7).then_some(id))
}

async fn option(user: CurrentUser, id: Path<u16>) -> Answer<HttpResponse> {
    find(&user, *id).await.map(|found| status(if found.is_some() { 200 } else { 404 }))
}

// What the function is.

#[audited("form.try", fields(id = %id))]
async fn generic<T>(_user: CurrentUser, id: Path<T>) -> Answer<String>
where
    T: Display + Send,
{
    Ok(id.to_string())
}

#[audited("form.try", fields(size = N))]
async fn sized<const N: usize>(_user: CurrentUser) -> Answer<String> {
    Ok("x".repeat(N))
}

struct Form;

impl Form {
    #[audited("form.try")]
    async fn method(_user: CurrentUser) -> Answer<HttpResponse> {
        Ok(status(200))
    }
}

trait Try {
    async fn run(&mut self, user: &CurrentUser, id: &str) -> Answer<&mut Self>;
}

impl Try for Form {
    #[audited("form.try", fields(id))]
    async fn run(&mut self, user: &CurrentUser, id: &str) -> Answer<&mut Self> {
        assert_eq!((user.id.as_str(), id), ("ada", "7"));
        Ok(self)
    }
}

async fn trait_method(user: CurrentUser, id: Path<String>) -> Answer<HttpResponse> {
    Form.run(&user, &id).await.map(|_| status(200))
}

#[audited("form.try")]
#[post_route("/forms/route_below/{form_id}")]
async fn route_below(_user: CurrentUser) -> Answer<HttpResponse> {
    Ok(status(200))
}

#[post_route("/forms/route_above/{form_id}")]
#[audited("form.try")]
async fn route_above(_user: CurrentUser) -> Answer<HttpResponse> {
    Ok(status(200))
}

#[audited("form.try", fields(id = *id))]
#[instrument(skip(_user))]
async fn instrument_below(_user: CurrentUser, id: Path<u64>) -> Answer<HttpResponse> {
    Ok(status(200))
}

#[instrument(skip(_user))]
#[audited("form.try", fields(id = *id))]
async fn instrument_above(_user: CurrentUser, id: Path<u64>) -> Answer<HttpResponse> {
    Ok(status(200))
}

/// In axum `#[debug_handler]` stands below the attribute.
#[audited("form.try")]
async fn debug_handler_below(_user: CurrentUser) -> Answer<HttpResponse> {
    Ok(status(200))
}

/// In axum `#[debug_handler]` stands above the attribute.
#[audited("form.try")]
async fn debug_handler_above(_user: CurrentUser) -> Answer<HttpResponse> {
    Ok(status(200))
}

#[audited("form.inner")]
#[audited("form.outer")]
async fn twice(_user: CurrentUser) -> Answer<HttpResponse> {
    Ok(status(200))
}

#[audited("form.try", fields(id = *id))]
fn boxed_future(_user: CurrentUser, id: Path<u64>) -> BoxFuture<Answer<String>> {
    Box::pin(async move { Ok(id.to_string()) })
}

#[audited("form.try", fields(id = *id))]
fn future(_user: CurrentUser, id: Path<u64>) -> impl Future<Output = Answer<String>> {
    async move { Ok(id.to_string()) }
}

#[audited("form.try", fields(fourth = *d, last = l))]
#[expect(clippy::too_many_arguments, reason = "as many as a handler may have")]
async fn many(
    _a: CurrentUser,
    _b: Path<u64>,
    _c: Path<u64>,
    d: Path<u64>,
    _e: Path<u64>,
    _f: Path<u64>,
    _g: Path<u64>,
    _h: Path<u64>,
    _i: Path<u64>,
    _j: Path<u64>,
    _k: Path<u64>,
    l: String,
) -> Answer<HttpResponse> {
    Ok(status(200))
}

macro_rules! made {
    ($name:ident, $action:expr, $user:ident: $id:ident, $body:block) => {
        #[audited($action, fields($id = *$id))]
        async fn $name($user: CurrentUser, $id: Path<u64>) -> Answer<HttpResponse> $body
    };
}

made!(made, "form.try", _user: id, { Ok(status(200)) });

#[audited("form.try")]
async fn conditional(
    #[cfg(any())] _missing: NoSuchType,
    #[cfg(not(any()))] _user: CurrentUser,
    #[cfg(any())] _other: CurrentUser,
) -> Answer<HttpResponse> {
    Ok(status(200))
}

#[audited("form.try", fields(r#as = *r#as))]
async fn r#type(_user: CurrentUser, r#as: Path<u64>) -> Answer<HttpResponse> {
    Ok(status(200))
}
