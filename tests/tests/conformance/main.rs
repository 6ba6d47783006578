//! One suite drives every destination: those of the hosted services over their stand-ins, and the local ones.
//!
//! A destination under test is a [`Subject`](subject::Subject): where it writes, what is there, and what it declares. A case
//! is a function over any subject: [`everywhere`], or [`over_http`] where a service answers (a collector's 2xx is all that it
//! says, the others name what they took), or [`looked_up`] where it can be asked what it has. So a new destination gets all
//! cases by a file of its own, whose last lines name the groups.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on should stop right there, with a backtrace"
)]

/// The cases of one group, for one subject.
macro_rules! cases {
    ($subject:ident, $group:ident: $($case:ident),+ $(,)?) => {
        cases!($subject, $group as $group: $($case),+);
    };
    ($subject:ident, $group:ident as $name:ident: $($case:ident),+) => {
        mod $name {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    crate::$group::$case::<super::$subject>().await;
                }
            )+
        }
    };
}

/// Runs every case of these groups on a subject.
macro_rules! conforms {
    ($subject:ident: $($group:ident),+) => { $(conforms!(@ $subject $group);)+ };
    (@ $subject:ident everywhere) => {
        cases!($subject, everywhere:
            it_is_what_it_says,
            events_arrive_once_each,
            a_route_in_order_keeps_the_order,
            an_event_that_is_given_twice,
            an_event_that_fits_nowhere_else_arrives_whole_or_is_a_dead_letter,
        );
    };
    (@ $subject:ident killed) => {
        cases!($subject, killed: nothing_is_lost_when_the_process_is_killed_while_it_delivers);
    };
    (@ $subject:ident over_http) => {
        cases!($subject, over_http:
            answers_that_are_lost_lose_nothing,
            answers_that_are_none_lose_nothing,
            a_redirect_pauses_and_is_not_followed,
            too_many_requests,
            too_many_requests_in_any_form,
            an_answer_that_holds_the_key,
            one_bad_event_among_good_ones,
            another_key_while_it_runs,
        );
    };
    (@ $subject:ident says_what_it_took) => {
        cases!($subject, over_http as says_what_it_took: a_success_that_the_service_did_not_say_loses_nothing);
    };
    (@ $subject:ident looked_up) => {
        cases!($subject, looked_up:
            what_is_there_is_found_and_what_is_not_is_absent,
            questions_that_fail_are_asked_again,
        );
    };
}

mod client;
mod everywhere;
mod killed;
mod line;
mod looked_up;
#[path = "../../../lodger-core/tests/loopback/mod.rs"]
mod loopback;
mod over_http;
mod subject;

mod archiva;
mod auditledge;
mod collector;
mod file;
mod lodger;
mod loghub;
mod memory;
mod stdout;
mod store;

use std::time::Duration;

/// Bounds what a hanging test can cost; no result depends on it.
const PATIENCE: Duration = Duration::from_secs(120);
