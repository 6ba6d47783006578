//! How a member is written.

/// As it stands in a table.
pub(super) fn text(member: &str, value: f64) -> String {
    match member {
        "ratio" if value.abs() < 0.1 => format!("{value:.3}x"),
        "ratio" => format!("{}x", plain(value)),
        "spread" => percent(value),
        _ if member.starts_with("of_") => percent(value),
        _ if member == "ns" || member.ends_with("_ns") => time(value),
        _ => plain(value),
    }
}

/// As it stands in JSON: what lies beyond four digits is noise, except in front of the point.
pub(super) fn json(value: f64) -> serde_json::Value {
    let rounded = if value.abs() >= 1_000.0 { value.round() } else { four_digits(value) };
    #[expect(clippy::cast_possible_truncation, reason = "whole, and checked to fit")]
    if rounded.fract() == 0.0 && rounded.abs() < 1e15 { (rounded as i64).into() } else { rounded.into() }
}

fn four_digits(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent.abs() < 10.0 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

fn time(ns: f64) -> String {
    match ns.abs() {
        below if below < 1e4 => format!("{ns:.0} ns"),
        below if below < 1e6 => format!("{:.1} µs", ns / 1e3),
        below if below < 1e9 => format!("{:.1} ms", ns / 1e6),
        _ => format!("{:.2} s", ns / 1e9),
    }
}

/// A number with commas between thousands, and with digits behind the point where it is small.
fn plain(value: f64) -> String {
    let digits = match value.abs() {
        small if small < 10.0 && value.fract() != 0.0 => 2,
        small if small < 100.0 && value.fract() != 0.0 => 1,
        _ => 0,
    };
    let text = format!("{value:.digits$}");
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |rest| ("-", rest));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_shows_what_people_read() {
        assert_eq!(text("instructions", 19_300.4), "19,300");
        assert_eq!(text("instructions", -1_234_567.0), "-1,234,567");
        assert_eq!(text("allocations", 7.0), "7");
        assert_eq!(text("allocations", 6.96), "6.96");
        assert_eq!(text("allocations", 33.25), "33.2");
        assert_eq!(text("ratio", 1.0 / 3.0), "0.33x");
        assert_eq!(text("ratio", 0.035), "0.035x");
        assert_eq!(text("spread", 0.031), "3.1 %");
        assert_eq!(text("of_logging", 0.25), "25 %");
        assert_eq!(text("ns", 812.0), "812 ns");
        assert_eq!(text("p99_ns", 1_500_000.0), "1.5 ms");
        assert_eq!(text("ns", 9_120_000_000.0), "9.12 s");
    }

    #[test]
    fn json_has_no_noise() {
        let written = |value| json(value).to_string();
        assert_eq!(written(19_300.4), "19300");
        assert_eq!(written(7.0), "7");
        assert_eq!(written(0.333_333_3), "0.3333");
        assert_eq!(written(33.25), "33.25");
        assert_eq!(written(-2.0), "-2");
        assert_eq!(written(f64::NAN), "null");
    }
}
