use super::Answer::{Failed, Gone, Grpc, NotDue, Status};
use super::Ended::{Cancelled, Panicked, Returned};
use super::*;
use crate::event::Outcome::{Denied, Failure, Success, Unknown};

/// `d` in a row's third column: recorded by default.
fn check(ended: Ended, rows: &[(Answer, Outcome, &str, char)]) {
    check_with(ended, false, rows);
}

/// `d` in a row's third column: recorded by default.
fn check_with(ended: Ended, committed: bool, rows: &[(Answer, Outcome, &str, char)]) {
    for &(answer, outcome, reason, default) in rows {
        let ruling = rule(Facts { ended, committed, answer, rule_without_actor: false });
        let case = format!("{ended:?} {answer:?}");
        assert_eq!(ruling.outcome, outcome, "{case}");
        assert_eq!(ruling.reason.as_deref().unwrap_or(""), reason, "{case}");
        assert_eq!(ruling.by_default, default == 'd', "{case}");
        let also_success = reason.starts_with("function ok") || reason.starts_with("committed");
        for (on, chosen) in [
            (OutcomeSet::SUCCESS, outcome == Success || also_success),
            (OutcomeSet::FAILURE, outcome == Failure),
            (OutcomeSet::DENIED, outcome == Denied),
            (OutcomeSet::UNKNOWN, outcome == Unknown),
            (OutcomeSet::ALWAYS, true),
            (OutcomeSet::NONE, false),
        ] {
            assert_eq!(recorded(&ruling, Some(on)), chosen, "{case} on {on:?}");
        }
        assert_eq!(recorded(&ruling, None), default == 'd', "{case}");
    }
}

#[test]
fn a_function_that_returned_ok() {
    check(
        Returned(Verdict::Ok),
        &[
            (Status(101), Success, "", 'd'),
            (Status(200), Success, "", 'd'),
            (Status(201), Success, "", 'd'),
            (Status(204), Success, "", 'd'),
            (Status(302), Success, "", 'd'),
            (Status(304), Success, "", 'd'),
            (Status(399), Success, "", 'd'),
            (Status(400), Failure, "function ok, response 400", 'd'),
            (Status(401), Denied, "", '-'),
            (Status(402), Failure, "function ok, response 402", 'd'),
            (Status(403), Denied, "", '-'),
            (Status(404), Failure, "function ok, response 404", 'd'),
            (Status(408), Failure, "function ok, response 408", 'd'),
            (Status(500), Failure, "function ok, response 500", 'd'),
            (Status(503), Failure, "function ok, response 503", 'd'),
            (Status(999), Failure, "function ok, response 999", 'd'),
            (Status(100), Failure, "function ok, response 100", 'd'),
            (Status(103), Failure, "function ok, response 103", 'd'),
            (Status(199), Failure, "function ok, response 199", 'd'),
            (Gone, Success, "client gone", 'd'),
            (Answer::Panicked, Failure, "function ok, request panicked", 'd'),
            (NotDue, Success, "", 'd'),
        ],
    );
    check(Returned(Verdict::None), &[(Answer::Panicked, Unknown, "request panicked", 'd')]);
    check(Returned(Verdict::Hidden), &[(Answer::Panicked, Unknown, "result not visible", 'd')]);
    check(Returned(Verdict::Err), &[(Answer::Panicked, Failure, "", '-')]);
}

#[test]
fn a_rule_without_an_actor_is_denied_by_a_redirect_and_not_by_what_leads_nowhere() {
    let ruled = |status| {
        let facts = Facts {
            ended: Returned(Verdict::None),
            committed: false,
            answer: Status(status),
            rule_without_actor: true,
        };
        rule(facts).outcome
    };
    assert_eq!([302, 303, 307, 304, 200].map(ruled), [Denied, Denied, Denied, Success, Success]);
}

#[test]
fn a_function_that_returned_err() {
    check(
        Returned(Verdict::Err),
        &[
            (Status(200), Failure, "", '-'),
            (Status(302), Failure, "", '-'),
            (Status(400), Failure, "", '-'),
            (Status(401), Denied, "", '-'),
            (Status(403), Denied, "", '-'),
            (Status(404), Failure, "", '-'),
            (Status(409), Failure, "", '-'),
            (Status(422), Failure, "", '-'),
            (Status(500), Failure, "", '-'),
            (Gone, Failure, "", '-'),
            (NotDue, Failure, "", '-'),
        ],
    );
}

