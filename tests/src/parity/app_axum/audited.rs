//! Functions with the attribute.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use lodger_axum::{Actor, Audit, Change, Lodger, Target, audited, set_actor};
use serde_json::json;

use crate::parity::domain::{Account, Named, NewInvoice, Update};
use crate::parity::{ApiError, ApiKey, CurrentUser, Invoice, InvoiceId, World};

fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap()
}

/// Ok below 400, else an error.
#[audited("answer.give")]
pub(super) async fn answer(_user: CurrentUser, Path(wanted): Path<u16>) -> Result<StatusCode, ApiError> {
    ApiError::from_400_on(wanted).map(status)
}

/// No `Result`.
#[audited("reply.give")]
pub(super) async fn reply(_user: CurrentUser, Path(wanted): Path<u16>) -> StatusCode {
    status(wanted)
}

/// Ok, whatever the response.
#[audited("box.open")]
pub(super) async fn open_box(_user: CurrentUser, Path(wanted): Path<u16>) -> Result<Response, ApiError> {
    Ok(status(wanted).into_response())
}

/// Only its denials are wanted.
#[audited("denial.give", on(denied))]
pub(super) async fn deny(_user: CurrentUser, Path(wanted): Path<u16>) -> Result<StatusCode, ApiError> {
    ApiError::from_400_on(wanted).map(status)
}

#[audited("invoice.create")]
pub(super) async fn create(
    _user: CurrentUser,
    Json(body): Json<NewInvoice>,
) -> Result<(StatusCode, Json<Invoice>), ApiError> {
    Ok((StatusCode::CREATED, Json(Invoice { id: "inv_9".to_owned(), number: body.number })))
}

#[audited("invoice.update", fields(amount = body.amount))]
pub(super) async fn update(
    _user: CurrentUser,
    Path(_id): Path<String>,
    Json(body): Json<Update>,
) -> Result<Json<Update>, ApiError> {
    Ok(Json(body))
}

#[audited("invoice.delete")]
pub(super) async fn remove(_user: CurrentUser, Path(_id): Path<String>) -> Result<StatusCode, ApiError> {
    Ok(StatusCode::NO_CONTENT)
}

/// An audited read.
#[audited("report.read")]
pub(super) async fn report(_user: CurrentUser, Path(_id): Path<String>) -> Result<StatusCode, ApiError> {
    Ok(StatusCode::OK)
}

/// Takes numbers only.
#[audited("counter.raise")]
pub(super) async fn count(_user: CurrentUser, Path(_id): Path<u64>) -> Result<StatusCode, ApiError> {
    Ok(StatusCode::OK)
}

#[audited("panic.raise")]
pub(super) async fn panics(
    _user: CurrentUser,
    Path(when): Path<String>,
    audit: Audit,
) -> Result<StatusCode, ApiError> {
    if when == "after-commit" {
        audit.committed();
    }
    panic!("as the case wants it");
}

/// Stops at the gate `body`.
#[audited("transfer.create")]
pub(super) async fn transfer(
    _user: CurrentUser,
    State(world): State<World>,
    Path(how): Path<String>,
    audit: Audit,
) -> Result<StatusCode, ApiError> {
    if how == "committed" {
        audit.committed();
    }
    world.gates.pass("body").await;
    Ok(StatusCode::OK)
}

#[audited("org.member.added")]
pub(super) async fn add_member(_user: CurrentUser, Path(_org): Path<String>) -> Result<StatusCode, ApiError> {
    Ok(StatusCode::CREATED)
}

