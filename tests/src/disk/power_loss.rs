//! Power losses: the disk stops at a random moment, in the middle of everything, and the machine comes up again.
//!
//! Each run has a fresh disk and loses its power twice: under load, and again while the next process recovers. Then a
//! third one delivers. Whatever was acknowledged, to us, who saw it before and after the moment, has to arrive.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::{Heard, Setup, Verdict, Volume, arrivals, in_store};

/// What is on the disk that loses its power, and how busy it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// The journal, all of whose events still wait.
    Backlog,
    /// The journal with small segments that are settled, zeroed and used again all the time.
    Recycling,
    /// The journal, and the store to which it delivers.
    Store,
}

impl Scene {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Backlog, Self::Recycling, Self::Store];

    /// Under load at most this many events are acknowledged before the power goes.
    fn most_events(self) -> u64 {
        match self {
            Self::Backlog | Self::Store => 300,
            // 128 KiB a segment and 2 KiB an event: each is used again several times.
            Self::Recycling => 1200,
        }
    }

    fn setup(self, setup: Setup) -> Setup {
        match self {
            Self::Backlog => setup.with("--stalled"),
            Self::Recycling => setup.with("--bytes=2000").with("--max-journal-bytes=524288"),
            Self::Store => setup,
        }
    }
}

/// What became of all runs.
#[derive(Debug, Default, Serialize)]
pub struct Totals {
    /// How many runs there were, each with two power losses.
    pub runs: usize,
    /// Events that were acknowledged before the power went.
    pub acknowledged: usize,
    /// Of them, those that never arrived.
    pub lost: usize,
    /// Events that a destination which deduplicates has twice, or that came again with other bytes or in another's place.
    pub duplicated: usize,
    /// Repeats, with the same id and bytes, at a destination that recognises nothing.
    pub repeated: usize,
    /// Events that were not acknowledged, and arrived.
    pub unacknowledged: usize,
}

impl Totals {
    fn add(&mut self, verdict: &Verdict, deduplicates: bool) {
        self.runs += 1;
        self.acknowledged += verdict.acknowledged;
        self.lost += verdict.lost.len();
        self.duplicated += verdict.changed.len() + verdict.clashes.len();
        *(if deduplicates { &mut self.duplicated } else { &mut self.repeated }) += verdict.repeated;
        self.unacknowledged += (verdict.arrived + verdict.lost.len()).saturating_sub(verdict.acknowledged);
    }
}

/// Runs so many times, over all scenes, with the process that this program starts. `synced` is false for the control,
/// in which every sync answers that it is done and does nothing.
///
/// # Panics
///
/// When this machine has no loop devices, or a process does something that it never should.
#[must_use]
pub fn run(program: &[PathBuf], runs: usize, synced: bool) -> Totals {
    let mut totals = Totals::default();
    // Without syncs SQLite's file may be no database any more, and nothing could be counted.
    let scenes = if synced { &Scene::ALL[..] } else { &Scene::ALL[..2] };
    for &scene in scenes.iter().cycle().take(runs) {
        totals.add(&lose_power(program, scene, synced), scene == Scene::Store);
    }
    totals
}

fn lose_power(program: &[PathBuf], scene: Scene, synced: bool) -> Verdict {
    let mut volume = Volume::ext4(48, &[]).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let recording = elsewhere.path().join("recording");
    let store = volume.path().join("store");
    let destination = match scene {
        Scene::Store => format!("store:{}", store.display()),
        Scene::Backlog | Scene::Recycling => format!("recording:{}", recording.display()),
    };
    let setup = Setup::new(program, &volume.path().join("journal"), &destination);
    let loaded = scene.setup(setup.clone());

    let under_load =
        if synced { loaded.clone() } else { loaded.clone().injected("fsync,fdatasync:retval=0") };
    let heard = [
        until_power_goes(&mut volume, &under_load, 1 + random() % scene.most_events()),
        // While it recovers what the first one left; its syncs are real.
        while_it_starts(&mut volume, &loaded, Duration::from_micros(random() % 30_000)),
        setup.drain(),
    ];
    let arrived = match scene {
        Scene::Store => in_store(&store),
        Scene::Backlog | Scene::Recycling => arrivals(&recording),
    };
    Verdict::of(&heard, &arrived)
}

/// Until so many events were acknowledged.
fn until_power_goes(volume: &mut Volume, setup: &Setup, events: u64) -> Heard {
    let mut recorder = setup.start();
    let alive = recorder.hear(|heard| heard.ok.len() as u64 >= events);
    assert!(alive, "it ended by itself: {:?}", recorder.end());
    volume.power_off();
    // What it says to us between the moment and its end was acknowledged all the same.
    let heard = recorder.kill();
    volume.restart();
    heard
}

fn while_it_starts(volume: &mut Volume, setup: &Setup, after: Duration) -> Heard {
    let recorder = setup.start();
    std::thread::sleep(after);
    volume.power_off();
    let heard = recorder.kill();
    volume.restart();
    heard
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