#[test]
fn without_a_verdict_the_response_decides() {
    check(
        Returned(Verdict::None),
        &[
            (Status(101), Success, "", 'd'),
            (Status(200), Success, "", 'd'),
            (Status(302), Success, "", 'd'),
            (Status(400), Failure, "", '-'),
            (Status(401), Denied, "", '-'),
            (Status(403), Denied, "", '-'),
            (Status(404), Failure, "", '-'),
            (Status(500), Failure, "", '-'),
            (Gone, Unknown, "client gone", 'd'),
            (NotDue, Success, "", 'd'),
        ],
    );
}

#[test]
fn a_result_that_nobody_could_see_into_is_never_success() {
    check(
        Returned(Verdict::Hidden),
        &[
            (Status(200), Unknown, "result not visible", 'd'),
            (Status(302), Unknown, "result not visible", 'd'),
            (Status(400), Failure, "", '-'),
            (Status(401), Denied, "", '-'),
            (Status(403), Denied, "", '-'),
            (Status(500), Failure, "", '-'),
            (Gone, Unknown, "result not visible", 'd'),
            (NotDue, Unknown, "result not visible", 'd'),
        ],
    );
}

#[test]
fn cancelled_and_panicked_come_before_everything_else() {
    for answer in [Status(200), Status(302), Status(401), Status(403), Status(408), Status(500), Gone, NotDue]
    {
        check(Cancelled, &[(answer, Unknown, "cancelled", 'd')]);
        check(Panicked, &[(answer, Unknown, "panicked", 'd')]);
        check_with(Cancelled, true, &[(answer, Success, "cancelled", 'd')]);
        check_with(Panicked, true, &[(answer, Success, "panicked", 'd')]);
    }
}

#[test]
fn what_is_committed_is_recorded_whatever_becomes_of_the_function_and_the_response() {
    for (verdict, rows) in [
        (
            Verdict::Ok,
            [
                (Status(200), Success, "", 'd'),
                (Status(302), Success, "", 'd'),
                (Status(401), Failure, "function ok, response 401", 'd'),
                (Status(403), Failure, "function ok, response 403", 'd'),
                (Status(500), Failure, "function ok, response 500", 'd'),
                (Gone, Success, "client gone", 'd'),
                (NotDue, Success, "", 'd'),
            ],
        ),
        (
            Verdict::Err,
            [Status(200), Status(302), Status(401), Status(403), Status(500), Gone, NotDue]
                .map(|answer| (answer, Failure, "committed, function failed", 'd')),
        ),
    ] {
        check_with(Returned(verdict), true, &rows);
    }
}

#[test]
fn an_inner_service_that_fails_contradicts_a_function_that_is_ok() {
    check(Returned(Verdict::Ok), &[(Failed, Failure, "function ok, no response", 'd')]);
    check(Returned(Verdict::Err), &[(Failed, Failure, "", '-')]);
    check(Returned(Verdict::None), &[(Failed, Failure, "", '-')]);
    check(Returned(Verdict::Hidden), &[(Failed, Failure, "", '-')]);
}

