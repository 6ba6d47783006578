//! What holds where a service stores what it is given twice, and can be asked what it has.

use lodger_core::destination::{Destination, LookUp};

use crate::client::{Client, event};
use crate::everywhere::delivery;
use crate::line::Fault;
use crate::loopback::{Reply, Step};
use crate::subject::OverHttp;

pub(crate) async fn what_is_there_is_found_and_what_is_not_is_absent<S: OverHttp>() {
    let subject = S::open().await;
    let destination = subject.destination();
    let there: Vec<_> = (0..30).map(|_| delivery(&event("invoice.update").build().unwrap())).collect();
    for one in &there {
        destination.deliver(std::slice::from_ref(one)).await;
    }
    for one in [&there[0], &there[15], &there[29]] {
        let found = destination.look_up(one).await;
        assert!(matches!(&found, LookUp::Found(receipt) if receipt.event == one.id()), "{found:?}");
    }
    let absent = delivery(&event("invoice.update").build().unwrap());
    assert_eq!(destination.look_up(&absent).await, LookUp::Absent);
    assert_eq!(subject.stored().len(), 30, "a question stores nothing");
}

pub(crate) async fn questions_that_fail_are_asked_again<S: OverHttp>() {
    let subject = S::open().await;
    let mut client = Client::of(&subject);
    let line = subject.line();
    line.spoil([Fault::After(Step::Close)]);
    let busy = Reply::json(503, &serde_json::json!({"error": "busy"}));
    line.spoil_reads([Fault::Instead(Step::Close), Fault::Instead(Step::Reply(busy)), Fault::Cut]);
    client.record("invoice.update").await;
    client.delivered().await;
    client.everything_is_there(&subject);
    assert_eq!(client.stats().possible_duplicates, 0, "it was found in the end");
}
