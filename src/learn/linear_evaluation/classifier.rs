//! The linear classifier: softmax regression by SGD with Nesterov momentum and
//! a cosine schedule, three learning rates at once as one wide matrix.

use super::rows::{Rows, Standard};
use crate::core::{metrics::ClassificationReport, report::LinearReport, rng::Rng};
use crate::learn::features::{Features, Stopped, read};
use crate::learn::named_tensors::NamedTensor;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};

/// Learning rates tried, at the batch size of [`BATCH`].
pub const RATES: [f32; 3] = [0.01, 0.1, 1.0];
/// Index of the rate that is taken where there is no validation split.
const DEFAULT_RATE: usize = 1;
pub const BATCH: usize = 256;
/// Epochs of the recipe.
pub const EPOCHS: usize = 100;
const MOMENTUM: f32 = 0.9;
/// Multiplications spent on training at most, which is some seconds in wasm.
const BUDGET: u64 = 20_000_000_000;
/// Fewest epochs, whatever the budget.
const LEAST_EPOCHS: usize = 10;
/// Batches between two pauses.
const BATCHES_A_PAUSE: usize = 32;

/// Rows of one split with their classes.
#[derive(Debug)]
pub struct Labelled<'a, R> {
    pub rows: &'a R,
    pub labels: &'a [usize],
}

/// A classification problem in three splits.
#[derive(Debug)]
pub struct Problem<'a, R> {
    pub train: Labelled<'a, R>,
    /// May be empty.
    pub validation: Labelled<'a, R>,
    pub test: Labelled<'a, R>,
    pub classes: usize,
}

/// Epochs for `rows` rows: [`EPOCHS`], or as many as the budget allows.
pub fn epochs(rows: usize, dim: usize, classes: usize) -> usize {
    // In 64 bits: usize has 32 in wasm.
    let an_epoch: u64 = [2, rows, dim + 1, RATES.len(), classes].iter().map(|&n| n as u64).product();
    (BUDGET / an_epoch.max(1)).clamp(LEAST_EPOCHS as u64, EPOCHS as u64) as usize
}

/// The best weights seen on validation.
struct Best {
    right: usize,
    loss: f64,
    rate: usize,
    epoch: usize,
    /// [dim + 1, rates · classes].
    weights: Tensor<2>,
}

/// A linear classifier that was trained, with the standardisation of its rows.
#[derive(Clone, Debug)]
pub struct LinearClassifier {
    standard: Standard,
    /// [dim + 1, classes], the bias last.
    weights: Tensor<2>,
}

impl LinearClassifier {
    /// Logits of rows, [rows, classes].
    pub async fn logits(&self, rows: &impl Rows) -> Result<Features, Stopped> {
        let dim = self.weights.dims()[1];
        Ok(Features { values: logits(rows, &self.standard, self.weights.clone()).await?, dim })
    }

    /// The same as one layer on features as the encoder gives them: `fc.weight`
    /// [classes, features] and `fc.bias` `[classes]`.
    pub async fn tensors(&self) -> Result<[NamedTensor; 2], Stopped> {
        let [rows, classes] = self.weights.dims();
        let (weight, bias) = self.standard.folded(&read(self.weights.clone()).await?, classes);
        Ok([
            NamedTensor { name: "fc.weight".to_owned(), shape: vec![classes, rows - 1], values: weight },
            NamedTensor { name: "fc.bias".to_owned(), shape: vec![classes], values: bias },
        ])
    }
}

/// Trains on `train`, chooses rate and epoch on `validation` (accuracy, then loss), and judges the chosen weights once
/// on `test`. Weights start at 0; the order of rows is drawn by `seed`. On the CPU, whatever the training device.
///
/// `pause` as in [`features`](crate::learn::features::features).
///
/// # Panics
/// If `train` is empty, or a split has not one label a row.
pub async fn train<R: Rows>(
    problem: &Problem<'_, R>,
    seed: u64,
    pause: &mut impl AsyncFnMut(f32) -> bool,
) -> Result<LinearReport, Stopped> {
    Ok(fit(problem, seed, pause).await?.1)
}

