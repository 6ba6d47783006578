use super::*;
use crate::event::{Event, EventId};
use crate::pipeline::testing::sealed;
use crate::pipeline::ticket::{Goal, ticket};

fn event() -> Event {
    Event::builder("invoice.update").build().unwrap()
}

fn id(content: Content) -> EventId {
    content.into_event().unwrap().id
}

fn entry(lane: Lane) -> Entry {
    Entry::new(Content::Sealed(sealed(event())), lane, Watch::nobody())
}

fn intake(events: usize, bytes: usize) -> Arc<Intake> {
    Arc::new(Intake::new(Limits { events, bytes }))
}

fn offer(intake: &Intake, lane: Lane) -> Result<(), Shut> {
    intake.offer(entry(lane), None).map_err(|(shut, _)| shut)
}

fn take(intake: &Intake) -> Vec<Entry> {
    match intake.take(Some(Duration::ZERO)) {
        Taken::Group(entries, _) => entries.into(),
        Taken::Nothing | Taken::Closed => Vec::new(),
    }
}

#[test]
fn a_full_intake_refuses_and_gives_the_event_back() {
    let intake = intake(2, 1 << 20);
    assert_eq!(offer(&intake, Lane::Trusted), Ok(()));
    assert_eq!(offer(&intake, Lane::Trusted), Ok(()));
    let third = event();
    let known = third.id;
    let third = Entry::new(Content::Sealed(sealed(third)), Lane::Trusted, Watch::nobody());
    let (shut, back) = intake.offer(third, None).unwrap_err();
    assert_eq!((shut, id(back.content)), (Shut::Full, known));
    assert_eq!(intake.accepted(), 2);
}

#[test]
fn bytes_bound_it_too_but_a_single_heavy_event_passes() {
    let weight = entry(Lane::Trusted).weight;
    let two = intake(100, 2 * weight);
    assert_eq!(offer(&two, Lane::Trusted), Ok(()));
    assert_eq!(offer(&two, Lane::Trusted), Ok(()));
    assert_eq!(offer(&two, Lane::Trusted), Err(Shut::Full));
    let tiny = intake(100, 1);
    assert_eq!(offer(&tiny, Lane::Trusted), Ok(()));
    assert_eq!(offer(&tiny, Lane::Trusted), Err(Shut::Full));
}

#[test]
fn what_strangers_cause_gets_a_tenth_and_the_others_the_rest() {
    let intake = intake(100, 1 << 30);
    for _ in 0..10 {
        assert_eq!(offer(&intake, Lane::Hostile), Ok(()));
    }
    assert_eq!(offer(&intake, Lane::Hostile), Err(Shut::Full));
    for _ in 0..90 {
        assert_eq!(offer(&intake, Lane::Trusted), Ok(()));
    }
    assert_eq!(offer(&intake, Lane::Trusted), Err(Shut::Full));
}

#[test]
fn room_comes_back_when_the_group_is_committed_not_when_it_is_taken() {
    let intake = intake(20, 1 << 30);
    for lane in [Lane::Hostile, Lane::Hostile, Lane::Trusted] {
        assert_eq!(offer(&intake, lane), Ok(()));
    }
    let group = take(&intake);
    assert_eq!(group.len(), 3);
    assert_eq!(offer(&intake, Lane::Hostile), Err(Shut::Full));
    for _ in 0..17 {
        assert_eq!(offer(&intake, Lane::Trusted), Ok(()));
    }
    assert_eq!(offer(&intake, Lane::Trusted), Err(Shut::Full));
    intake.release(usize::MAX);
    assert_eq!(intake.waiting().0, 17);
    assert_eq!(offer(&intake, Lane::Trusted), Ok(()));
    assert_eq!(offer(&intake, Lane::Hostile), Err(Shut::Full), "what strangers cause keeps its room further");
    drop(group);
    assert_eq!(offer(&intake, Lane::Hostile), Ok(()));
}

#[test]
fn events_leave_in_the_order_in_which_they_came() {
    let intake = intake(20, 1 << 30);
    let ids: Vec<_> = (0..5)
        .map(|_| {
            let event = event();
            let id = event.id;
            intake
                .offer(Entry::new(Content::Sealed(sealed(event)), Lane::Trusted, Watch::nobody()), None)
                .unwrap();
            id
        })
        .collect();
    assert_eq!(take(&intake).into_iter().map(|entry| id(entry.content)).collect::<Vec<_>>(), ids);
}

#[test]
fn a_reservation_holds_a_place_until_it_is_dropped() {
    let intake = intake(2, 1 << 30);
    let reservation = intake.reserve(None).unwrap();
    assert_eq!(offer(&intake, Lane::Trusted), Ok(()));
    assert_eq!(offer(&intake, Lane::Trusted), Err(Shut::Full));
    assert!(intake.reserve(None).is_none());
    drop(reservation);
    assert_eq!(offer(&intake, Lane::Trusted), Ok(()));
}

#[test]
fn a_place_is_filled_by_its_own_event_when_everything_else_is_taken() {
    let intake = intake(2, 1 << 30);
    let place = intake.reserve(None).unwrap();
    assert_eq!(offer(&intake, Lane::Trusted), Ok(()));
    assert_eq!(offer(&intake, Lane::Trusted), Err(Shut::Full));
    assert!(intake.offer(entry(Lane::Trusted), Some(place)).is_ok());
    assert_eq!(take(&intake).len(), 2);
    intake.release(usize::MAX);
    assert!(intake.reserve(None).is_some(), "the place is not held any more");
}

fn peer(last: u8) -> Option<IpAddr> {
    Some([192, 0, 2, last].into())
}

