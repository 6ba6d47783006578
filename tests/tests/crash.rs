//! Acknowledged means durable, in its short form: `lodger_tests::crash` says what is done and counted.

use std::path::Path;

use lodger_tests::crash::{Figures, Framework, Guarantee, Plan, run};

/// How often each server is killed.
const KILLS: u64 = 8;

#[test]
fn axum_loses_nothing_that_was_durable() {
    loses_nothing(Framework::Axum, Guarantee::Durable, false);
}

#[test]
fn axum_loses_nothing_that_was_delivered() {
    loses_nothing(Framework::Axum, Guarantee::Delivered, false);
}

#[test]
fn actix_loses_nothing_that_was_durable() {
    loses_nothing(Framework::Actix, Guarantee::Durable, false);
}

#[test]
fn actix_loses_nothing_that_was_delivered() {
    loses_nothing(Framework::Actix, Guarantee::Delivered, false);
}

#[test]
fn a_destination_that_comes_and_goes_loses_nothing_that_was_durable() {
    loses_nothing(Framework::Axum, Guarantee::Durable, true);
}

#[test]
fn a_destination_that_comes_and_goes_loses_nothing_that_was_delivered() {
    loses_nothing(Framework::Actix, Guarantee::Delivered, true);
}

fn loses_nothing(framework: Framework, guarantee: Guarantee, flap: bool) {
    let plan = Plan { kills: KILLS, framework, guarantee, flap };
    let report = run(Path::new(env!("CARGO_BIN_EXE_crash")), plan);
    assert!(report.broken.is_empty(), "{:#?}", report.broken);
    let Figures { kills, lost, duplicated, .. } = report.figures;
    assert_eq!((kills, lost, duplicated), (KILLS, 0, 0));
}
