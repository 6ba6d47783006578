#![allow(unused)]

use lodger_macros::audited_core as audited;

struct User;

#[audited("invoice.update", tenant = user)]
async fn update(user: User) {}

fn main() {}