#[test]
fn one_peer_never_holds_more_places_than_are_left_to_the_others() {
    let intake = intake(8, 1 << 30);
    let hold = |peer| std::iter::from_fn(|| intake.reserve(peer)).collect::<Vec<_>>();
    let greedy = hold(peer(1));
    assert_eq!(greedy.len(), 4);
    let (second, third) = (hold(peer(2)), hold(peer(3)));
    assert_eq!((second.len(), third.len()), (2, 1));
    assert_eq!(hold(peer(4)).len(), 1, "one is left to whoever holds none");
    drop(greedy);
    assert_eq!(hold(None).len(), 3, "those without an address are one");
}

#[test]
fn a_network_of_ipv6_is_one_peer() {
    let intake = intake(8, 1 << 30);
    let held: Vec<_> = (0..8_u16)
        .filter_map(|last| intake.reserve(Some(format!("2001:db8:0:7::{last:x}").parse().unwrap())))
        .collect();
    assert_eq!(held.len(), 4);
    assert!(intake.reserve(Some("2001:db8:0:8::1".parse().unwrap())).is_some());
}

#[test]
fn no_more_places_are_held_than_the_journal_has_room_for() {
    let intake = intake(100, 1 << 30);
    intake.release(2);
    let first = intake.reserve(peer(1)).unwrap();
    let second = intake.reserve(peer(2)).unwrap();
    assert!(intake.reserve(peer(3)).is_none());
    assert!(intake.offer(entry(Lane::Trusted), Some(first)).is_ok());
    assert!(intake.reserve(peer(3)).is_none(), "it is not on disk yet");
    assert_eq!(take(&intake).len(), 1);
    intake.release(1);
    assert!(intake.reserve(peer(3)).is_none(), "it took the room that was held for it");
    intake.release(2);
    assert!(intake.reserve(peer(3)).is_some());
    drop(second);
}

#[test]
fn what_the_journal_has_left_is_for_those_who_hold_a_place() {
    let intake = intake(100, 1 << 30);
    intake.release(2);
    let place = intake.reserve(peer(1)).unwrap();
    assert_eq!(offer(&intake, Lane::Trusted), Ok(()), "there is room for two");
    assert_eq!(offer(&intake, Lane::Trusted), Err(Shut::Full));
    assert_eq!(offer(&intake, Lane::Hostile), Err(Shut::Full));
    assert_eq!(intake.claim(5), 0);
    assert!(intake.offer(entry(Lane::Trusted), Some(place)).is_ok());
    assert_eq!(offer(&intake, Lane::Trusted), Ok(()), "nobody holds a place: the journal itself will say");
    assert_eq!(intake.claim(5), 0, "whoever filled a place still waits for its room");
    assert_eq!(take(&intake).len(), 3);
    intake.release(0);
    assert_eq!(intake.claim(5), 5, "nothing is promised to anybody");
}

#[test]
fn a_refused_reservation_lets_the_journal_say_what_room_it_has_now() {
    let intake = intake(100, 1 << 30);
    intake.release(0);
    assert!(intake.reserve(None).is_none());
    assert!(matches!(intake.take(None), Taken::Nothing), "it would wait for an event for ever");
}

#[test]
fn nothing_is_reserved_while_the_journal_is_full() {
    let intake = intake(2, 1 << 30);
    intake.set_journal_full(true);
    assert!(intake.reserve(None).is_none());
    intake.set_journal_full(false);
    assert!(intake.reserve(None).is_some());
}

#[test]
fn a_nudge_lets_whoever_takes_look_up_once() {
    let intake = intake(2, 1 << 30);
    intake.nudge();
    assert!(matches!(intake.take(None), Taken::Nothing));
    intake.nudge();
    assert_eq!(offer(&intake, Lane::Trusted), Ok(()));
    assert!(matches!(intake.take(None), Taken::Group(entries, _) if entries.len() == 1));
}

#[test]
fn a_closed_intake_refuses_and_hands_out_what_it_has() {
    let intake = intake(2, 1 << 30);
    assert_eq!(offer(&intake, Lane::Trusted), Ok(()));
    intake.close();
    assert_eq!(offer(&intake, Lane::Trusted), Err(Shut::Closed));
    assert!(matches!(intake.take(None), Taken::Group(entries, _) if entries.len() == 1));
    assert!(matches!(intake.take(None), Taken::Closed));
}

#[test]
fn a_barrier_is_handed_out_with_what_it_waits_for() {
    let intake = intake(2, 1 << 30);
    assert_eq!(offer(&intake, Lane::Trusted), Ok(()));
    intake.barrier(ticket(Goal::Durable).1);
    assert!(matches!(intake.take(None), Taken::Group(entries, barriers)
        if entries.len() == 1 && barriers.len() == 1));
}

#[test]
fn concurrent_offers_are_all_either_taken_or_refused() {
    let intake = intake(64, 1 << 30);
    let taken = std::thread::scope(|scope| {
        let offers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| (0..500).filter(|_| offer(&intake, Lane::Trusted).is_ok()).count()))
            .collect();
        let taker = scope.spawn(|| {
            let mut taken = 0;
            while let Taken::Group(entries, _) = intake.take(None) {
                assert!(intake.waiting().0 <= 64);
                taken += entries.len();
                intake.release(usize::MAX);
            }
            taken
        });
        let accepted: usize = offers.into_iter().map(|offers| offers.join().unwrap()).sum();
        assert_eq!(accepted as u64, intake.accepted());
        intake.close();
        (accepted, taker.join().unwrap())
    });
    assert_eq!(taken.0, taken.1);
    assert_eq!(intake.waiting().0, 0);
}
