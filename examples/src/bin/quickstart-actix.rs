//! The quickstart on Actix: `cargo run --bin quickstart-actix`. Its twin is `quickstart`.

use std::error::Error;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path};
use actix_web::{App, HttpResponse, HttpServer, delete, get, post, put};
use lodger_actix::{Audit, AuditMiddleware, audited};
use lodger_examples::demonstration::{Demonstration, PATIENCE};
use lodger_examples::invoices::{Correction, Invoice, Invoices, NewInvoice, Problem};
use lodger_examples::users::CurrentUser;

/// The target is the invoice that comes back: it implements `ToTarget`.
#[audited("invoice.create", fields(customer = new.customer))]
#[post("/invoices")]
async fn create(
    _user: CurrentUser,
    invoices: Data<Invoices>,
    Json(new): Json<NewInvoice>,
) -> Result<(Json<Invoice>, StatusCode), Problem> {
    Ok((Json(invoices.create(new)), StatusCode::CREATED))
}

/// The target is the path's `{id}`; what changed is known only in here.
#[audited("invoice.update")]
#[put("/invoices/{id}")]
async fn correct(
    _user: CurrentUser,
    audit: Audit,
    invoices: Data<Invoices>,
    id: Path<u64>,
    Json(correction): Json<Correction>,
) -> Result<Json<Invoice>, Problem> {
    let (before, after) = invoices.correct(*id, &correction)?;
    audit.diff(&before, &after);
    Ok(Json(after))
}

#[audited("invoice.delete")]
#[delete("/invoices/{id}")]
async fn delete(user: CurrentUser, invoices: Data<Invoices>, id: Path<u64>) -> Result<HttpResponse, Problem> {
    invoices.delete(&user, *id)?;
    Ok(HttpResponse::NoContent().finish())
}

/// A read leaves no event: it is not annotated.
#[get("/invoices/{id}")]
async fn read(invoices: Data<Invoices>, id: Path<u64>) -> Result<Json<Invoice>, Problem> {
    Ok(Json(invoices.read(*id)?))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let demonstration = Demonstration::from_args()?;

    let middleware = AuditMiddleware::new(demonstration.lodger()).on_always();
    let invoices = Data::new(Invoices::default());
    let server = HttpServer::new(move || {
        App::new()
            .wrap(middleware.clone())
            .app_data(invoices.clone())
            .service(create)
            .service(correct)
            .service(delete)
            .service(read)
    })
    .workers(2)
    .disable_signals()
    .shutdown_timeout(PATIENCE.as_secs())
    .listen(demonstration.bind()?)?
    .run();
    let handle = server.handle();
    let serving = actix_web::rt::spawn(server);

    demonstration.run().await?;
    handle.stop(true).await;
    serving.await??;
    demonstration.finish().await
}
