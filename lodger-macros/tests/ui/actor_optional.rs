#![allow(unused)]

use lodger_macros::audited_core as audited;

struct User;

#[audited("invoice.update", actor = user)]
async fn update(user: Option<User>) {}

fn main() {}
