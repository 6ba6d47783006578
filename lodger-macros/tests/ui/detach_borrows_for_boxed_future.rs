#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("order.place", detach)]
fn place<'a>(shop: &'a str) -> std::pin::Pin<Box<dyn Future<Output = Result<u64, String>> + Send + 'a>> {
    Box::pin(async move { Ok(shop.len() as u64) })
}

fn main() {}
