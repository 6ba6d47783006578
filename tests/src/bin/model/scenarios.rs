//! What runs side by side, and what must be true however it is scheduled.

use std::time::{Duration, Instant};

use shuttle::thread;

use crate::content::Content;
use crate::destination::Identity;
use crate::intake::{Entry, Intake, Lane, Limits, Shut, Taken};
use crate::progress::{LaneBoard, Progress};
use crate::sync::{Arc, AtomicUsize, Ordering};
use crate::ticket::Watch;

/// Every scenario, by its name.
pub(crate) const ALL: [(&str, fn()); 6] = [
    ("everything that was accepted is taken once", accepted_is_taken),
    ("a held place finds room in the journal", a_held_place_finds_room),
    ("a refused reservation is no end", a_refused_reservation_is_no_end),
    ("permits come back", permits_come_back),
    ("a barrier is answered, before or after the end", barriers_are_answered),
    ("a shutdown waits for what runs and no longer", a_shutdown_waits_for_what_runs),
];

/// In shuttle a wait never times out, so whoever needs a timeout is found out.
const NEVER: Duration = Duration::from_secs(3_600);

fn entry(lane: Lane, watch: Watch) -> Entry {
    Entry::new(Content, lane, watch)
}

fn intake(events: usize) -> Arc<Intake> {
    Arc::new(Intake::new(Limits { events, bytes: 1 << 20 }))
}

fn accepted_is_taken() {
    let intake = intake(2);
    let offers: Vec<_> = (0..3)
        .map(|_| {
            let intake = Arc::clone(&intake);
            thread::spawn(move || {
                let offers = (0..2).map(|_| intake.offer(entry(Lane::Trusted, Watch::default()), None));
                offers
                    .filter(|offer| match offer {
                        Ok(()) => true,
                        Err((shut, _)) => {
                            assert_eq!(*shut, Shut::Full);
                            false
                        }
                    })
                    .count()
            })
        })
        .collect();
    let taker = {
        let intake = Arc::clone(&intake);
        thread::spawn(move || {
            let mut taken = 0;
            loop {
                match intake.take(None) {
                    Taken::Group(entries, _) => {
                        assert!(intake.waiting().0 <= 2);
                        taken += entries.len();
                        intake.release(usize::MAX);
                    }
                    Taken::Nothing => {}
                    Taken::Closed => return taken,
                }
            }
        })
    };
    let accepted: usize = offers.into_iter().map(|offers| offers.join().unwrap()).sum();
    intake.close();
    assert_eq!(taker.join().unwrap(), accepted);
    assert_eq!(intake.waiting().0, 0);
}

/// A journal in which every event takes as much as the largest, and some buckets of the journal thread's own.
fn a_held_place_finds_room() {
    const ROOM: usize = 3;
    let intake = intake(8);
    intake.release(ROOM);
    let admitted: Vec<_> = (0..3_u8)
        .map(|last| {
            let intake = Arc::clone(&intake);
            thread::spawn(move || {
                let Some(place) = intake.reserve(Some([192, 0, 2, last].into())) else { return 0 };
                thread::yield_now();
                if last == 2 {
                    // A request that leaves no event.
                    drop(place);
                    return 0;
                }
                let offered = intake.offer(entry(Lane::Trusted, Watch::default()), Some(place));
                assert!(offered.is_ok(), "it held a place");
                1
            })
        })
        .collect();
    let others = {
        let intake = Arc::clone(&intake);
        thread::spawn(move || {
            (0..3).filter(|_| intake.offer(entry(Lane::Trusted, Watch::default()), None).is_ok()).count()
        })
    };
    let committer = {
        let intake = Arc::clone(&intake);
        thread::spawn(move || {
            let (mut free, mut written, mut refused) = (ROOM, 0, 0);
            loop {
                match intake.take(None) {
                    Taken::Group(entries, _) => {
                        for _ in entries {
                            if free > 0 {
                                free -= 1;
                                written += 1;
                            } else {
                                refused += 1;
                            }
                        }
                        intake.release(free);
                    }
                    Taken::Nothing => {}
                    Taken::Closed => return (written, refused),
                }
                let claimed = intake.claim(1).min(free);
                free -= claimed;
                intake.release(free);
            }
        })
    };
    let held: usize = admitted.into_iter().map(|request| request.join().unwrap()).sum();
    let others = others.join().unwrap();
    intake.close();
    let (written, refused) = committer.join().unwrap();
    assert_eq!(written + refused, held + others);
    assert!(refused <= others, "whoever held a place is written");
}

