//! Functions with the attribute.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path, ReqData};
use lodger_actix::{Actor, Audit, Change, Lodger, Target, audited, set_actor};
use serde_json::json;

use crate::parity::domain::{Account, Named, NewInvoice, Update};
use crate::parity::{ApiError, ApiKey, CurrentUser, Invoice, InvoiceId, World};

fn status(status: u16) -> HttpResponse {
    HttpResponse::new(StatusCode::from_u16(status).unwrap())
}

/// Ok below 400, else an error.
#[audited("answer.give")]
pub(super) async fn answer(_user: CurrentUser, wanted: Path<u16>) -> Result<HttpResponse, ApiError> {
    ApiError::from_400_on(*wanted).map(status)
}

/// No `Result`.
#[audited("reply.give")]
pub(super) async fn reply(_user: CurrentUser, wanted: Path<u16>) -> HttpResponse {
    status(*wanted)
}

/// Ok, whatever the response.
#[audited("box.open")]
pub(super) async fn open_box(_user: CurrentUser, wanted: Path<u16>) -> Result<HttpResponse, ApiError> {
    Ok(status(*wanted))
}

/// Only its denials are wanted.
#[audited("denial.give", on(denied))]
pub(super) async fn deny(_user: CurrentUser, wanted: Path<u16>) -> Result<HttpResponse, ApiError> {
    ApiError::from_400_on(*wanted).map(status)
}

#[audited("invoice.create")]
pub(super) async fn create(
    _user: CurrentUser,
    Json(body): Json<NewInvoice>,
) -> Result<(Json<Invoice>, StatusCode), ApiError> {
    Ok((Json(Invoice { id: "inv_9".to_owned(), number: body.number }), StatusCode::CREATED))
}

#[audited("invoice.update", fields(amount = body.amount))]
pub(super) async fn update(
    _user: CurrentUser,
    _id: Path<String>,
    Json(body): Json<Update>,
) -> Result<Json<Update>, ApiError> {
    Ok(Json(body))
}

#[audited("invoice.delete")]
pub(super) async fn remove(_user: CurrentUser, _id: Path<String>) -> Result<HttpResponse, ApiError> {
    Ok(status(204))
}

/// An audited read.
#[audited("report.read")]
pub(super) async fn report(_user: CurrentUser, _id: Path<String>) -> Result<HttpResponse, ApiError> {
    Ok(status(200))
}

/// Takes numbers only.
#[audited("counter.raise")]
pub(super) async fn count(_user: CurrentUser, _id: Path<u64>) -> Result<HttpResponse, ApiError> {
    Ok(status(200))
}

#[audited("panic.raise")]
pub(super) async fn panics(
    _user: CurrentUser,
    when: Path<String>,
    audit: Audit,
) -> Result<HttpResponse, ApiError> {
    if when.as_str() == "after-commit" {
        audit.committed();
    }
    panic!("as the case wants it");
}

/// Stops at the gate `body`.
#[audited("transfer.create")]
pub(super) async fn transfer(
    _user: CurrentUser,
    world: Data<World>,
    how: Path<String>,
    audit: Audit,
) -> Result<HttpResponse, ApiError> {
    if how.as_str() == "committed" {
        audit.committed();
    }
    world.gates.pass("body").await;
    Ok(status(200))
}

#[audited("org.member.added")]
pub(super) async fn add_member(_user: CurrentUser, _org: Path<String>) -> Result<HttpResponse, ApiError> {
    Ok(status(201))
}

#[audited("org.member.removed")]
pub(super) async fn remove_member(
    _user: CurrentUser,
    _ids: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    Ok(status(204))
}

#[audited("team.delete")]
pub(super) async fn delete_team(
    _user: CurrentUser,
    _ids: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    Ok(status(204))
}

#[audited("file.delete")]
pub(super) async fn delete_file(_user: CurrentUser, _path: Path<String>) -> Result<HttpResponse, ApiError> {
    Ok(status(204))
}

#[audited("who.ask")]
pub(super) async fn who_nobody() -> Result<HttpResponse, ApiError> {
    Ok(status(200))
}

#[audited("who.ask")]
pub(super) async fn who_argument(_user: CurrentUser) -> Result<HttpResponse, ApiError> {
    Ok(status(200))
}

#[audited("who.ask")]
pub(super) async fn who_extension(_user: ReqData<CurrentUser>) -> Result<HttpResponse, ApiError> {
    Ok(status(200))
}

/// The client names a user in the body, and that is all there is.
#[audited("who.ask")]
pub(super) async fn who_body(Json(_claimed): Json<CurrentUser>) -> Result<HttpResponse, ApiError> {
    Ok(status(200))
}

/// The client names another user in the body.
#[audited("who.ask")]
pub(super) async fn who_argument_and_body(
    _user: CurrentUser,
    Json(_claimed): Json<CurrentUser>,
) -> Result<HttpResponse, ApiError> {
    Ok(status(200))
}

#[audited("who.ask")]
pub(super) async fn who_two(_user: CurrentUser, _key: ApiKey) -> Result<HttpResponse, ApiError> {
    Ok(status(200))
}

#[audited("who.ask")]
pub(super) async fn who_same(_user: CurrentUser, _again: CurrentUser) -> Result<HttpResponse, ApiError> {
    Ok(status(200))
}

#[audited("who.ask", actor = Actor::system("cron"))]
pub(super) async fn who_attribute(_user: CurrentUser) -> Result<HttpResponse, ApiError> {
    Ok(status(200))
}

/// A support agent acts for a customer.
#[audited("who.ask")]
pub(super) async fn who_audit(_user: CurrentUser, audit: Audit) -> Result<HttpResponse, ApiError> {
    audit.actor(Actor::user("agent")).on_behalf_of(Actor::user("customer"));
    Ok(status(200))
}

/// Authenticates by itself, in its body.
#[audited("who.ask")]
pub(super) async fn who_scope() -> Result<HttpResponse, ApiError> {
    assert!(set_actor(&CurrentUser { id: "grace".to_owned() }), "the audit layer has opened no scope");
    Ok(status(200))
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
pub(super) async fn named_argument(_user: CurrentUser, id: Path<InvoiceId>) -> Result<String, ApiError> {
    Ok(id.into_inner().0)
}

/// The client names an invoice in the body, which says nothing about what was touched.
#[audited("invoice.send")]
pub(super) async fn named_body(_user: CurrentUser, Json(body): Json<Invoice>) -> Result<String, ApiError> {
    Ok(body.id)
}

#[audited("invoice.send")]
pub(super) async fn named_audit(_user: CurrentUser, audit: Audit) -> Result<HttpResponse, ApiError> {
    audit.target(Target::new("invoice", 5).name("INV-5")).related(Target::new("customer", "c1"));
    Ok(status(200))
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
pub(super) async fn described(_user: CurrentUser, audit: Audit) -> Result<HttpResponse, ApiError> {
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
    Ok(status(200))
}

#[audited("transfer.create", target(transfer = "t1"))]
pub(super) async fn further(_user: CurrentUser, audit: Audit) -> Result<HttpResponse, ApiError> {
    audit.record("transfer.fee").target(Target::new("fee", "f1")).metadata("cents", 30);
    Ok(status(200))
}

#[audited("draft.discard")]
pub(super) async fn discarded(_user: CurrentUser, audit: Audit) -> Result<HttpResponse, ApiError> {
    audit.discard();
    Ok(status(200))
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
