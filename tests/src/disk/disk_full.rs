//! Full disks: filled by the journal itself while nothing is delivered, and by somebody else in the middle of the load.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Heard, Recorder, Setup, Verdict, Volume, arrivals};

/// What became of it.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Events that were acknowledged.
    pub acknowledged: usize,
    /// Of them, those that never arrived.
    pub lost: usize,
    /// Events that were refused, with nothing of them recorded.
    pub refused: usize,
    /// Refused events that arrived all the same, and events with other bytes or in another's place.
    pub invented: usize,
    /// Repeats, with the same id and bytes, at a destination that recognises nothing.
    pub repeated: usize,
    /// What was said of the first event that was refused.
    pub refusal: String,
    /// How long after delivery began the first event was taken again, in milliseconds.
    pub resumed_after_delivery_ms: u128,
    /// How long after somebody else had made room the first event was taken again, in milliseconds.
    pub resumed_after_room_ms: u128,
}

/// Fills a disk of 48 MiB both ways.
///
/// # Panics
///
/// When this machine has no loop devices, or a process does something that it never should.
#[must_use]
pub fn run(program: &[PathBuf]) -> Report {
    let (itself, resumed_after_delivery) = filled_by_itself(program);
    let (other, resumed_after_room) = filled_by_another(program);
    let verdicts = [&itself.0, &other.0];
    let sum = |number: fn(&Verdict) -> usize| verdicts.iter().map(|verdict| number(verdict)).sum();
    Report {
        acknowledged: sum(|verdict| verdict.acknowledged),
        lost: sum(|verdict| verdict.lost.len()),
        refused: itself.1.refused.len() + other.1.refused.len(),
        invented: sum(|verdict| verdict.returned.len() + verdict.changed.len() + verdict.clashes.len()),
        repeated: sum(|verdict| verdict.repeated),
        refusal: itself.1.refused[0].1.clone(),
        resumed_after_delivery_ms: resumed_after_delivery.as_millis(),
        resumed_after_room_ms: resumed_after_room.as_millis(),
    }
}

/// Nothing is delivered until the journal has filled the disk.
fn filled_by_itself(program: &[PathBuf]) -> ((Verdict, Heard), Duration) {
    let scene = Scene::new(program);
    let mut recorder = scene.setup.clone().with("--stalled").with("--bytes=16000").start();
    assert!(recorder.hear(|heard| heard.refused.len() >= 20));
    recorder.say("deliver");
    let resumed = until_more(&mut recorder, 500);
    (scene.ends(recorder), resumed)
}

/// Somebody else takes all the room, and gives it back.
fn filled_by_another(program: &[PathBuf]) -> ((Verdict, Heard), Duration) {
    let scene = Scene::new(program);
    let mut recorder = scene.setup.clone().with("--stalled").with("--bytes=16000").start();
    assert!(recorder.hear(|heard| heard.ok.len() >= 100));
    scene.volume.fill(0);
    assert!(recorder.hear(|heard| heard.refused.len() >= 20));
    scene.volume.empty();
    let resumed = until_more(&mut recorder, 100);
    recorder.say("deliver");
    (scene.ends(recorder), resumed)
}

/// Listens until so many more events are acknowledged, and says how long the first took.
fn until_more(recorder: &mut Recorder, more: usize) -> Duration {
    let before = Instant::now();
    recorder.catch_up();
    let had = recorder.heard.ok.len();
    assert!(recorder.hear(|heard| heard.ok.len() > had));
    let resumed = before.elapsed();
    assert!(recorder.hear(|heard| heard.ok.len() >= had + more));
    resumed
}

struct Scene {
    volume: Volume,
    elsewhere: tempfile::TempDir,
    setup: Setup,
}

impl Scene {
    fn new(program: &[PathBuf]) -> Self {
        let (volume, elsewhere) = (Volume::ext4(48, &[]).unwrap(), tempfile::tempdir().unwrap());
        let destination = format!("recording:{}", elsewhere.path().join("recording").display());
        let setup = Setup::new(program, &volume.path().join("journal"), &destination);
        Self { volume, elsewhere, setup }
    }

    fn ends(&self, recorder: Recorder) -> (Verdict, Heard) {
        let heard = recorder.stop();
        _ = self.setup.drain();
        (Verdict::of([&heard], &arrivals(&self.elsewhere.path().join("recording"))), heard)
    }
}
