//! A hundred clients that wait for one server, on a virtual clock: do they bury it when it returns?

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::event::Timestamp;
use crate::pipeline::clock::Clock;

const CLIENTS: usize = 100;

/// A client has so many events in flight.
const WINDOW: usize = 64;

/// The server serves one request at a time, in so many microseconds: a thousand a second.
const SERVICE: u64 = 1_000;

const SECOND: u64 = 1_000_000;

/// Dice with a seed (the generator of Numerical Recipes, chapter 7.1).
#[derive(Debug)]
struct Seeded(AtomicU64);

impl Clock for Seeded {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(0).unwrap()
    }

    fn instant(&self) -> std::time::Instant {
        std::time::Instant::now()
    }

    fn jitter(&self, max: Duration) -> Duration {
        let step =
            |seed: u64| seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let seed =
            self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |seed| Some(step(seed))).unwrap();
        max.mul_f64((step(seed) >> 11) as f64 / (1u64 << 53) as f64)
    }
}

/// A client with a backlog that never ends.
struct Client {
    breaker: Breaker,
    in_flight: usize,
    waiting: BTreeSet<(u64, Ordinal)>,
    ready: VecDeque<Ordinal>,
    next: Ordinal,
    tries: HashMap<Ordinal, u32>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happens {
    Wake,
    Answer { ordinal: Ordinal, batch: u64, taken: bool },
}

/// Everything that happens, in order, and when the server got requests.
struct World {
    start: Instant,
    returns: u64,
    busy_until: u64,
    agenda: BTreeSet<(u64, usize, Happens)>,
    arrivals: Vec<u64>,
    clients: Vec<Client>,
}

impl World {
    /// The server answers 503 until this time, and works from then on.
    fn until(returns: u64, end: u64) -> Self {
        let start = Instant::now();
        let client = |seed| Client {
            breaker: Breaker::new(Arc::new(Seeded(AtomicU64::new(seed))), false, start),
            in_flight: 0,
            waiting: BTreeSet::new(),
            ready: VecDeque::new(),
            next: 1,
            tries: HashMap::new(),
        };
        let mut world = Self {
            start,
            returns,
            busy_until: 0,
            agenda: (0..CLIENTS).map(|client| (0, client, Happens::Wake)).collect(),
            arrivals: Vec::new(),
            clients: (0..CLIENTS as u64).map(client).collect(),
        };
        while let Some((now, client, happens)) = world.agenda.pop_first().filter(|(now, ..)| *now < end) {
            world.happen(now, client, happens);
        }
        world
    }

    fn at(&self, time: u64) -> Instant {
        self.start + Duration::from_micros(time)
    }

    fn happen(&mut self, now: u64, index: usize, happens: Happens) {
        let instant = self.at(now);
        let client = &mut self.clients[index];
        if let Happens::Answer { ordinal, batch, taken } = happens {
            client.in_flight -= 1;
            let tries = client.tries.entry(ordinal).and_modify(|tries| *tries += 1).or_insert(1);
            let tried = Tried { ordinal, action: "a.b", tries: *tries, failing_since: instant, batch };
            match client.breaker.judge(tried, if taken { settled() } else { retry(503) }, instant) {
                Judgement::Again(due) => {
                    let due = due.duration_since(self.start).as_micros() as u64;
                    client.waiting.insert((due.max(now), ordinal));
                }
                Judgement::Keep => client.ready.push_back(ordinal),
                Judgement::Settle(_) => drop(client.tries.remove(&ordinal)),
                other => panic!("{other:?}"),
            }
        }
        while client.waiting.first().is_some_and(|(due, _)| *due <= now) {
            client.ready.extend(client.waiting.pop_first().map(|(_, ordinal)| ordinal));
        }
        loop {
            let abreast = match client.breaker.gate(instant) {
                Gate::Open => WINDOW.min(client.breaker.width()),
                Gate::OneBatch | Gate::OneEvent => 1,
                Gate::Shut(until) => {
                    let until = until.duration_since(self.start).as_micros() as u64;
                    self.agenda.insert((until + 1, index, Happens::Wake));
                    break;
                }
            };
            if client.in_flight >= abreast {
                break;
            }
            let ordinal = client.ready.pop_front().unwrap_or_else(|| {
                client.next += 1;
                client.next
            });
            client.in_flight += 1;
            self.arrivals.push(now);
            let taken = now >= self.returns;
            // While it is down it refuses at once; then it serves one after the other.
            self.busy_until = if taken { self.busy_until.max(now) + SERVICE } else { now };
            let answered = self.busy_until + SECOND / 100;
            let batch = client.breaker.next_batch();
            self.agenda.insert((answered, index, Happens::Answer { ordinal, batch, taken }));
        }
        if let Some((due, _)) = client.waiting.first() {
            self.agenda.insert((*due, index, Happens::Wake));
        }
    }

    /// How many requests came in each stretch of this length.
    fn rates(&self, from: u64, to: u64, stretch: u64) -> Vec<usize> {
        let mut rates = vec![0; ((to - from) / stretch) as usize];
        for arrival in self.arrivals.iter().filter(|arrival| (from..to).contains(*arrival)) {
            rates[((arrival - from) / stretch) as usize] += 1;
        }
        rates
    }
}

#[test]
fn a_server_that_returns_never_gets_more_than_twice_what_it_serves() {
    for down in [2, 5, 20, 60, 3_600] {
        let (returns, end) = (down * SECOND, (down + 120) * SECOND);
        let world = World::until(returns, end);
        let rates = world.rates(returns, end, SECOND);
        let steady = (SECOND / SERVICE) as usize;
        let peak = *rates.iter().max().unwrap();
        println!("down for {down} s: steady {steady}/s, peak {peak}/s, then {:?}", &rates[..10]);
        assert!(peak <= 2 * steady, "down for {down} s: {peak}/s");
        assert!(rates[60..].iter().all(|rate| *rate >= steady * 9 / 10), "it is used: {rates:?}");
    }
}

#[test]
fn clients_that_wait_for_a_server_are_spread_evenly() {
    let world = World::until(7_200 * SECOND, 7_200 * SECOND);
    // From the tenth minute on every backoff is at its longest: on average 30 s, so 33 requests in 10 s.
    let rates = world.rates(600 * SECOND, 7_200 * SECOND, 10 * SECOND);
    let (steady, peak) = (rates.iter().sum::<usize>() / rates.len(), *rates.iter().max().unwrap());
    println!("while it is down: {steady} in 10 s, at most {peak}");
    assert!((30..=37).contains(&steady), "{steady}");
    assert!(peak <= 2 * steady, "{peak} of {steady}");
}
