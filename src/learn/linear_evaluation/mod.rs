//! Linear evaluation: how much of the classes a linear classifier reads from frozen features h,
//! beside the same for the baseline and for raw pixels, all on the same splits.

mod classifier;
mod examples;
mod rows;

pub use classifier::{BATCH, EPOCHS, Labelled, LinearClassifier, Problem, RATES, epochs, fit, train};
pub use examples::Examples;
pub use rows::{Pixels, Rows, Standard};

use crate::core::dataset::{Dataset, Split};
use crate::core::report::{Baseline, EvaluationReport, LinearReport, Statistics};
use crate::core::{error::Fault, metrics::MOST_CLASSES};
use crate::learn::features::{Features, Stopped, features};
use crate::learn::{baseline::with_statistics, encoder::Encoder, knn, store::ByteStore};

/// What is evaluated.
#[derive(Debug)]
pub struct Evaluation<'a> {
    pub dataset: &'a Dataset,
    /// The data set's images on the encoders' device.
    pub store: &'a ByteStore,
    /// On the plain device, as [`Trainer::encoder`](crate::learn::trainer::Trainer::encoder) gives it.
    pub trained: &'a Encoder,
    /// What `initial` is. Random weights are judged with running mean 0 and variance 1 and with estimated statistics.
    pub baseline: Baseline,
    pub initial: Option<&'a Encoder>,
    /// Images a forward pass.
    pub batch: usize,
    /// Order of rows in the classifiers' training.
    pub seed: u64,
    /// Steps of pre-training behind `trained`.
    pub steps: u32,
    /// See [`EvaluationReport::test_use`].
    pub test_use: u32,
}

/// Indices into the data set and classes of one split's labelled images.
struct Part {
    indices: Vec<usize>,
    labels: Vec<usize>,
}

impl Part {
    fn of(dataset: &Dataset, split: Split) -> Self {
        let (indices, labels) = dataset.labelled(split);
        Self { indices, labels }
    }
}

/// Features of the three splits.
type Splits<R> = [R; 3];