/// [`train`], with the classifier that was chosen.
pub async fn fit<R: Rows>(
    problem: &Problem<'_, R>,
    seed: u64,
    pause: &mut impl AsyncFnMut(f32) -> bool,
) -> Result<(LinearClassifier, LinearReport), Stopped> {
    let Problem { train, validation, test, classes } = problem;
    for split in [train, validation, test] {
        assert_eq!(split.rows.rows(), split.labels.len(), "one label a row");
    }
    assert!(!train.labels.is_empty(), "rows to train on");
    let device = Device::flex();
    let (dim, columns) = (train.rows.dim() + 1, RATES.len() * classes);
    let epochs = epochs(train.labels.len(), train.rows.dim(), *classes);
    let standard = Standard::of(train.rows);
    let rates: Vec<f32> = RATES.iter().flat_map(|&r| vec![r; *classes]).collect();
    let rates = Tensor::<2>::from_data(TensorData::new(rates, [1, columns]), &device);

    let mut weights = Tensor::<2>::zeros([dim, columns], &device);
    let mut velocity = weights.clone();
    let mut best: Option<Best> = None;
    let mut order: Vec<usize> = (0..train.labels.len()).collect();
    let mut rng = Rng::stream(seed, "linear evaluation");
    let total = epochs * order.len().div_ceil(BATCH);
    let mut step = 0;
    for epoch in 1..=epochs {
        rng.shuffle(&mut order);
        for batch in batches(&order) {
            let x = matrix(standard.batch(train.rows, batch), dim, &device);
            let gradient = gradient(x, weights.clone(), batch.iter().map(|&r| train.labels[r]), *classes);
            let factor = 0.5 * (1.0 + (std::f32::consts::PI * step as f32 / total as f32).cos());
            velocity = velocity.mul_scalar(MOMENTUM).add(gradient.clone());
            let ahead = gradient.add(velocity.clone().mul_scalar(MOMENTUM));
            weights = weights.sub(ahead.mul(rates.clone().mul_scalar(factor)));
            step += 1;
            if step % BATCHES_A_PAUSE == 0 && !pause(step as f32 / total as f32).await {
                return Err(Stopped::OnRequest);
            }
        }
        if !validation.labels.is_empty() {
            let scores = judge(validation, &standard, weights.clone(), *classes).await?;
            for (rate, &(right, loss)) in scores.iter().enumerate() {
                let better = best.as_ref().is_none_or(|b| right > b.right || (right == b.right && loss < b.loss));
                if better {
                    best = Some(Best { right, loss, rate, epoch, weights: weights.clone() });
                }
            }
        }
    }
    let accuracy = best.as_ref().map(|b| b.right as f32 / validation.labels.len() as f32);
    let best = best.unwrap_or(Best { right: 0, loss: 0.0, rate: DEFAULT_RATE, epoch: epochs, weights });
    let weights = best.weights.narrow(1, best.rate * classes, *classes);
    let classifier = LinearClassifier { standard, weights };
    let logits = classifier.logits(test.rows).await?;
    let predicted: Vec<u16> = (0..test.labels.len()).map(|i| largest(logits.row(i)) as u16).collect();
    let truth: Vec<u16> = test.labels.iter().map(|&l| l as u16).collect();
    let report = LinearReport {
        validation_accuracy: accuracy,
        chosen_rate: RATES[best.rate],
        chosen_epoch: best.epoch as u32,
        epochs: epochs as u32,
        test: ClassificationReport::new(&truth, &predicted, *classes),
        predicted,
    };
    Ok((classifier, report))
}

/// The rows of an epoch in as few batches of at most [`BATCH`] as there can be, of sizes that differ by one at most: the
/// gradient of a last batch of one row would count like that of 256.
fn batches(order: &[usize]) -> impl Iterator<Item = &[usize]> {
    let count = order.len().div_ceil(BATCH).max(1);
    let (size, larger) = (order.len() / count, order.len() % count);
    let (first, rest) = order.split_at(larger * (size + 1));
    first.chunks(size + 1).chain(rest.chunks(size.max(1)))
}

