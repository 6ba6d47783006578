//! What is written for a handler, as a file to be read: how much of it there is, is what every user's build pays for.
//!
//! After a change that is meant, `LODGER_BLESS=1 cargo test -p lodger-macros golden` writes the files anew; what
//! becomes of them is then read in the difference.

use std::env;
use std::fs;
use std::path::Path;

use proc_macro2::TokenStream;

fn compare(name: &str, attribute: &str, item: &str) {
    let [attribute, item]: [TokenStream; 2] = [attribute, item].map(|text| text.parse().unwrap());
    let expanded = syn::parse2(crate::audited("lodger_axum", attribute, item)).unwrap();
    let expanded = prettyplease::unparse(&expanded);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.rs"));
    if env::var_os("LODGER_BLESS").is_some() {
        fs::write(&file, &expanded).unwrap();
    }
    let golden = fs::read_to_string(&file).unwrap();
    assert_eq!(expanded, golden, "{name}: if this is meant, run it again with LODGER_BLESS=1");
}

#[test]
fn a_handler_with_fields_and_a_returned_target() {
    compare(
        "handler",
        r#""invoice.update", fields(amount = body.amount), ok(|invoice| target(invoice = invoice.id))"#,
        "async fn update(
            user: Extension<CurrentUser>,
            Path(id): Path<u64>,
            Json(body): Json<Update>,
        ) -> Result<Json<Invoice>, ApiError> {
            save(id, body).await
        }",
    );
}

#[test]
fn a_detached_handler() {
    compare(
        "detached",
        r#""order.place", detach"#,
        "async fn place(_user: CurrentUser) -> impl IntoResponse { StatusCode::CREATED }",
    );
}

#[test]
fn a_function_that_returns_a_future() {
    compare(
        "future",
        r#""invoice.send", target = id"#,
        "fn send(&self, id: u64) -> BoxFuture<'_, Result<(), Error>> { Box::pin(self.mail(id)) }",
    );
}
