//! Every form of the attribute and every shape of a handler that stands nowhere else in this service.

use std::fmt::Display;
use std::pin::Pin;

use axum::extract::{Json, Path};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Router, debug_handler};
use lodger_axum::audited;
use serde_json::{Value, json};
use tracing::instrument;

use crate::parity::{ApiError, CurrentUser, Invoice, InvoiceId, World};

type Answer<T> = Result<T, ApiError>;
type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What a crate looks like that passes the attribute on.
mod facade {
    pub(super) use lodger_axum::{audited, rt};
}

mod actions {
    pub(super) const TRY: &str = "form.try";
}

pub(super) fn routes() -> Router<World> {
    let routes = [
        ("const_action", post(const_action)),
        ("bare_target", post(bare_target)),
        ("related", post(related)),
        ("tenant", post(tenant)),
        ("fields", post(fields)),
        ("ok", post(ok)),
        ("refutable", post(refutable)),
        ("success", post(success)),
        ("on", post(on)),
        ("facade", post(through_facade)),
        ("opaque_response", post(opaque_response)),
        ("alias", post(alias)),
        ("json", post(json_body)),
        ("tuple", post(tuple)),
        ("nested", post(nested)),
        ("option", post(option)),
        ("generic", post(generic::<u64>)),
        ("sized", post(sized::<3>)),
        ("method", post(Form::method)),
        ("trait_method", post(trait_method)),
        ("route_below", post(route_below)),
        ("route_above", post(route_above)),
        ("instrument_below", post(instrument_below)),
        ("instrument_above", post(instrument_above)),
        ("debug_handler_below", post(debug_handler_below)),
        ("debug_handler_above", post(debug_handler_above)),
        ("twice", post(twice)),
        ("boxed_future", post(boxed_future)),
        ("future", post(future)),
        ("many", post(many)),
        ("made", post(made)),
        ("conditional", post(conditional)),
        ("raw", post(r#type)),
    ];
    routes.into_iter().fold(Router::new(), |router, (form, handler)| {
        router.route(&format!("/forms/{form}/{{form_id}}"), handler)
    })
}

// The attribute.

#[audited(actions::TRY)]
async fn const_action(_user: CurrentUser) -> Answer<StatusCode> {
    Ok(StatusCode::OK)
}

#[audited("form.try", target = id)]
async fn bare_target(_user: CurrentUser, Path(id): Path<InvoiceId>) -> Answer<String> {
    Ok(id.0)
}

#[audited("form.try", related(invoice = id), related("bank-account" = format!("b{id}")))]
async fn related(_user: CurrentUser, Path(id): Path<u64>) -> Answer<StatusCode> {
    Ok(StatusCode::OK)
}

#[audited("form.try", tenant = id)]
async fn tenant(_user: CurrentUser, Path(id): Path<u64>) -> Answer<StatusCode> {
    Ok(StatusCode::OK)
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
    ok(|(StatusCode::CREATED, _)| fields(created = true)),
    ok(|(StatusCode::OK, _)| fields(created = false)),
)]
async fn refutable(_user: CurrentUser, Path(status): Path<u16>) -> Answer<(StatusCode, String)> {
    let status = ApiError::from_400_on(status)?;
    Ok((StatusCode::from_u16(status).unwrap(), "done".to_owned()))
}

#[audited("form.try", success = |Json(done)| *done, on(always))]
async fn success(_user: CurrentUser, Path(id): Path<u16>) -> Json<bool> {
    Json(id == 1)
}

#[audited("form.try", on(failure, denied))]
async fn on(_user: CurrentUser, Path(status): Path<u16>) -> Answer<StatusCode> {
    if status == 204 {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError(status))
}

#[facade::audited("form.try", crate = facade)]
async fn through_facade(_user: CurrentUser) -> Answer<StatusCode> {
    Ok(StatusCode::OK)
}

// What is returned.

#[audited("form.try")]
async fn opaque_response(_user: CurrentUser) -> impl IntoResponse {
    StatusCode::ACCEPTED
}

#[audited("form.try", on(always))]
async fn alias(_user: CurrentUser, Path(status): Path<u16>) -> Answer<Response> {
    Ok(StatusCode::from_u16(ApiError::from_400_on(status)?).unwrap().into_response())
}

#[audited("form.try")]
async fn json_body(_user: CurrentUser) -> Json<Value> {
    Json(json!({"done": true}))
}

#[audited("form.try", on(failure))]
async fn tuple(_user: CurrentUser) -> (StatusCode, String) {
    (StatusCode::IM_A_TEAPOT, "short and stout".to_owned())
}

#[audited("form.try", on(always))]
async fn nested(_user: CurrentUser, Path(status): Path<u16>) -> Answer<Answer<StatusCode>> {
    Ok(ApiError::from_400_on(status).map(|status| StatusCode::from_u16(status).unwrap()))
}

#[audited("form.try", ok(|Some(number)| fields(number = number)))]
async fn find(_user: &CurrentUser, id: u16) -> Answer<Option<u16>> {
    Ok((id == 7).then_some(id))
}

async fn option(user: CurrentUser, Path(id): Path<u16>) -> Answer<StatusCode> {
    find(&user, id).await.map(|found| if found.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND })
}