fn matrix(values: Vec<f32>, dim: usize, device: &Device) -> Tensor<2> {
    let rows = values.len() / dim;
    Tensor::from_data(TensorData::new(values, [rows, dim]), device)
}

/// Gradient of the mean cross-entropy, for all rates: xᵀ (softmax(x w) − y) / B.
fn gradient(x: Tensor<2>, weights: Tensor<2>, labels: impl Iterator<Item = usize>, classes: usize) -> Tensor<2> {
    let [rows, columns] = [x.dims()[0], weights.dims()[1]];
    let mut truth = vec![0.0; rows * columns];
    for (label, row) in labels.zip(truth.chunks_exact_mut(columns)) {
        (label..columns).step_by(classes).for_each(|c| row[c] = 1.0);
    }
    let truth = matrix(truth, columns, &x.device());
    let logits = x.clone().matmul(weights).reshape([rows, columns / classes, classes]);
    let error = softmax(logits, 2).reshape([rows, columns]).sub(truth).div_scalar(rows as f32);
    x.transpose().matmul(error)
}

/// Logits of all rows, row-major [rows, columns of the weights].
async fn logits(rows: &impl Rows, standard: &Standard, weights: Tensor<2>) -> Result<Vec<f32>, Stopped> {
    let mut all = Vec::new();
    let order: Vec<usize> = (0..rows.rows()).collect();
    for part in order.chunks(4 * BATCH) {
        let x = matrix(standard.batch(rows, part), rows.dim() + 1, &weights.device());
        all.extend(read(x.matmul(weights.clone())).await?);
    }
    Ok(all)
}

/// Right answers and summed cross-entropy of each rate.
async fn judge<R: Rows>(
    split: &Labelled<'_, R>,
    standard: &Standard,
    weights: Tensor<2>,
    classes: usize,
) -> Result<[(usize, f64); RATES.len()], Stopped> {
    let mut scores = [(0, 0.0); RATES.len()];
    let all = logits(split.rows, standard, weights).await?;
    for (row, &label) in all.chunks_exact(RATES.len() * classes).zip(split.labels) {
        for (logits, (right, loss)) in row.chunks_exact(classes).zip(&mut scores) {
            let found = largest(logits);
            *right += usize::from(found == label);
            let sum: f64 = logits.iter().map(|&v| f64::from(v - logits[found]).exp()).sum();
            *loss += sum.ln() - f64::from(logits[label] - logits[found]);
        }
    }
    Ok(scores)
}

