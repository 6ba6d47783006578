#![allow(unused)]

use lodger_macros::audited_core as audited;

#[audited("order.place", detach)]
async fn place(id: u64) -> Result<u64, String> {
    let id = std::rc::Rc::new(id);
    std::future::ready(()).await;
    Ok(*id)
}

fn main() {}
