//! Runs of equal settings and other seeds: one group, whose results are told with their spread.

use super::{RunRecord, sweep::effective, table::Column, table::parted};
use crate::core::{config::RunConfig, metrics::seeds::BySeed, report::RunState};

/// Whether two runs differ in nothing but the seed: every setting that has an effect, the images with their splits,
/// and the published weights that they start from.
pub fn is_repeat(a: &RunRecord, b: &RunRecord) -> bool {
    let but_seed = |record: &RunRecord| effective(RunConfig { seed: 0, ..record.config });
    let same_weights = match (&a.weights, &b.weights) {
        (Some(a), Some(b)) => a.is_same(b),
        (a, b) => a.is_none() && b.is_none(),
    };
    same_weights && a.data.is_same(&b.data) && but_seed(a) == but_seed(b)
}

/// Indices of the runs of each group, in the order of the first run of each; a run without a repeat is a group of one.
pub fn groups(records: &[&RunRecord]) -> Vec<Vec<usize>> {
    parted(records, is_repeat)
}

/// Number of different seeds.
pub fn seeds(records: &[&RunRecord]) -> usize {
    let mut seeds: Vec<u64> = records.iter().map(|record| record.config.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    seeds.len()
}

/// What each seed of a group gave in `column`, on test as on validation. A run that did not reach its end is of a
/// shorter training and has no part; of several runs of one seed the first counts.
pub fn results(records: &[&RunRecord], column: Column) -> BySeed {
    let ended = records.iter().filter(|record| record.state == RunState::Finished);
    ended.filter_map(|record| Some((record.config.seed, column.result(record)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::{Architecture, EncoderConfig, Stem};
    use crate::core::run::{examples::evaluated, examples::record};
    use crate::core::{metrics::seeds::Summary, weights_file::WeightsIdentity};

    fn with(change: impl Fn(&mut RunRecord)) -> RunRecord {
        let mut run = record("a");
        change(&mut run);
        run
    }

    fn seeded(seed: u64, validation: f32) -> RunRecord {
        let mut run = evaluated("a", validation);
        run.config.seed = seed;
        run
    }

    #[test]
    fn a_group_differs_in_the_seed_only() {
        let base = record("a");
        let weights = |print: &str| Some(WeightsIdentity { source: "a file".into(), fingerprint: print.into() });
        let repeats = [
            with(|run| run.config.seed = 9),
            with(|run| run.name = "another".into()),
            with(|run| run.data.sources = vec!["the same images from elsewhere".into()]),
            // A chunk of the whole batch is none.
            with(|run| run.config.chunk = run.config.batch),
        ];
        assert!(repeats.iter().all(|run| is_repeat(&base, run) && is_repeat(run, &base)));
        let others = [
            with(|run| run.config.temperature = 0.1),
            with(|run| run.config.epochs += 1),
            with(|run| run.config.encoder = EncoderConfig::random(Architecture::ConvNet4, Stem::Small, 16)),
            with(|run| run.data.fingerprint = "0".into()),
            with(|run| run.weights = weights("1")),
        ];
        assert!(others.iter().all(|run| !is_repeat(&base, run) && !is_repeat(run, &base)));
        let [one, two] = ["1", "2"].map(|print| with(|run| run.weights = weights(print)));
        assert!(is_repeat(&one, &one) && !is_repeat(&one, &two));
        let all: Vec<&RunRecord> = [&base, &others[0], &repeats[0], &one, &repeats[1]].into();
        assert_eq!(groups(&all), [vec![0, 2, 4], vec![1], vec![3]]);
        assert_eq!((seeds(&[&base, &repeats[0], &repeats[1]]), seeds(&[])), (2, 0));
    }

    #[test]
    fn results_are_of_finished_runs_each_seed_once() {
        let cut = RunRecord { state: RunState::Cancelled, ..seeded(4, 0.1) };
        let unmeasured = with(|run| run.config.seed = 5);
        let all = [seeded(2, 0.5), seeded(1, 0.75), seeded(2, 0.9), cut, unmeasured];
        let all: Vec<&RunRecord> = all.iter().collect();
        let Some(Summary { mean, n, .. }) = results(&all, Column::ValidationAccuracy).summary() else {
            panic!("two results")
        };
        assert_eq!((mean, n), (0.625, 2));
        assert_eq!(results(&all, Column::TestAccuracy).summary().map(|s| s.mean), Some(0.8));
        assert_eq!(results(&all, Column::Knn).len(), 3, "all that finished were measured");
        assert!(results(&all, Column::Created).is_empty());
    }
}