/// The journal gets room while no event comes: whoever asks again is let in at last, and nobody has to look by the clock.
fn a_refused_reservation_is_no_end() {
    let intake = intake(4);
    intake.release(0);
    let journal = {
        let intake = Arc::clone(&intake);
        thread::spawn(move || {
            while !matches!(intake.take(None), Taken::Closed) {
                intake.release(2);
            }
        })
    };
    let client = {
        let intake = Arc::clone(&intake);
        thread::spawn(move || {
            let refused = intake.reserve(None).is_none();
            if refused {
                while intake.reserve(None).is_none() {
                    thread::yield_now();
                }
            }
            intake.close();
        })
    };
    client.join().unwrap();
    journal.join().unwrap();
}

/// A tenth of twenty: two at a time, given back by whoever is done with the event.
fn permits_come_back() {
    let intake = intake(20);
    let strangers: Vec<_> = (0..2)
        .map(|_| {
            let intake = Arc::clone(&intake);
            thread::spawn(move || {
                (0..3).filter(|_| intake.offer(entry(Lane::Hostile, Watch::default()), None).is_ok()).count()
            })
        })
        .collect();
    let worker = {
        let intake = Arc::clone(&intake);
        thread::spawn(move || {
            let mut done = 0;
            loop {
                match intake.take(None) {
                    Taken::Group(entries, _) => {
                        assert!(entries.len() <= 2);
                        intake.release(usize::MAX);
                        done += entries.len();
                        drop(entries);
                    }
                    Taken::Nothing => {}
                    Taken::Closed => return done,
                }
            }
        })
    };
    let accepted: usize = strangers.into_iter().map(|stranger| stranger.join().unwrap()).sum();
    intake.close();
    assert_eq!(worker.join().unwrap(), accepted);
    assert!(accepted >= 2, "the first two have room");
    assert!(
        intake
            .offer(entry(Lane::Hostile, Watch::default()), None)
            .is_err_and(|(shut, _)| shut == Shut::Closed)
    );
}

fn barriers_are_answered() {
    let intake = intake(4);
    let told = Arc::new(AtomicUsize::new(0));
    let waiters: Vec<_> = (0..3)
        .map(|_| {
            let (intake, told) = (Arc::clone(&intake), Arc::clone(&told));
            thread::spawn(move || intake.barrier(Watch::telling(&told)))
        })
        .collect();
    let journal = {
        let intake = Arc::clone(&intake);
        thread::spawn(move || {
            loop {
                match intake.take(None) {
                    Taken::Group(_, barriers) => {
                        intake.release(usize::MAX);
                        barriers.into_iter().for_each(|barrier| barrier.reached(Vec::new()));
                    }
                    Taken::Nothing => {}
                    Taken::Closed => break,
                }
            }
            assert!(intake.end(true).is_empty());
        })
    };
    let closer = {
        let intake = Arc::clone(&intake);
        thread::spawn(move || intake.close())
    };
    waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
    closer.join().unwrap();
    journal.join().unwrap();
    assert_eq!(told.load(Ordering::SeqCst), 3);
}

fn a_shutdown_waits_for_what_runs() {
    let progress = Arc::new(Progress::new(vec![LaneBoard::new(Identity::new("d", ""), 0)]));
    let running = Arc::new(AtomicUsize::new(2));
    for _ in 0..2 {
        progress.hold();
    }
    let requests: Vec<_> = (0..2)
        .map(|_| {
            let (progress, running) = (Arc::clone(&progress), Arc::clone(&running));
            thread::spawn(move || {
                // One that begins while the other ends.
                progress.hold();
                progress.let_go();
                running.fetch_sub(1, Ordering::SeqCst);
                progress.let_go();
            })
        })
        .collect();
    let shutdown = {
        let (progress, running) = (Arc::clone(&progress), Arc::clone(&running));
        thread::spawn(move || {
            progress.wait_for_open(Instant::now() + NEVER);
            assert_eq!(running.load(Ordering::SeqCst), 0);
        })
    };
    requests.into_iter().for_each(|request| request.join().unwrap());
    shutdown.join().unwrap();
    assert_eq!(progress.open(), 0);
}
