//! Networks that are slow, or silent.

use std::time::Duration;

use lodger_core::Lodger;
use lodger_core::destination::LodgerDestination;
use lodger_core::event::Event;
use lodger_core::service::lodger::LodgerApi;
use lodger_tests::proxy::{Behaviour, Deaf, Proxy};

use crate::loopback::Loopback;
use crate::{Line, PATIENCE, accepted};

#[tokio::test]
async fn latency_and_answers_that_drip_delay_and_lose_nothing() {
    let server = Loopback::start(accepted()).await;
    let proxy = Proxy::to(server.address()).await;
    let mut line = Line::to(server, proxy.address()).await.accepting();
    for slowness in [Behaviour::Latency(Duration::from_millis(50)), Behaviour::Drip(Duration::from_millis(1))]
    {
        proxy.behave(slowness);
        for _ in 0..50 {
            line.record().await;
        }
        line.lodger.flush(PATIENCE).await.unwrap();
    }
    line.everything_is_there_once().await;
}

/// The client gives up after a second and asks again: by then the answer has come half-way at best.
#[tokio::test]
async fn an_answer_that_drips_for_ever_is_given_up() {
    let server = Loopback::start(accepted()).await;
    let proxy = Proxy::to(server.address()).await;
    let mut line = Line::to(server, proxy.address()).await.accepting();
    proxy.behave(Behaviour::Drip(Duration::from_millis(200)));
    line.record().await;
    line.asked_beyond(1).await;
    proxy.behave(Behaviour::Pass);
    line.everything_is_there_once().await;
}

#[tokio::test]
async fn a_black_hole_delays_and_loses_nothing() {
    let server = Loopback::start(accepted()).await;
    let proxy = Proxy::to(server.address()).await;
    let mut line = Line::to(server, proxy.address()).await.accepting();
    proxy.behave(Behaviour::BlackHole);
    for _ in 0..100 {
        line.record().await;
    }
    let complained = async {
        while line.lodger.stats().destinations[0].last_error.is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, complained).await.unwrap();
    let stats = line.lodger.stats();
    let error = stats.destinations[0].last_error.as_deref().unwrap();
    assert!(error.starts_with("the service did not answer in time"), "{error}");
    assert_eq!(line.server.requests().len(), 0);
    proxy.behave(Behaviour::Pass);
    line.everything_is_there_once().await;
}

/// Whoever drops the packets of a connection that is to be made: nothing was sent, and the text says so.
#[tokio::test]
async fn where_nobody_takes_the_connection_the_event_is_kept() {
    let deaf = Deaf::listen().await;
    let api = LodgerApi::builder("org_1", "core")
        .api_key("lodger_sk_1")
        .api_base(format!("http://{}", deaf.address()))
        .connect_timeout(Duration::from_millis(100));
    let journal = tempfile::tempdir().unwrap();
    let lodger = Lodger::builder()
        .destination(LodgerDestination::new(api.build().unwrap()))
        .journal_dir(journal.path())
        .impatient()
        .build()
        .unwrap();
    lodger.record(Event::builder("a.b").build().unwrap()).await.unwrap();
    let complained = async {
        loop {
            if let Some(error) = &lodger.stats().destinations[0].last_error {
                return error.clone();
            }
            tokio::task::yield_now().await;
        }
    };
    let error = tokio::time::timeout(PATIENCE, complained).await.unwrap();
    assert!(error.starts_with("the service did not answer in time"), "{error}");
    let lane = &lodger.stats().destinations[0];
    assert_eq!((lane.routed, lane.delivered, lane.dead), (1, 0, 0));
}
