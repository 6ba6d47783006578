//! Acknowledged means that it survives a power loss.

use lodger_tests::disk::power_loss;
use lodger_tests::require::{self, Requirement};

use super::program;

#[test]
fn what_was_acknowledged_survives_a_power_loss_and_another_one_during_recovery() {
    if !require::all(&[Requirement::LoopDevices]) {
        return;
    }
    let totals = power_loss::run(&program(), 6, true);
    assert_eq!((totals.lost, totals.duplicated), (0, 0), "{totals:?}");
    assert!(totals.acknowledged >= totals.runs, "{totals:?}");
}

#[test]
fn without_syncs_a_power_loss_does_lose_what_was_acknowledged() {
    if !require::all(&[Requirement::LoopDevices, Requirement::Strace]) {
        return;
    }
    let totals = power_loss::run(&program(), 2, false);
    assert!(totals.lost > 0, "these tests would not notice a missing sync: {totals:?}");
}
