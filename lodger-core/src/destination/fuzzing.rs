//! Fuzzed parsers of this module (see [`crate::fuzzing`]).

#[cfg(feature = "http")]
use super::{Answer, Delivery, http, service::lodger::answer};
#[cfg(feature = "http")]
use crate::event::{Event, EventId};
#[cfg(feature = "http")]
use crate::service::Response;

/// The end of a file that somebody may have written into: what is kept ends with an event, and is read the same again.
pub(crate) fn file_tail(bytes: &[u8]) {
    let Some(tail) = super::file::tail::scan(bytes, 0) else { return };
    let whole = usize::try_from(tail.whole).expect("no longer than the file");
    let kept = bytes.get(..whole).expect("no longer than the file");
    let again = super::file::tail::scan(kept, 0).expect("still a file of events");
    assert_eq!((again.ids, again.whole), (tail.ids, tail.whole), "nothing is cut twice");
}

/// The first two bytes are the status and whether the event has a key of the application's, the rest is the body. Only a
/// receipt settles, and a reason is one bounded line.
#[cfg(feature = "http")]
pub(crate) fn lodger_answer(bytes: &[u8]) {
    let Some((status, body)) = bytes.split_first_chunk() else { return };
    let number = u16::from_be_bytes(*status);
    let status = 100 + number % 500;
    let event = Event::bare(EventId::mint(), "a.b".into());
    let delivery = Delivery::new(event.into(), Vec::new().into());
    let response =
        Response { status, retry_after: None, content_type: None, whole: true, body: body.to_vec() };
    match answer(&delivery, number >= 500, &response) {
        Answer::Settled(receipt) => {
            assert!((200..300).contains(&status) && receipt.id.is_some_and(|id| !id.trim().is_empty()));
        }
        other => assert_one_line(&other),
    }
}

/// The first two bytes are the status, the rest is the body. Only a 2xx settles, and a reason is one bounded line.
#[cfg(feature = "http")]
pub(crate) fn http_answer(bytes: &[u8]) {
    let Some((status, body)) = bytes.split_first_chunk() else { return };
    let status = 100 + u16::from_be_bytes(*status) % 900;
    match http::said(&Response {
        status,
        retry_after: None,
        content_type: None,
        whole: true,
        body: body.to_vec(),
    }) {
        None => assert!((200..300).contains(&status)),
        Some(other) => assert_one_line(&other),
    }
}

#[cfg(feature = "http")]
fn assert_one_line(answer: &Answer) {
    let reason = &answer.refusal().expect("it is not settled").reason;
    assert!(reason.chars().count() <= 512 && !reason.contains(['\n', '\r', '\u{2028}']), "{reason}");
}
