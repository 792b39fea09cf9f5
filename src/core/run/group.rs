//! Runs of equal settings and other seeds: one group, whose results are told with their spread.

use super::table::{Column, parted, sorted};
use super::{RunRecord, sweep::effective};
use crate::core::{config::RunConfig, metrics::paired_t_test::BySeed, report::RunState};
use std::cmp::Ordering;
use std::collections::HashSet;

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

/// Indices of the runs of each group, in the order of the first run of each. A run without a repeat of another seed
/// stands alone.
pub fn groups(records: &[&RunRecord]) -> Vec<Vec<usize>> {
    let several = |row: &Vec<usize>| seeds(&row.iter().map(|&place| records[place]).collect::<Vec<_>>()) > 1;
    let alone = |row: Vec<usize>| row.into_iter().map(|place| vec![place]).collect();
    let parts = parted(records, is_repeat).into_iter();
    let mut rows: Vec<Vec<usize>> = parts.flat_map(|row| if several(&row) { vec![row] } else { alone(row) }).collect();
    rows.sort_by_key(|row| row[0]);
    rows
}

/// Number of different seeds.
pub fn seeds(records: &[&RunRecord]) -> usize {
    let mut seeds: Vec<u64> = records.iter().map(|record| record.config.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    seeds.len()
}

/// The runs by age, of several of one seed the earliest, whatever their order was.
fn each_seed<'a>(records: impl Iterator<Item = &'a RunRecord>) -> Vec<&'a RunRecord> {
    let mut runs: Vec<&RunRecord> = records.collect();
    runs.sort_by(|a, b| a.created.total_cmp(&b.created).then_with(|| a.id.cmp(&b.id)));
    let mut seeds = HashSet::new();
    runs.retain(|run| seeds.insert(run.config.seed));
    runs
}

/// What each seed of a group gave in `column`, on test as on validation. A run that did not reach its end is of a
/// shorter training and has no part; of several runs of one seed the earliest that was measured counts.
pub fn results(records: &[&RunRecord], column: Column) -> BySeed {
    let result = |run: &RunRecord| column.result(run).filter(|result| result.is_finite());
    let counts = |run: &&RunRecord| run.state == RunState::Finished && result(run).is_some();
    let runs = each_seed(records.iter().copied().filter(counts));
    runs.into_iter().filter_map(|run| Some((run.config.seed, result(run)?))).collect()
}

/// The runs of which a group's curve is the mean, each seed once: those that finished, where there are any, since a run
/// that was cut off would cut the curve.
pub fn curve_runs<'a>(records: &[&'a RunRecord]) -> Vec<&'a RunRecord> {
    let ended = records.iter().copied().filter(|run| run.state == RunState::Finished);
    let ended = each_seed(ended);
    if ended.is_empty() { each_seed(records.iter().copied()) } else { ended }
}

/// Index of the best row, of each of which `rows` has the runs: by accuracy on validation, never on test; between equals
/// by kNN, then the earlier one. Of a group its means count. `None` if no run was evaluated on validation. For runs on
/// different images, ask for each set of [`by_data`].
pub fn best(records: &[&RunRecord], rows: &[Vec<usize>]) -> Option<usize> {
    let rank = |row: &Vec<usize>| {
        let accuracy = row_result(records, row, Column::ValidationAccuracy)?;
        let first = row.iter().map(|&place| records[place].created).fold(f64::INFINITY, f64::min);
        Some([accuracy, row_result(records, row, Column::Knn).unwrap_or(-1.0), -first])
    };
    let better = |a: &[f64; 3], b: &[f64; 3]| {
        a.iter().zip(b).map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    };
    let mut best: Option<(usize, [f64; 3])> = None;
    for (place, row) in rows.iter().enumerate() {
        if let Some(rank) = rank(row)
            && best.as_ref().is_none_or(|(_, so_far)| better(&rank, so_far).is_gt())
        {
            best = Some((place, rank));
        }
    }
    best.map(|(place, _)| place)
}

/// The result of a run, or the mean of a group.
fn row_result(records: &[&RunRecord], row: &[usize], column: Column) -> Option<f64> {
    match row {
        [run] => column.result(records[*run]).filter(|result| !result.is_nan()),
        group => {
            let group: Vec<&RunRecord> = group.iter().map(|&place| records[place]).collect();
            results(&group, column).summary().map(|summary| summary.mean)
        }
    }
}

