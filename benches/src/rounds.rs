//! Taking turns, so that a busy machine is busy for all.

/// Runs every subject once a round and gives each subject's results. Every round begins with another subject, so that
/// none always follows the same one.
pub(crate) fn take_turns<S, R>(
    subjects: &mut [S],
    rounds: usize,
    mut run: impl FnMut(&mut S) -> Result<R, String>,
) -> Result<Vec<Vec<R>>, String> {
    let mut results: Vec<Vec<R>> = subjects.iter().map(|_| Vec::with_capacity(rounds)).collect();
    for round in 0..rounds {
        let first = round % subjects.len().max(1);
        let turns = subjects.iter_mut().zip(&mut results).enumerate();
        let (before, from): (Vec<_>, Vec<_>) = turns.partition(|(place, _)| *place < first);
        for (_, (subject, results)) in from.into_iter().chain(before) {
            results.push(run(subject)?);
        }
    }
    Ok(results)
}

/// What some rounds came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    pub(crate) median: f64,
    /// How far the rounds lie apart: (largest - smallest) / median.
    pub(crate) spread: f64,
}

impl Sample {
    /// The median of these values; zero where there is none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or_default();
        let last = values.len().saturating_sub(1);
        let median = f64::midpoint(at(last / 2), at(values.len() / 2));
        let spread = if median == 0.0 { 0.0 } else { (at(last) - at(0)) / median };
        Self { median, spread }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_round_begins_with_another_subject() {
        let mut order = String::new();
        let results = take_turns(&mut ['a', 'b', 'c'], 4, |subject| {
            order.push(*subject);
            Ok(order.len())
        });
        assert_eq!(order, "abcbcacababc");
        assert_eq!(results.unwrap(), [[1, 6, 8, 10], [2, 4, 9, 11], [3, 5, 7, 12]]);
    }

    #[test]
    fn what_fails_ends_the_rounds() {
        let failed = take_turns(&mut [1, 2], 3, |subject| {
            if *subject == 2 { Err("two") } else { Ok(()) }.map_err(str::to_owned)
        });
        assert_eq!(failed, Err("two".to_owned()));
    }

    #[test]
    fn the_median_is_the_middle_one_or_between_the_middle_two() {
        assert_eq!(Sample::of([9.0, 1.0, 4.0]), Sample { median: 4.0, spread: 2.0 });
        assert_eq!(Sample::of([10.0, 20.0, 40.0, 30.0]), Sample { median: 25.0, spread: 1.2 });
        assert_eq!(Sample::of([7.0]), Sample { median: 7.0, spread: 0.0 });
        assert_eq!(Sample::of([]), Sample { median: 0.0, spread: 0.0 });
    }
}
