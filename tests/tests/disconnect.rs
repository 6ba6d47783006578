//! Clients that leave at any moment, in a short form; in full by
//! `cargo run --release -p lodger-tests --bin disconnect -- --requests 1000 --panics 1000`.

use std::process::Command;

use serde_json::Value;

#[test]
fn every_change_has_one_event_whenever_its_client_leaves() {
    let output = Command::new(env!("CARGO_BIN_EXE_disconnect"))
        .args(["--requests", "150", "--panics", "50"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let reports: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(reports.len(), 5);
    for report in &reports {
        // Otherwise nobody would have left at an interesting moment.
        let counts = ["unknown", "answeredIntoTheVoid"].map(|name| report[name].as_u64().unwrap());
        assert!(counts.iter().sum::<u64>() > 0, "{report}");
    }
}
