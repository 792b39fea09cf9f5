//! The problem that labelled images make for a linear classifier, from features of these and perhaps of others.

use super::classifier::{Labelled, LinearClassifier, Problem, fit};
use super::rows::Rows;
use crate::core::dataset::{Dataset, Split};
use crate::core::{metrics::MOST_CLASSES, report::LinearReport};
use crate::learn::features::Stopped;

/// Labelled images of one split among those that features are of.
#[derive(Clone, Debug, Default, PartialEq)]
struct Part {
    /// Places among the images.
    rows: Vec<usize>,
    labels: Vec<usize>,
}

/// Which of some images a classifier is trained on, chosen by and judged by.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    train: Part,
    validation: Part,
    test: Part,
    classes: usize,
}

impl Examples {
    /// The labelled ones of `images` in `splits`, in their order; the other splits are
    /// not looked at. None where those to train on are of fewer than two classes, or the set has more than
    /// [`MOST_CLASSES`].
    pub fn among(dataset: &Dataset, images: impl IntoIterator<Item = u32>, splits: &[Split]) -> Option<Self> {
        let [mut train, mut validation, mut test] = [const { Part { rows: Vec::new(), labels: Vec::new() } }; 3];
        for (row, image) in images.into_iter().enumerate() {
            let example = &dataset.examples[image as usize];
            let Some(label) = example.label.filter(|_| splits.contains(&example.split)) else { continue };
            let part = match example.split {
                Split::Train => &mut train,
                Split::Validation => &mut validation,
                Split::Test => &mut test,
            };
            part.rows.push(row);
            part.labels.push(usize::from(label));
        }
        let several = train.labels.iter().any(|label| Some(label) != train.labels.first());
        let fits = several && dataset.classes.len() <= MOST_CLASSES;
        fits.then_some(Self { train, validation, test, classes: dataset.classes.len() })
    }

    /// Images to train on.
    pub fn to_train_on(&self) -> usize {
        self.train.rows.len()
    }

    /// Trains a classifier by the recipe of linear evaluation on `features`, one row an
    /// image, in the images' order; see [`fit`].
    pub async fn fit(
        &self,
        features: &impl Rows,
        seed: u64,
        pause: &mut impl AsyncFnMut(f32) -> bool,
    ) -> Result<(LinearClassifier, LinearReport), Stopped> {
        let rows = [&self.train, &self.validation, &self.test].map(|part| Chosen { features, rows: &part.rows });
        let [train, validation, test] = &rows;
        let problem = Problem {
            train: Labelled { rows: train, labels: &self.train.labels },
            validation: Labelled { rows: validation, labels: &self.validation.labels },
            test: Labelled { rows: test, labels: &self.test.labels },
            classes: self.classes,
        };
        fit(&problem, seed, pause).await
    }
}

/// Some rows of features, where they lie.
#[derive(Debug)]
struct Chosen<'a, R> {
    features: &'a R,
    rows: &'a [usize],
}

impl<R: Rows> Rows for Chosen<'_, R> {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn dim(&self) -> usize {
        self.features.dim()
    }

    fn copy(&self, row: usize, out: &mut [f32]) {
        self.features.copy(self.rows[row], out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::dataset::Example;
    use crate::learn::block_on::block_on;
    use crate::learn::features::Features;

    const ALL: [Split; 3] = [Split::Train, Split::Validation, Split::Test];

    /// Two classes in turn over the splits in turn; every seventh image has no label.
    fn set() -> (Dataset, Features) {
        let mut set = Dataset { classes: vec!["a".into(), "b".into()], ..Dataset::default() };
        let mut values = Vec::new();
        for i in 0..60 {
            let class = i % 2;
            let label = (i % 7 != 6).then_some(class as u16);
            set.examples.push(Example { label, split: ALL[i / 2 % 3], name: String::new() });
            values.extend([class as f32 + 0.01 * (i as f32).sin(), (i as f32).cos()]);
        }
        (set, Features { values, dim: 2 })
    }

    #[test]
    fn a_classifier_on_chosen_rows_is_that_on_copies_of_them() {
        let (set, features) = set();
        let examples = Examples::among(&set, 0..60, &ALL).unwrap();
        let part = |split| {
            let (images, labels) = set.labelled(split);
            let values = images.iter().flat_map(|&i| features.row(i)).copied().collect();
            (Features { values, dim: 2 }, labels)
        };
        let parts = ALL.map(part);
        let [train, validation, test] = parts.each_ref().map(|(rows, labels)| Labelled { rows, labels });
        let problem = Problem { train, validation, test, classes: 2 };
        let (_, copied) = block_on(fit(&problem, 5, &mut async |_| true)).unwrap();
        let (_, chosen) = block_on(examples.fit(&features, 5, &mut async |_| true)).unwrap();
        assert_eq!(chosen, copied);
        assert_eq!(chosen.test.accuracy, 1.0);
        assert_eq!(chosen.predicted.len(), set.labelled(Split::Test).0.len());
    }

    #[test]
    fn only_labelled_images_of_the_asked_splits_count_in_the_order_given() {
        let (set, features) = set();
        let backwards = Examples::among(&set, (0..60).rev(), &[Split::Train, Split::Validation]).unwrap();
        let (images, labels) = set.labelled(Split::Train);
        assert_eq!(backwards.train.rows, images.iter().rev().map(|i| 59 - i).collect::<Vec<_>>());
        assert_eq!(backwards.train.labels, labels.into_iter().rev().collect::<Vec<_>>());
        assert_eq!(backwards.to_train_on(), images.len());
        assert_eq!(backwards.test, Part::default(), "it was not asked for");
        let (_, report) = block_on(backwards.fit(&features, 5, &mut async |_| true)).unwrap();
        assert!(report.predicted.is_empty() && report.validation_accuracy.is_some());
    }

    #[test]
    fn one_class_makes_no_problem() {
        let (set, _) = set();
        assert_eq!(Examples::among(&set, (0..60).step_by(2), &ALL), None);
        assert_eq!(Examples::among(&set, [], &ALL), None);
        assert_eq!(Examples::among(&set, 0..60, &[Split::Validation]), None, "nothing to train on");
    }
}
