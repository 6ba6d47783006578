//! System calls that fail. Whoever records is told, and no acknowledgement is false: at the end of each run the power
//! goes, so that what was not synced is gone.

use lodger_tests::disk::{Heard, Verdict, Volume};
use lodger_tests::require::{self, Requirement};

use super::{recorder, verdict};

/// How many events each run offers.
const EVENTS: usize = 120;

/// Lets calls fail from the moment on at which the client is open, and cuts the power at the end.
fn under_load(injection: &str) -> (Heard, Verdict) {
    let (mut volume, elsewhere) = (Volume::ext4(48, &[]).unwrap(), tempfile::tempdir().unwrap());
    let setup = recorder(&volume.path().join("journal"), elsewhere.path());
    // 24 events fill a segment, so that there are new ones to be made and old ones to be zeroed.
    let loaded = setup.clone().with(format!("--events={EVENTS}")).with("--bytes=1000");
    let mut recorder = loaded.with("--max-journal-bytes=131072").with("--tasks=2").with("--wait").start();
    recorder.inject(injection);
    recorder.say("go");
    assert!(recorder.hear(|heard| heard.offered), "{injection}: it ended by itself");
    volume.power_off();
    let heard = recorder.kill();
    volume.restart();
    _ = setup.drain();
    let verdict = verdict([&heard], elsewhere.path());
    assert!(verdict.is_sound(), "{injection}: {verdict:#?}\n{heard:#?}");
    (heard, verdict)
}

fn can_inject() -> bool {
    require::all(&[Requirement::LoopDevices, Requirement::Strace])
}

#[test]
fn one_sync_that_fails_whichever_it_is_costs_at_most_the_events_that_hear_of_it() {
    if !can_inject() {
        return;
    }
    for nth in 1..=12 {
        let (heard, _) = under_load(&format!("fsync,fdatasync:error=EIO:when={nth}"));
        let told = heard.refused.len() + heard.unsure.len();
        assert_eq!(heard.ok.len() + told, EVENTS, "{nth}");
        // The group that shared the sync: two tasks record.
        assert!(told <= 2, "{nth}: {heard:?}");
        let other =
            heard.refused.iter().chain(&heard.unsure).find(|(_, why)| !why.contains("Input/output error"));
        assert_eq!(other, None, "{nth}: the error itself is told, not a consequence");
    }
}

#[test]
fn syncs_that_fail_for_ever_acknowledge_nothing_any_more() {
    if !can_inject() {
        return;
    }
    for nth in [1, 2, 3, 4, 7] {
        let (heard, _) = under_load(&format!("fsync,fdatasync:error=EIO:when={nth}+"));
        assert!(heard.ok.len() <= 2 * nth, "{nth}: {heard:?}");
        assert_eq!(heard.ok.len() + heard.refused.len() + heard.unsure.len(), EVENTS, "{nth}");
    }
}

#[test]
fn a_sync_that_fails_while_the_client_opens_is_a_clear_error() {
    if !can_inject() {
        return;
    }
    let mut opened = false;
    for nth in 1..=12 {
        let (mut volume, elsewhere) = (Volume::ext4(48, &[]).unwrap(), tempfile::tempdir().unwrap());
        let setup = recorder(&volume.path().join("journal"), elsewhere.path());
        let injected = setup.clone().injected(&format!("fsync,fdatasync:error=EIO:when={nth}"));
        let mut recorder = injected.with("--events=20").start();
        let heard = if recorder.hear(|heard| heard.offered) {
            opened = true;
            volume.power_off();
            recorder.kill()
        } else {
            let heard = recorder.end();
            let failed = heard.failed.as_deref().unwrap();
            assert!(failed.contains("Input/output error"), "{nth}: {failed}");
            volume.power_off();
            heard
        };
        volume.restart();
        _ = setup.drain();
        verdict([&heard], elsewhere.path()).assert_sound();
    }
    assert!(opened, "twelve syncs are more than an opening needs");
}

#[test]
fn writes_that_fail_or_write_nothing_are_made_up_for() {
    if !can_inject() {
        return;
    }
    for fault in ["error=EIO", "error=ENOSPC", "error=EDQUOT", "retval=0"] {
        for when in ["1", "5", "20"] {
            let (heard, _) = under_load(&format!("pwrite64:{fault}:when={when}"));
            assert!(heard.ok.len() >= EVENTS - 4, "{fault} {when}: {heard:?}");
        }
        let (heard, _) = under_load(&format!("pwrite64:{fault}:when=3+"));
        assert!(heard.ok.len() < EVENTS, "{fault}");
    }
}

#[test]
fn without_a_file_descriptor_or_a_place_for_a_file_events_are_refused() {
    if !can_inject() {
        return;
    }
    for fault in ["EMFILE", "ENOSPC", "EACCES"] {
        for when in ["1", "4", "1+", "3+"] {
            under_load(&format!("openat:error={fault}:when={when}"));
        }
    }
}

#[test]
fn a_name_that_can_not_be_changed_or_removed_costs_nothing() {
    if !can_inject() {
        return;
    }
    for calls in ["rename", "unlink", "statfs", "fstatfs"] {
        for when in ["1", "2", "1+"] {
            under_load(&format!("{calls}:error=EIO:when={when}"));
        }
    }
}

#[test]
fn interrupted_calls_are_made_again() {
    if !can_inject() {
        return;
    }
    let (heard, _) = under_load("pwrite64,pread64,openat,fsync,fdatasync:error=EINTR:when=1+2");
    assert_eq!(heard.ok.len(), EVENTS, "{heard:?}");
}

#[test]
fn a_slow_disk_loses_nothing() {
    if !can_inject() {
        return;
    }
    let (heard, _) = under_load("fsync,fdatasync:delay_enter=20000");
    assert_eq!(heard.ok.len(), EVENTS, "{heard:?}");
}