/// The rows of the table in sorted order, each the indices of its runs, sorted likewise: runs alone, or with `grouped`
/// those of [`groups`] in one row, at their means or, in other columns, at the first of their runs.
pub fn rows(records: &[&RunRecord], by: Column, descending: bool, grouped: bool) -> Vec<Vec<usize>> {
    let order = sorted(records, by, descending);
    if !grouped {
        return order.into_iter().map(|place| vec![place]).collect();
    }
    let in_order: Vec<&RunRecord> = order.iter().map(|&place| records[place]).collect();
    let of = |row: Vec<usize>| row.into_iter().map(|at| order[at]).collect();
    let mut rows: Vec<Vec<usize>> = groups(&in_order).into_iter().map(of).collect();
    if by.is_result() {
        let mean = |row: &Vec<usize>| row_result(records, row, by);
        rows.sort_by(|a, b| match (mean(a), mean(b)) {
            (Some(a), Some(b)) if descending => b.total_cmp(&a),
            (Some(a), Some(b)) => a.total_cmp(&b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::pretrain_settings::setting;
    use crate::core::config::{Architecture, EncoderConfig, Stem};
    use crate::core::run::table::by_data;
    use crate::core::run::{examples::evaluated, examples::record};
    use crate::core::{metrics::paired_t_test::Summary, weights_file::WeightsIdentity};

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
        // A copy has the same seed.
        assert_eq!(groups(&[&base, &others[0], &repeats[1]]), [[0], [1], [2]]);
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

    #[test]
    fn of_one_seed_the_earliest_counts_in_any_order() {
        let of = |id: &str, seed: u64, created: f64, validation: f32| RunRecord {
            id: id.into(),
            created,
            ..seeded(seed, validation)
        };
        let mut all = [of("b", 1, 2.0, 0.9), of("c", 1, 1.0, 0.5), of("a", 1, 2.0, 0.8), of("d", 2, 3.0, 0.25)];
        let mean = |runs: &[RunRecord]| {
            results(&runs.iter().collect::<Vec<_>>(), Column::ValidationAccuracy).summary().map(|s| s.mean)
        };
        assert_eq!(mean(&all), Some(0.375));
        all.reverse();
        assert_eq!(mean(&all), Some(0.375));
        // Without a result it is not the one; of two of an age the id decides.
        all[2].evaluation = None;
        assert_eq!(mean(&all), Some((f64::from(0.8_f32) + 0.25) / 2.0));
    }

    #[test]
    fn a_groups_curve_is_of_the_runs_that_finished() {
        let of = |id: &str, seed: u64, created: f64, state: RunState| RunRecord {
            id: id.into(),
            created,
            state,
            ..seeded(seed, 0.5)
        };
        let cut = of("cut", 1, 1.0, RunState::Cancelled);
        // A later run of the seed that was cut; a copy of it; one under way.
        let all = [
            of("copy", 1, 4.0, RunState::Finished),
            cut.clone(),
            of("whole", 1, 3.0, RunState::Finished),
            of("two", 2, 2.0, RunState::Finished),
            of("paused", 3, 0.0, RunState::Paused),
        ];
        let ids = |runs: &[&RunRecord]| curve_runs(runs).iter().map(|run| run.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&all.iter().collect::<Vec<_>>()), ["two", "whole"]);
        assert_eq!(
            ids(&[&cut, &all[4], &RunRecord { id: "later".into(), created: 9.0, ..cut.clone() }]),
            ["paused", "cut"]
        );
        assert!(ids(&[]).is_empty());
    }

    #[test]
    fn equal_images_can_be_a_chain() {
        let on = |pixels: &str, files: &str| {
            with(|run| (run.data.fingerprint, run.data.files_fingerprint) = (pixels.into(), files.into()))
        };
        // A is like B by its pixels, B like C by its files.
        let chain = [on("1", ""), on("1", "f"), on("2", "f"), on("3", "g")];
        let all: Vec<&RunRecord> = chain.iter().collect();
        assert_eq!(by_data(&all), [vec![0, 1, 2], vec![3]]);
    }

    /// Of runs alone.
    fn best_run(runs: &[&RunRecord]) -> Option<usize> {
        best(runs, &rows(runs, Column::Program, false, false))
    }

    #[test]
    fn a_group_is_one_row_at_its_mean() {
        let of = |seed: u64, temperature: f32, validation: f32| {
            let mut run = RunRecord { created: seed as f64, knn: None, ..evaluated("a", validation) };
            (run.config.seed, run.config.temperature) = (seed, temperature);
            run
        };
        // Groups of means 0.6 and 0.7, the first with the best run, a run alone between, and one without a result.
        let mut runs =
            [of(1, 0.5, 0.9), of(2, 0.5, 0.3), of(3, 0.1, 0.7), of(4, 0.1, 0.7), of(5, 0.2, 0.65), record("b")];
        runs[5].config.temperature = 0.3;
        let all: Vec<&RunRecord> = runs.iter().collect();
        let grouped = |by, descending| rows(&all, by, descending, true);
        let by_mean = grouped(Column::ValidationAccuracy, true);
        assert_eq!(by_mean, [vec![2, 3], vec![4], vec![0, 1], vec![5]]);
        assert_eq!(grouped(Column::ValidationAccuracy, false), [vec![1, 0], vec![4], vec![2, 3], vec![5]]);
        assert_eq!(grouped(Column::Setting(setting("seed")), true), [vec![4], vec![3, 2], vec![1, 0], vec![5]]);
        assert_eq!((best(&all, &by_mean), best_run(&all)), (Some(0), Some(0)), "the best mean; the best run");
        assert_eq!(rows(&all, Column::ValidationAccuracy, true, false)[0], [0]);
    }

    #[test]
    fn the_best_is_chosen_on_validation_then_knn_then_age() {
        let mut runs = [evaluated("a", 0.6), evaluated("b", 0.7), evaluated("c", 0.7), record("d")];
        let best_of = |runs: &[RunRecord]| best_run(&runs.iter().collect::<Vec<_>>());
        // Equal in all: the first; an earlier one wins.
        assert_eq!(best_of(&runs), Some(1));
        runs[2].created -= 1.0;
        assert_eq!(best_of(&runs), Some(2));
        runs[1].knn = Some(0.51);
        assert_eq!(best_of(&runs), Some(1));
        runs[1].knn = None;
        assert_eq!(best_of(&runs), Some(2));
        // A better result on test changes nothing.
        if let Some(evaluation) = &mut runs[0].evaluation {
            evaluation.trained.test.accuracy = 1.0;
        }
        assert_eq!(best_of(&runs), Some(2));
        assert_eq!(best_of(&runs[3..]), None);
        assert_eq!(best_of(&[]), None);
    }
}
