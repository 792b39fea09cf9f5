//! Which starts were compared, with what result, and whether SimCLR was worth it.

use super::starts::{Start, common, start_of};
use super::{RunRecord, fine_tune::FineTuneReport};
use crate::core::metrics::mcnemar::{PairedComparison, Verdict};
use crate::core::metrics::paired_t_test::{BySeed, SeedComparison};
use crate::core::report::RunState;

/// Results that can be compared: images, labels and SimCLR's settings are the same.
pub struct Compared<'a> {
    /// Of a contestant each seed one.
    found: Vec<Found<'a>>,
}

#[derive(Clone, Copy)]
struct Found<'a> {
    start: Start,
    record: &'a RunRecord,
    report: &'a FineTuneReport,
}

/// The better SimCLR against the better of the others, as far as they have results.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    pub simclr: Start,
    pub other: Start,
    pub difference: Difference,
}

/// SimCLR's accuracy less the other's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Difference {
    /// Of one seed: on the same test images.
    Images(Verdict),
    /// Of several seeds.
    Seeds(SeedComparison),
}

/// Every comparison of two contestants or more, the newest first. Of several results of one contestant and seed the
/// newest run's counts.
pub fn compared(records: &[RunRecord]) -> Vec<Compared<'_>> {
    let mut records: Vec<&RunRecord> = records.iter().filter(|r| r.state == RunState::Finished).collect();
    records.sort_by(|a, b| b.created.total_cmp(&a.created));
    let (published, shaped): (Vec<Found>, Vec<Found>) =
        records.into_iter().flat_map(found_in).partition(|found| found.start == Start::Published);
    let mut all: Vec<Compared> = Vec::new();
    for found in shaped {
        match all.iter_mut().find(|one| one.is_like(&found)) {
            Some(one) => one.add(found),
            None => all.push(Compared { found: vec![found] }),
        }
    }
    for one in &mut all {
        for found in &published {
            if one.is_like(found) {
                one.add(*found);
            }
        }
    }
    all.retain(|one| Start::ALL.into_iter().filter(|start| !one.accuracy(*start).is_empty()).count() > 1);
    all
}

fn found_in(record: &RunRecord) -> impl Iterator<Item = Found<'_>> {
    let start = |report| start_of(&record.config, record.data.training_images, record.steps, report);
    record.fine_tuned.iter().filter_map(move |report| Some(Found { start: start(report)?, record, report }))
}

impl<'a> Compared<'a> {
    fn is_like(&self, other: &Found) -> bool {
        let Found { record, report, .. } = self.found[0];
        let (ours, theirs) = (&record.config, &other.record.config);
        record.data.is_same(&other.record.data)
            && report.config.fraction == other.report.config.fraction
            && match other.start {
                Start::Published => {
                    (ours.encoder.architecture, ours.image_size) == (theirs.encoder.architecture, theirs.image_size)
                }
                _ => common(ours) == common(theirs),
            }
    }

    /// Adds a result, unless a newer one of its contestant and seed is there, or one of other weights or layers.
    fn add(&mut self, new: Found<'a>) {
        let fits = |old: &Found| match (old.record.weights.as_ref(), new.record.weights.as_ref()) {
            (Some(old), Some(new)) if !old.is_same(new) => false,
            // Of published weights as they are nothing trains.
            _ if old.start != new.start || new.start == Start::Published => true,
            _ => old.record.config.trained() == new.record.config.trained(),
        };
        let is_there = |old: &Found| (old.start, old.report.config.seed) == (new.start, new.report.config.seed);
        if self.found.iter().all(|old| fits(old) && !is_there(old)) {
            self.found.push(new);
        }
    }

    /// A run of SimCLR or of the supervised network: what the settings and images are.
    pub fn example(&self) -> (&'a RunRecord, &'a FineTuneReport) {
        (self.found[0].record, self.found[0].report)
    }

