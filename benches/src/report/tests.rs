use super::*;

fn report() -> Report {
    let bare = Figure::new("bare").with("instructions", 20_000.0).with("allocations", 4.0);
    let ours = Figure::new("ours")
        .with("instructions", 25_000.4)
        .sample("ns", Sample { median: 1_250.0, spread: 0.02 })
        .beside(&bare, "instructions")
        .at_most("instructions", 24_000.0)
        .at_least("ns", 1_000.0)
        .at_most("never measured", 1.0);
    let mut report = Report::new("overhead", "instructions").note("in process");
    report.add(bare);
    report.add(ours);
    report
}

#[test]
fn a_line_of_json_has_the_members_that_apply() {
    let lines = report().lines();
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(
        lines,
        [
            r#"{"group":"overhead","name":"bare","instructions":20000,"allocations":4}"#,
            r#"{"group":"overhead","name":"ours","peer":"bare","instructions":25000,"ns":1250,"spread":0.02,"ratio":1.25,"goals":["instructions ≤ 24,000: missed","ns ≥ 1000 ns: met"]}"#,
        ]
    );
}

#[test]
fn the_table_is_markdown_with_a_column_for_each_member() {
    let text = report().to_string();
    let table: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    assert_eq!(table[0], ["overhead", "instructions", "allocations", "ns", "spread", "ratio", "by", "goal"]);
    assert_eq!(table[2], ["bare", "20,000", "4"]);
    assert_eq!(
        table[3],
        [
            "ours",
            "25,000",
            "1250 ns",
            "2.0 %",
            "1.25x",
            "bare",
            "instructions ≤ 24,000: missed, ns ≥ 1000 ns: met"
        ]
    );
    assert!(text.ends_with("overhead: in process\n"), "{text}");
}

#[test]
fn a_ratio_is_ours_by_the_peers() {
    let peer = Figure::new("peer").with("events_per_second", 200.0);
    let ours = Figure::new("ours").with("events_per_second", 50.0);
    assert_eq!(ours.beside(&peer, "events_per_second").value("ratio"), Some(0.25));
    assert_eq!(Figure::new("not measured").beside(&peer, "events_per_second").value("ratio"), None);
}