impl Evaluation<'_> {
    /// Evaluates everything; the test split is looked at once for each classifier and for each kNN number, of which the
    /// untrained encoder has two, and the better one counts. `seconds` is left at 0: only the caller has a clock in every environment.
    ///
    /// `pause` as in [`features`].
    ///
    /// # Errors
    /// [`Fault::NoLabels`] where fewer than two classes have training images or there is no test image, or the classes are
    /// more than [`MOST_CLASSES`].
    pub async fn run(&self, pause: &mut impl AsyncFnMut(f32) -> bool) -> Result<EvaluationReport, Stopped> {
        let parts = [Split::Train, Split::Validation, Split::Test].map(|split| Part::of(self.dataset, split));
        let [train_part, _, test] = &parts;
        let first = train_part.labels.first();
        let too_many = self.dataset.classes.len() > MOST_CLASSES;
        if train_part.labels.iter().all(|l| Some(l) == first) || test.labels.is_empty() || too_many {
            return Err(Fault::NoLabels.into());
        }
        // Parts of the progress, from times on the CPU backend.
        let h = self.features(self.trained, &parts, &mut async |p| pause(0.3 * p).await).await?;
        let trained = self.linear(&h, &parts, &mut async |p| pause(0.3 + 0.08 * p).await).await?;
        let knn_trained = self.knn(&h, &parts, &mut async |p| pause(0.38 + 0.02 * p).await).await?;

        // Random weights have seen no image, so that no statistics are theirs: both are judged, the better ones count.
        let has_both = self.baseline == Baseline::Untrained && self.initial.is_some_and(Encoder::has_batch_norm);
        let (mut linear_baseline, mut knn_baseline) = (None, None);
        if let Some(initial) = self.initial {
            use Statistics::{Estimated, Initial};
            let kinds: &[Statistics] = if has_both { &[Initial, Estimated] } else { &[Initial] };
            for (done, &kind) in kinds.iter().enumerate() {
                let mut part = async |p: f32| pause(0.4 + 0.4 * (done as f32 + p) / kinds.len() as f32).await;
                let encoder = match kind {
                    Initial => initial.clone(),
                    Estimated => self.with_statistics(initial, &mut async |p| part(0.2 * p).await).await?,
                };
                let h = self.features(&encoder, &parts, &mut async |p| part(0.2 + 0.55 * p).await).await?;
                let linear = self.linear(&h, &parts, &mut async |p| part(0.75 + 0.2 * p).await).await?;
                let knn = self.knn(&h, &parts, &mut async |p| part(0.95 + 0.05 * p).await).await?;
                if linear_baseline
                    .as_ref()
                    .is_none_or(|(best, _): &(LinearReport, _)| linear.test.accuracy > best.test.accuracy)
                {
                    linear_baseline = Some((linear, kind));
                }
                if knn_baseline.is_none_or(|(best, _)| knn > best) {
                    knn_baseline = Some((knn, kind));
                }
            }
        }
        let (linear_baseline, of_linear) = linear_baseline.unzip();
        let (knn_baseline, of_knn) = knn_baseline.unzip();
        let baseline_statistics = of_linear.zip(of_knn).filter(|_| has_both).map(<[Statistics; 2]>::from);

        let pixels = parts.each_ref().map(|part| Pixels::new(self.dataset, part.indices.clone()));
        let raw_pixels = self.linear(&pixels, &parts, &mut async |p| pause(0.8 + 0.2 * p).await).await?;

        let side = pixels[0].side();
        Ok(EvaluationReport {
            classes: self.dataset.classes.clone(),
            test_images: test.indices.iter().map(|&i| i as u32).collect(),
            truth: test.labels.iter().map(|&l| l as u16).collect(),
            trained,
            baseline: self.baseline,
            linear_baseline,
            raw_pixels,
            raw_side: (side < self.dataset.size).then_some(side as u32),
            knn_trained,
            knn_baseline,
            baseline_statistics,
            knn_k: Some(knn::neighbours(train_part.labels.len()) as u32),
            steps: self.steps,
            test_use: self.test_use,
            seconds: 0.0,
        })
    }

    async fn with_statistics(
        &self,
        initial: &Encoder,
        pause: &mut impl AsyncFnMut(f32) -> bool,
    ) -> Result<Encoder, Stopped> {
        let train: Vec<u32> = self.dataset.split(Split::Train).into_iter().map(|i| i as u32).collect();
        with_statistics(initial, self.store, &train, self.batch, self.seed, pause).await
    }

    /// Features of all three splits in one pass.
    async fn features(
        &self,
        encoder: &Encoder,
        parts: &Splits<Part>,
        pause: &mut impl AsyncFnMut(f32) -> bool,
    ) -> Result<Splits<Features>, Stopped> {
        let all: Vec<u32> = parts.iter().flat_map(|part| &part.indices).map(|&i| i as u32).collect();
        let Features { mut values, dim } = features(encoder, self.store, &all, self.batch, pause).await?;
        let take = |part: &Part| {
            let rest = values.split_off(part.indices.len() * dim);
            Features { values: std::mem::replace(&mut values, rest), dim }
        };
        Ok(parts.each_ref().map(take))
    }

    async fn linear<R: Rows>(
        &self,
        rows: &Splits<R>,
        parts: &Splits<Part>,
        pause: &mut impl AsyncFnMut(f32) -> bool,
    ) -> Result<LinearReport, Stopped> {
        let labelled = |i: usize| Labelled { rows: &rows[i], labels: &parts[i].labels };
        let [train_part, validation, test] = [0, 1, 2].map(labelled);
        let problem = Problem { train: train_part, validation, test, classes: self.dataset.classes.len() };
        train(&problem, self.seed, pause).await
    }

    /// kNN accuracy on test, the whole training split as bank.
    async fn knn(
        &self,
        h: &Splits<Features>,
        parts: &Splits<Part>,
        pause: &mut impl AsyncFnMut(f32) -> bool,
    ) -> Result<f32, Stopped> {
        let labels = &parts[0].labels;
        let found = knn::classify(&h[0], labels, &h[2], knn::neighbours(labels.len()), pause).await?;
        Ok(knn::accuracy(&found, &parts[2].labels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::{Architecture, EncoderConfig, Stem};
    use crate::core::{dataset::Example, rng::Rng};
    use crate::learn::{block_on::block_on, simclr::initial_encoder};
    use burn::module::Module;
    use burn::tensor::Device;

    /// Three classes told apart by their colour, with noise; 3 of 5 train.
    fn colours(images: usize) -> Dataset {
        let (size, mut rng) = (16, Rng::new(3));
        let mut set =
            Dataset { size, classes: ["red", "green", "blue"].map(String::from).to_vec(), ..Dataset::default() };
        for i in 0..images {
            let class = i % 3;
            let split = [Split::Train, Split::Test, Split::Train, Split::Validation, Split::Train][i / 3 % 5];
            set.examples.push(Example { label: Some(class as u16), split, name: String::new() });
            let channel = |p: usize| if p / (size * size) == class { 170 } else { 60 };
            set.pixels.extend((0..3 * size * size).map(|p| (channel(p) + rng.below(60)) as u8));
        }
        set
    }

    fn evaluate(set: &Dataset, pause: &mut impl AsyncFnMut(f32) -> bool) -> Result<EvaluationReport, Stopped> {
        evaluate_beside(set, Baseline::Untrained, false, pause)
    }

    /// `estimated`: the baseline with estimated statistics.
    fn evaluate_beside(
        set: &Dataset,
        baseline: Baseline,
        estimated: bool,
        pause: &mut impl AsyncFnMut(f32) -> bool,
    ) -> Result<EvaluationReport, Stopped> {
        let device = Device::flex();
        let config = EncoderConfig::random(Architecture::ConvNet4, Stem::Small, 8);
        let encoder = initial_encoder(&config, 1, &device.clone().autodiff()).valid();
        let store = ByteStore::new(set, &device, usize::MAX);
        let mut evaluation = Evaluation {
            dataset: set,
            store: &store,
            trained: &encoder,
            baseline,
            initial: Some(&encoder),
            batch: 32,
            seed: 1,
            steps: 0,
            test_use: 1,
        };
        let with = block_on(evaluation.with_statistics(&encoder, &mut async |_| true)).unwrap();
        if estimated {
            evaluation.initial = Some(&with);
        }
        block_on(evaluation.run(pause))
    }

    #[test]
    fn a_set_told_apart_by_colour_is_solved_by_pixels_and_features() {
        let set = colours(150);
        let mut parts = Vec::new();
        let report = evaluate(&set, &mut async |p| {
            parts.push(p);
            true
        })
        .unwrap();
        assert_eq!((report.test_images.len(), report.truth.len()), (30, 30));
        assert!(report.test_images.iter().zip(&report.truth).all(|(&i, &t)| set.examples[i as usize].label == Some(t)));
        for linear in [&report.raw_pixels, report.linear_baseline.as_ref().unwrap(), &report.trained] {
            assert!(linear.test.accuracy > 0.9, "{}", linear.test.accuracy);
            let right = linear.predicted.iter().zip(&report.truth).filter(|(a, b)| a == b).count();
            assert!((linear.test.accuracy - right as f64 / 30.0).abs() < 1e-9);
        }
        assert_eq!(report.raw_side, None, "16 pixels are taken whole");
        assert_eq!(report.knn_k, Some(90), "the bank has fewer than 200");
        assert!(report.knn_baseline.unwrap() > 0.9, "{:?}", report.knn_baseline);
        assert!(parts.is_sorted() && parts.last().is_some_and(|&p| p > 0.99), "{parts:?}");
    }

    #[test]
    fn the_untrained_encoder_is_judged_with_both_statistics_and_the_better_ones_count() {
        // So noisy that the two differ.
        let mut set = colours(450);
        let mut rng = Rng::new(5);
        set.pixels.iter_mut().for_each(|p| *p = (f32::from(*p) + 250.0 * rng.normal()).clamp(0.0, 255.0) as u8);
        let beside = |baseline, estimated| evaluate_beside(&set, baseline, estimated, &mut async |_| true).unwrap();
        let got = beside(Baseline::Untrained, false);
        // Published weights are judged as they are.
        let [initial, estimated] = [false, true].map(|estimated| beside(Baseline::ImageNet, estimated));
        assert_eq!(initial.baseline_statistics, None);
        let linear = |r: &EvaluationReport| r.linear_baseline.as_ref().unwrap().test.accuracy;
        let knn = |r: &EvaluationReport| f64::from(r.knn_baseline.unwrap());
        let stronger = |of: &dyn Fn(&EvaluationReport) -> f64| {
            if of(&estimated) > of(&initial) { Statistics::Estimated } else { Statistics::Initial }
        };
        let both = [&initial, &estimated].map(|r| (linear(r), knn(r)));
        assert_ne!(both[0], both[1], "the set tells the two apart");
        assert_eq!(linear(&got), linear(&initial).max(linear(&estimated)));
        assert_eq!(knn(&got), knn(&initial).max(knn(&estimated)));
        assert_eq!(got.baseline_statistics, Some([stronger(&linear), stronger(&knn)]));
    }

    #[test]
    fn labels_are_needed_to_train_on_and_to_test() {
        let mut set = colours(60);
        set.examples.iter_mut().filter(|e| e.split == Split::Test).for_each(|e| e.label = None);
        assert_eq!(evaluate(&set, &mut async |_| true), Err(Stopped::Failed(Fault::NoLabels)));
        let mut set = colours(60);
        set.examples.iter_mut().for_each(|e| e.label = Some(1));
        assert_eq!(evaluate(&set, &mut async |_| true), Err(Stopped::Failed(Fault::NoLabels)));
    }

    #[test]
    fn a_stop_is_obeyed_in_every_part() {
        let set = colours(150);
        for limit in [0.1, 0.45, 0.6, 0.75, 0.9] {
            assert_eq!(evaluate(&set, &mut async |p| p < limit), Err(Stopped::OnRequest), "at {limit}");
        }
    }
}