/// Index of the largest value; the first of equals.
fn largest(values: &[f32]) -> usize {
    (0..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::block_on::block_on;

    /// Gaussian clouds around random centres, `spread` wide.
    fn clouds(rows: usize, dim: usize, classes: usize, spread: f32, seed: u64) -> (Features, Vec<usize>) {
        let mut centres = Rng::new(77);
        let centres: Vec<f32> = (0..classes * dim).map(|_| centres.normal()).collect();
        let mut rng = Rng::new(seed);
        let labels: Vec<usize> = (0..rows).map(|i| i % classes).collect();
        let values = labels
            .iter()
            .flat_map(|&l| &centres[l * dim..(l + 1) * dim])
            .map(|c| 40.0 + 9.0 * (c + spread * rng.normal()))
            .collect();
        (Features { values, dim }, labels)
    }

    fn solve(train: (Features, Vec<usize>), validation: (Features, Vec<usize>), seed: u64) -> LinearReport {
        let test = clouds(400, train.0.dim, 4, 1.0, 3);
        let problem = Problem {
            train: Labelled { rows: &train.0, labels: &train.1 },
            validation: Labelled { rows: &validation.0, labels: &validation.1 },
            test: Labelled { rows: &test.0, labels: &test.1 },
            classes: 4,
        };
        block_on(super::train(&problem, seed, &mut async |_| true)).unwrap()
    }

    #[test]
    fn clouds_are_told_apart_and_shuffled_labels_are_not() {
        let train = clouds(600, 12, 4, 1.0, 1);
        let report = solve(train.clone(), clouds(200, 12, 4, 1.0, 2), 5);
        assert!(report.test.accuracy > 0.9, "{}", report.test.accuracy);
        assert!(report.validation_accuracy.unwrap() > 0.9);
        assert_eq!((report.predicted.len(), report.epochs), (400, 100));
        assert!(RATES.contains(&report.chosen_rate) && (1..=100).contains(&report.chosen_epoch));

        let mut labels = train.1;
        Rng::new(8).shuffle(&mut labels);
        let chance = solve((train.0, labels), clouds(200, 12, 4, 1.0, 2), 5);
        assert!(chance.test.accuracy < 0.5, "{}", chance.test.accuracy);
    }

    #[test]
    fn the_classifier_that_was_chosen_says_what_its_report_says() {
        let (train, test) = (clouds(300, 12, 4, 1.0, 1), clouds(80, 12, 4, 1.0, 3));
        let problem = Problem {
            train: Labelled { rows: &train.0, labels: &train.1 },
            validation: Labelled { rows: &test.0, labels: &test.1 },
            test: Labelled { rows: &test.0, labels: &test.1 },
            classes: 4,
        };
        let (classifier, report) = block_on(fit(&problem, 5, &mut async |_| true)).unwrap();
        let logits = block_on(classifier.logits(&test.0)).unwrap();
        assert_eq!((logits.rows(), logits.dim), (80, 4));
        assert!((0..80).all(|i| largest(logits.row(i)) == usize::from(report.predicted[i])));
        // Of one image as of many.
        let one = Features { values: test.0.row(7).to_vec(), dim: 12 };
        let alone = block_on(classifier.logits(&one)).unwrap();
        assert!(alone.values.iter().zip(logits.row(7)).all(|(a, b)| (a - b).abs() < 1e-4));
    }

    #[test]
    fn one_step_follows_the_gradient_of_cross_entropy() {
        // Two rows, two classes, zero weights: softmax is ½ everywhere.
        let device = Device::flex();
        let x = matrix(vec![1.0, 2.0, 3.0, 5.0], 2, &device);
        let got = read(gradient(x, Tensor::zeros([2, 6], &device), [0, 1].into_iter(), 2));
        // xᵀ (½ − y) / 2: column of class 0 is (−½·1 + ½·3)/2, (−½·2 + ½·5)/2.
        assert_eq!(block_on(got).unwrap(), [[0.5, -0.5].repeat(3), [0.75, -0.75].repeat(3)].concat());
    }

    #[test]
    fn without_validation_the_recipe_is_taken_as_it_is() {
        let none = (Features { values: Vec::new(), dim: 12 }, Vec::new());
        let report = solve(clouds(300, 12, 4, 1.0, 1), none, 5);
        assert_eq!(report.validation_accuracy, None);
        assert_eq!((report.chosen_rate, report.chosen_epoch), (0.1, 100));
        assert!(report.test.accuracy > 0.85);
    }

    #[test]
    fn a_row_more_than_a_batch_is_no_batch_of_its_own() {
        for rows in [1, 2, 256, 257, 513, 4000, 76_801] {
            let order: Vec<usize> = (0..rows).collect();
            let sizes: Vec<usize> = batches(&order).map(<[usize]>::len).collect();
            assert_eq!((sizes.len(), sizes.iter().sum::<usize>()), (rows.div_ceil(BATCH), rows));
            assert!(sizes.iter().all(|size| (rows / sizes.len()..=BATCH).contains(size)), "{rows}: {sizes:?}");
        }
    }

    #[test]
    fn long_rows_train_fewer_epochs() {
        assert_eq!(epochs(4000, 128, 10), 100);
        assert_eq!(epochs(4000, 512, 10), 100);
        assert!((20..40).contains(&epochs(4000, 3072, 10)));
        assert_eq!(epochs(10_000_000, 3072, 10), 10);
    }
}