#[audited("org.member.removed")]
pub(super) async fn remove_member(
    _user: CurrentUser,
    Path((_org, _member)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    Ok(StatusCode::NO_CONTENT)
}

#[audited("team.delete")]
pub(super) async fn delete_team(
    _user: CurrentUser,
    Path((_org, _team)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    Ok(StatusCode::NO_CONTENT)
}

#[audited("file.delete")]
pub(super) async fn delete_file(
    _user: CurrentUser,
    Path(_path): Path<String>,
) -> Result<StatusCode, ApiError> {
    Ok(StatusCode::NO_CONTENT)
}

#[audited("who.ask")]
pub(super) async fn who_nobody() -> Result<StatusCode, ApiError> {
    Ok(StatusCode::OK)
}

#[audited("who.ask")]
pub(super) async fn who_argument(_user: CurrentUser) -> Result<StatusCode, ApiError> {
    Ok(StatusCode::OK)
}

#[audited("who.ask")]
pub(super) async fn who_extension(_user: Extension<CurrentUser>) -> Result<StatusCode, ApiError> {
    Ok(StatusCode::OK)
}

/// The client names a user in the body, and that is all there is.
#[audited("who.ask")]
pub(super) async fn who_body(Json(_claimed): Json<CurrentUser>) -> Result<StatusCode, ApiError> {
    Ok(StatusCode::OK)
}

/// The client names another user in the body.
#[audited("who.ask")]
pub(super) async fn who_argument_and_body(
    _user: CurrentUser,
    Json(_claimed): Json<CurrentUser>,
) -> Result<StatusCode, ApiError> {
    Ok(StatusCode::OK)
}

#[audited("who.ask")]
pub(super) async fn who_two(_user: CurrentUser, _key: ApiKey) -> Result<StatusCode, ApiError> {
    Ok(StatusCode::OK)
}

#[audited("who.ask")]
pub(super) async fn who_same(_user: CurrentUser, _again: CurrentUser) -> Result<StatusCode, ApiError> {
    Ok(StatusCode::OK)
}

#[audited("who.ask", actor = Actor::system("cron"))]
pub(super) async fn who_attribute(_user: CurrentUser) -> Result<StatusCode, ApiError> {
    Ok(StatusCode::OK)
}

/// A support agent acts for a customer.
#[audited("who.ask")]
pub(super) async fn who_audit(_user: CurrentUser, audit: Audit) -> Result<StatusCode, ApiError> {
    audit.actor(Actor::user("agent")).on_behalf_of(Actor::user("customer"));
    Ok(StatusCode::OK)
}

/// Authenticates by itself, in its body.
#[audited("who.ask")]
pub(super) async fn who_scope() -> Result<StatusCode, ApiError> {
    assert!(set_actor(&CurrentUser { id: "grace".to_owned() }), "the audit layer has opened no scope");
    Ok(StatusCode::OK)
}

#[audited("invoice.send", target(invoice = body.id))]
pub(super) async fn named_attribute(_user: CurrentUser, Json(body): Json<Named>) -> Result<String, ApiError> {
    Ok(body.id)
}

#[audited("invoice.send", target = body.id)]
pub(super) async fn named_bare(_user: CurrentUser, Json(body): Json<Named>) -> Result<String, ApiError> {
    Ok(body.id)
}

#[audited("invoice.send")]
pub(super) async fn named_argument(
    _user: CurrentUser,
    Path(id): Path<InvoiceId>,
) -> Result<String, ApiError> {
    Ok(id.0)
}

/// The client names an invoice in the body, which says nothing about what was touched.
#[audited("invoice.send")]
pub(super) async fn named_body(_user: CurrentUser, Json(body): Json<Invoice>) -> Result<String, ApiError> {
    Ok(body.id)
}

#[audited("invoice.send")]
pub(super) async fn named_audit(_user: CurrentUser, audit: Audit) -> Result<StatusCode, ApiError> {
    audit.target(Target::new("invoice", 5).name("INV-5")).related(Target::new("customer", "c1"));
    Ok(StatusCode::OK)
}

#[audited(
    "account.update",
    user_visible,
    idempotency_key = body.key,
    fields(amount = body.amount, shown = %body.amount, code = secret(body.token), contact = pii(body.email)),
)]
pub(super) async fn account(_user: CurrentUser, Json(body): Json<Account>) -> Result<String, ApiError> {
    Ok(body.amount.to_string())
}

#[audited("account.describe", target(account = "a1"))]
pub(super) async fn described(_user: CurrentUser, audit: Audit) -> Result<StatusCode, ApiError> {
    audit
        .describe("changed the plan")
        .tag("billing")
        .reason("asked by the customer")
        .source("dashboard")
        .metadata("plan", "pro")
        .metadata("password", "canary-hunter2")
        .personal("nickname", "Countess")
        .change(Change::new("/plan", Some(json!("free")), Some(json!("pro"))))
        .diff(&json!({"seats": 1, "city": "Rome"}), &json!({"seats": 2, "city": "Rome"}));
    Ok(StatusCode::OK)
}

#[audited("transfer.create", target(transfer = "t1"))]
pub(super) async fn further(_user: CurrentUser, audit: Audit) -> Result<StatusCode, ApiError> {
    audit.record("transfer.fee").target(Target::new("fee", "f1")).metadata("cents", 30);
    Ok(StatusCode::OK)
}

#[audited("draft.discard")]
pub(super) async fn discarded(_user: CurrentUser, audit: Audit) -> Result<StatusCode, ApiError> {
    audit.discard();
    Ok(StatusCode::OK)
}

/// A plain function.
#[audited("ledger.post", target(ledger = id))]
pub(super) fn post_entry(id: &str, wanted: u16) -> Result<(), ApiError> {
    ApiError::from_400_on(wanted).map(drop)
}

pub(super) struct Ledger {
    pub(super) id: String,
}

impl Ledger {
    /// A method.
    #[audited("ledger.close", target(ledger = self.id))]
    pub(super) async fn close(&self, wanted: u16) -> Result<(), ApiError> {
        ApiError::from_400_on(wanted).map(drop)
    }
}

#[audited("invoice.dun", target(invoice = id))]
pub(super) async fn dun(id: &str, wanted: u16) -> Result<(), ApiError> {
    ApiError::from_400_on(wanted).map(drop)
}

#[audited("invoice.age", target(invoice = id))]
async fn age(id: &str) {
    assert_eq!(id, "inv_1");
}

/// Runs one of [`JOBS`](crate::parity::JOBS) outside any request.
pub async fn work(lodger: &Lodger, job: &str) {
    let worker = Actor::service("billing-worker");
    match job {
        "nightly" => lodger.run_as(worker, dun("inv_1", 200)).await.unwrap(),
        "failing" => assert_eq!(lodger.run_as(worker, dun("inv_1", 409)).await, Err(ApiError(409))),
        "verdictless" => lodger.run_as(worker, age("inv_1")).await,
        other => panic!("no such job: {other}"),
    }
}