    /// Results of a contestant, one a seed.
    pub fn results(&self, start: Start) -> impl Iterator<Item = &'a FineTuneReport> {
        self.found.iter().filter(move |found| found.start == start).map(|found| found.report)
    }

    /// Test accuracy of a contestant.
    pub fn accuracy(&self, start: Start) -> BySeed {
        self.results(start).map(|report| (report.config.seed, report.test.accuracy)).collect()
    }

    /// `None` until both sides have a result of one seed. The better of a side is chosen by seeds that all have.
    pub fn answer(&self) -> Option<Answer> {
        let mut all: Vec<(Start, BySeed)> = Start::ALL.map(|start| (start, self.accuracy(start))).into();
        all.sort_by_key(|(_, accuracy)| std::cmp::Reverse(accuracy.len()));
        let mut shared = all[0].1.clone();
        // One without a seed of those before it is left out.
        all.retain(|(_, accuracy)| {
            let fewer = shared.of_seeds_in(accuracy);
            let stays = !fewer.is_empty();
            if stays {
                shared = fewer;
            }
            stays
        });
        let better = |simclr: bool| {
            let side = all.iter().filter(|(start, _)| start.is_simclr() == simclr);
            let mean =
                |(start, accuracy): &(Start, BySeed)| Some((*start, accuracy.of_seeds_in(&shared).summary()?.mean));
            let best = side.filter_map(mean).reduce(|best, other| if other.1 > best.1 { other } else { best });
            best.map(|(start, _)| start)
        };
        let (simclr, other) = (better(true)?, better(false)?);
        let seeds = self.accuracy(simclr).compare(&self.accuracy(other))?;
        let difference = match seeds.pairs {
            1 => {
                let pairs = self.results(simclr).flat_map(|a| self.results(other).map(move |b| (a, b)));
                let (a, b) = pairs.into_iter().find(|(a, b)| a.config.seed == b.config.seed)?;
                Difference::Images(Verdict::of(&PairedComparison::paired(&a.predicted, &b.predicted, &a.truth)))
            }
            _ => Difference::Seeds(seeds),
        };
        Some(Answer { simclr, other, difference })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::{Architecture, EncoderConfig, RunConfig};
    use crate::core::imagenet::ImageNetEncoder;
    use crate::core::run::examples::{record, tuned};
    use crate::core::run::starts::Starts;
    use crate::core::weights_file::WeightsIdentity;

    /// The runs of a comparison with results of which the first `right` of 100 test images are right.
    fn trained(starts: &Starts, right: impl Fn(Start, u64) -> usize) -> Vec<RunRecord> {
        let identity = |print: &str| WeightsIdentity { source: "net.pth".into(), fingerprint: print.into() };
        let contestants = starts.contestants(record("a").data.training_images).into_iter();
        let runs = contestants.enumerate().map(|(i, (config, then))| {
            let steps = config.total_steps(300);
            let mut run = RunRecord { config, steps, created: i as f64, ..record(&i.to_string()) };
            run.weights = config.encoder.weights().map(|_| identity("one"));
            for config in then {
                let mut report = FineTuneReport { steps, ..tuned(config) };
                let start = start_of(&run.config, 300, steps, &report).unwrap();
                (report.truth, report.predicted) = (vec![0; 100], vec![1; 100]);
                report.predicted[..right(start, config.seed)].fill(0);
                report.test = crate::core::metrics::ClassificationReport::new(&report.truth, &report.predicted, 2);
                run.fine_tuned.push(report);
            }
            run
        });
        runs.collect()
    }

    fn starts(seeds: usize) -> Starts {
        let net = ImageNetEncoder::of(Architecture::ResNet18).unwrap();
        let config = RunConfig { encoder: EncoderConfig::with_weights(net), ..RunConfig::default() };
        Starts { config, published: Some(net), fraction: 10, seeds }
    }

    fn right(start: Start, seed: u64) -> usize {
        let of = match start {
            Start::Published => 80,
            Start::SimclrPublished => 90,
            Start::SimclrRandom => 60,
            Start::Supervised => 50,
        };
        of + seed as usize % 2
    }

    #[test]
    fn one_seed_is_judged_by_its_test_images() {
        let records = trained(&starts(1), right);
        let [one] = &compared(&records)[..] else { panic!("one comparison") };
        let accuracy = |start| one.accuracy(start).summary().unwrap().mean;
        let seed = starts(1).config.seed;
        assert_eq!(Start::ALL.map(accuracy), Start::ALL.map(|start| right(start, seed) as f64 / 100.0));
        let answer = one.answer().unwrap();
        assert_eq!((answer.simclr, answer.other), (Start::SimclrPublished, Start::Published));
        let Difference::Images(Verdict::Clear { difference, .. }) = answer.difference else { panic!("10:0 is clear") };
        assert!((difference - 0.1).abs() < 1e-12);
        // Two images decide nothing.
        let records = trained(&starts(1), |start, _| if start.is_simclr() { 52 } else { 50 });
        let answer = compared(&records)[0].answer().unwrap();
        assert!(matches!(answer.difference, Difference::Images(Verdict::Unclear { .. })), "{answer:?}");
    }

    #[test]
    fn several_seeds_are_paired() {
        let records = trained(&starts(3), |start, seed| right(start, 0) + usize::from(start.is_simclr() && seed == 1));
        let answer = compared(&records)[0].answer().unwrap();
        let Difference::Seeds(seeds) = answer.difference else { panic!("three seeds") };
        assert_eq!((seeds.pairs, seeds.is_clear(), answer.simclr), (3, true, Start::SimclrPublished));
    }

    #[test]
    fn the_better_is_chosen_by_seeds_that_all_have() {
        // Published weights are far ahead with the first seed; SimCLR from random weights lacks it, the rest is even.
        let first = starts(3).config.seed;
        let far = |start: Start, seed| 60 + usize::from(seed == first && start == Start::Published) * 30;
        let mut records = trained(&starts(3), |start, seed| far(start, seed) + usize::from(start == Start::Supervised));
        let random = records.iter_mut().find(|r| r.config.encoder.weights().is_none()).unwrap();
        random.fine_tuned.clear();
        let answer = compared(&records)[0].answer().unwrap();
        assert_eq!(answer.other, Start::Supervised);
        // One without a seed in common with the others does not hide their answer.
        records.retain(|r| r.config.encoder.weights().is_some() || r.config.seed == first + 1);
        records.retain(|r| r.config.encoder.weights().is_none() || r.config.seed != first + 1);
        let answer = compared(&records)[0].answer().unwrap();
        assert_eq!((answer.simclr, answer.other), (Start::SimclrPublished, Start::Published));
    }

    #[test]
    fn trained_layers_mean_nothing_where_nothing_trains() {
        let mut records = trained(&starts(2), right);
        let second = records.iter_mut().rfind(|r| r.config.epochs == 0).unwrap();
        second.config.trained = crate::core::config::TrainedPart::Head;
        assert_eq!(compared(&records)[0].accuracy(Start::Published).len(), 2);
    }

    #[test]
    fn only_what_can_be_compared_is_and_the_newest_counts() {
        let records = trained(&starts(1), right);
        // Alone, or only published weights: nothing to compare.
        assert!(compared(&records[..1]).is_empty() && compared(&records[1..2]).is_empty());
        assert_eq!(compared(&records[..2]).len(), 1);
        // Unfinished, of other images, of other settings, with other labels.
        let other = |change: fn(&mut RunRecord)| {
            let mut records = records[..2].to_vec();
            change(&mut records[1]);
            compared(&records).len()
        };
        assert_eq!(other(|r| r.state = RunState::Paused), 0);
        assert_eq!(other(|r| r.data.fingerprint = "other".into()), 0);
        assert_eq!(other(|r| r.weights.as_mut().unwrap().fingerprint = "other".into()), 0);
        assert_eq!(other(|r| r.fine_tuned[0].config.fraction = 50), 0);
        let mut twice = records.clone();
        twice.extend(trained(&starts(1), |_, _| 70).into_iter().map(|r| RunRecord { created: r.created + 9.0, ..r }));
        let [one] = &compared(&twice)[..] else { panic!("the same comparison") };
        assert!(Start::ALL.into_iter().all(|start| one.accuracy(start).summary().unwrap().mean == 0.7));
        let mut warmer = starts(1);
        warmer.config.temperature = 0.3;
        twice.extend(trained(&warmer, right));
        assert_eq!(compared(&twice).len(), 2);
    }
}
