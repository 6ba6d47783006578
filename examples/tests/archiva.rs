//! The Archiva example, against its stand-in.

use std::process::Command;

#[test]
fn the_example_shows_what_arrived_and_ends() {
    let run = Command::new(env!("CARGO_BIN_EXE_archiva")).env_remove("ARCHIVA_SECRET_KEY").output().unwrap();
    let shown = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success(), "{shown}{}", String::from_utf8_lossy(&run.stderr));
    for expected in [
        "would not fit: `action` makes the event a dead letter: it has 72 characters, of which Archiva takes 64\n",
        "evt_000003 is new\nevt_000003 is a repeat\n",
        "refused: Archiva answered 409: Idempotency key was used with another body\n",
        r#""actionKey":"invoice.create","actorDisplay":"Ada Lovelace","actorId":"ada","actorType":"user""#,
        r#""changes":[{"after":2100,"before":1900,"op":"set","path":"/amount"}]"#,
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
    let events: Vec<_> = shown.lines().filter(|line| line.starts_with('{')).collect();
    assert_eq!(events.len(), 3, "{shown}");
}