#[test]
fn a_grpc_code_in_the_head_is_read_in_the_place_of_the_status() {
    let code = |code, outcome, reason, default| (Grpc(code), outcome, reason, default);
    check(
        Returned(Verdict::Ok),
        &[
            code(0, Success, "", 'd'),
            code(1, Failure, "function ok, grpc-status 1", 'd'),
            code(5, Failure, "function ok, grpc-status 5", 'd'),
            code(7, Denied, "grpc-status 7", '-'),
            code(8, Failure, "function ok, grpc-status 8", 'd'),
            code(14, Failure, "function ok, grpc-status 14", 'd'),
            code(16, Denied, "grpc-status 16", '-'),
            code(17, Failure, "function ok, grpc-status 17", 'd'),
            code(403, Failure, "function ok, grpc-status 403", 'd'),
        ],
    );
    check(
        Returned(Verdict::Err),
        &[
            code(0, Failure, "", '-'),
            code(2, Failure, "grpc-status 2", '-'),
            code(5, Failure, "grpc-status 5", '-'),
            code(7, Denied, "grpc-status 7", '-'),
            code(16, Denied, "grpc-status 16", '-'),
        ],
    );
    check(
        Returned(Verdict::None),
        &[
            code(0, Success, "", 'd'),
            code(7, Denied, "grpc-status 7", '-'),
            code(12, Failure, "grpc-status 12", '-'),
            code(16, Denied, "grpc-status 16", '-'),
        ],
    );
    check(
        Returned(Verdict::Hidden),
        &[
            code(0, Unknown, "result not visible", 'd'),
            code(5, Failure, "grpc-status 5", '-'),
            code(7, Denied, "grpc-status 7", '-'),
        ],
    );
    check(Cancelled, &[code(4, Unknown, "cancelled", 'd'), code(7, Unknown, "cancelled", 'd')]);
    check_with(
        Returned(Verdict::Ok),
        true,
        &[
            code(0, Success, "", 'd'),
            code(7, Failure, "function ok, grpc-status 7", 'd'),
            code(13, Failure, "function ok, grpc-status 13", 'd'),
        ],
    );
    check_with(Returned(Verdict::Err), true, &[code(5, Failure, "committed, function failed", 'd')]);
    let no_actor = |answer| {
        let ended = Returned(Verdict::None);
        rule(Facts { ended, committed: false, answer, rule_without_actor: true }).outcome
    };
    assert_eq!((no_actor(Grpc(0)), no_actor(Grpc(5)), no_actor(Grpc(7))), (Success, Failure, Denied));
}

#[test]
fn a_redirect_is_a_refusal_only_for_a_rule_without_an_actor() {
    let outcome = |status, rule_without_actor| {
        let ended = Returned(Verdict::None);
        rule(Facts { ended, committed: false, answer: Status(status), rule_without_actor }).outcome
    };
    for (status, without_actor, with_actor) in [
        (200, Success, Success),
        (299, Success, Success),
        (300, Denied, Success),
        (302, Denied, Success),
        (303, Denied, Success),
        (399, Denied, Success),
        (400, Failure, Failure),
        (403, Denied, Denied),
        (500, Failure, Failure),
    ] {
        assert_eq!(outcome(status, true), without_actor, "{status} without an actor");
        assert_eq!(outcome(status, false), with_actor, "{status} with an actor");
    }
    let gone =
        Facts { ended: Returned(Verdict::None), committed: false, answer: Gone, rule_without_actor: true };
    assert_eq!(rule(gone).outcome, Unknown);
    let cancelled =
        Facts { ended: Cancelled, committed: false, answer: Status(302), rule_without_actor: true };
    assert_eq!(rule(cancelled).outcome, Unknown);
}

#[test]
fn a_choice_replaces_the_default_and_does_not_add_to_it() {
    let cancelled =
        rule(Facts { ended: Cancelled, committed: false, answer: Gone, rule_without_actor: false });
    assert!(recorded(&cancelled, None));
    assert!(!recorded(&cancelled, Some(OutcomeSet::from([Success, Denied]))));
}

#[test]
fn sets_contain_what_was_put_in() {
    const CHOICE: OutcomeSet = OutcomeSet::SUCCESS.with(OutcomeSet::DENIED);
    for (outcome, inside) in [(Success, true), (Failure, false), (Denied, true), (Unknown, false)] {
        assert_eq!(CHOICE.contains(outcome), inside);
        assert!(OutcomeSet::ALWAYS.contains(outcome));
        assert!(!OutcomeSet::NONE.contains(outcome));
        assert_eq!(OutcomeSet::from(outcome), OutcomeSet::of(outcome));
    }
    assert_eq!(OutcomeSet::from([Denied, Success, Denied]), CHOICE);
    assert_eq!(OutcomeSet::from([]), OutcomeSet::NONE);
    assert_eq!(format!("{CHOICE:?}"), "{Success, Denied}");
}
