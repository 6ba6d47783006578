//! The Lodger example, against its stand-in.

use std::process::Command;

#[test]
fn the_example_shows_what_arrived_and_ends() {
    let run = Command::new(env!("CARGO_BIN_EXE_lodger")).env_remove("LODGER_API_KEY").output().unwrap();
    let shown = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success(), "{shown}{}", String::from_utf8_lossy(&run.stderr));
    for expected in [
        "reminded: rcpt_0000000000000003, and again: rcpt_0000000000000003\n",
        "verified: true\n",
        "consented: rcpt_0000000000000004\n",
        "imported: 3\n",
        " ada invoice.create 1\n",
        " ada invoice.update 1\n",
        "2026-05-15T12:00:00Z billing invoice.remind 1\n",
        "2019-03-01T12:00:00+01:00 ada invoice.create old-3\n",
        "1 of 1 may be seen by its subject billing\n",
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
}
