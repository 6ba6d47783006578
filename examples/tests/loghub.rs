//! The example of LogHub runs to its end, without anything but this machine.

use std::process::Command;

#[test]
fn the_example_shows_what_arrived() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_loghub"));
    let output = program.env_remove("LOGHUB_TOKEN").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        r#"invoice.create by user {"email":"ada@example.com","internal_id":"ada","name":"Ada Lovelace"}"#,
        r#"{"/amount":2500} became {"/amount":2900}"#,
        r#"invoice.remind by system {"description":"nightly reminders"}"#,
        "the oldest first: invoice.create, invoice.update",
    ] {
        assert!(said.contains(line), "{line} is missing in: {said}");
    }
}