// What the function is.

#[audited("form.try", fields(id = %id))]
async fn generic<T>(_user: CurrentUser, Path(id): Path<T>) -> Answer<String>
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
    async fn method(_user: CurrentUser) -> Answer<StatusCode> {
        Ok(StatusCode::OK)
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

async fn trait_method(user: CurrentUser, Path(id): Path<String>) -> Answer<StatusCode> {
    Form.run(&user, &id).await.map(|_| StatusCode::OK)
}

/// In actix `#[post]` stands below the attribute.
#[audited("form.try")]
async fn route_below(_user: CurrentUser) -> Answer<StatusCode> {
    Ok(StatusCode::OK)
}

/// In actix `#[post]` stands above the attribute.
#[audited("form.try")]
async fn route_above(_user: CurrentUser) -> Answer<StatusCode> {
    Ok(StatusCode::OK)
}

#[audited("form.try", fields(id))]
#[instrument(skip(_user))]
async fn instrument_below(_user: CurrentUser, Path(id): Path<u64>) -> Answer<StatusCode> {
    Ok(StatusCode::OK)
}

#[instrument(skip(_user))]
#[audited("form.try", fields(id))]
async fn instrument_above(_user: CurrentUser, Path(id): Path<u64>) -> Answer<StatusCode> {
    Ok(StatusCode::OK)
}

#[audited("form.try")]
#[debug_handler]
async fn debug_handler_below(_user: CurrentUser) -> Answer<StatusCode> {
    Ok(StatusCode::OK)
}

#[debug_handler]
#[audited("form.try")]
async fn debug_handler_above(_user: CurrentUser) -> Answer<StatusCode> {
    Ok(StatusCode::OK)
}

#[audited("form.inner")]
#[audited("form.outer")]
async fn twice(_user: CurrentUser) -> Answer<StatusCode> {
    Ok(StatusCode::OK)
}

#[audited("form.try", fields(id))]
fn boxed_future(_user: CurrentUser, Path(id): Path<u64>) -> BoxFuture<Answer<String>> {
    Box::pin(async move { Ok(id.to_string()) })
}

#[audited("form.try", fields(id))]
fn future(_user: CurrentUser, Path(id): Path<u64>) -> impl Future<Output = Answer<String>> {
    async move { Ok(id.to_string()) }
}

#[audited("form.try", fields(fourth = d, last = p))]
#[expect(clippy::too_many_arguments, reason = "as many as a handler may have")]
async fn many(
    _a: CurrentUser,
    _b: Path<u64>,
    _c: Path<u64>,
    Path(d): Path<u64>,
    _e: Path<u64>,
    _f: Path<u64>,
    _g: Path<u64>,
    _h: Path<u64>,
    _i: Path<u64>,
    _j: Path<u64>,
    _k: Path<u64>,
    _l: Path<u64>,
    _m: Path<u64>,
    _n: Path<u64>,
    _o: Path<u64>,
    p: String,
) -> Answer<StatusCode> {
    Ok(StatusCode::OK)
}

macro_rules! made {
    ($name:ident, $action:expr, $user:ident: $id:ident, $body:block) => {
        #[audited($action, fields($id))]
        async fn $name($user: CurrentUser, Path($id): Path<u64>) -> Answer<StatusCode> $body
    };
}

made!(made, "form.try", _user: id, { Ok(StatusCode::OK) });

#[audited("form.try")]
async fn conditional(
    #[cfg(any())] _missing: NoSuchType,
    #[cfg(not(any()))] _user: CurrentUser,
    #[cfg(any())] _other: CurrentUser,
) -> Answer<StatusCode> {
    Ok(StatusCode::OK)
}

#[audited("form.try", fields(r#as))]
async fn r#type(_user: CurrentUser, Path(r#as): Path<u64>) -> Answer<StatusCode> {
    Ok(StatusCode::OK)
}
