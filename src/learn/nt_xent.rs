//! NT-Xent (Chen et al. 2020, equation 1) on the device.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use std::ops::Range;

/// Stands for "not a candidate" in a difference of logits. It is far below any real one: cosines differ by at most 2, which
/// is 200 at τ = 0.01. It is finite, so that a batch of one pair, which has no negatives, has loss 0 and not NaN. It fits
/// f16.
const MASKED: f32 = -30_000.0;

/// A row counts as zero if no entry is farther from 0 than this. The reciprocal is still an f32. In f16 this is 0.
const TINY: f32 = 1e-30;

/// The loss and the measurements of one batch of embeddings. Everything stays on the device.
#[derive(Clone, Debug)]
pub struct NtXent {
    /// Mean of ℓ over the 2N anchors; `[1]`, with its graph.
    pub loss: Tensor<1>,
    /// [`Similarities::contrastive_accuracy`]. A tie is a miss, so a collapse gives 0. `[1]`, no graph.
    ///
    /// [`Similarities::contrastive_accuracy`]: crate::core::nt_xent::Similarities::contrastive_accuracy
    pub contrastive_accuracy: Tensor<1>,
    /// Mean over dimensions of the standard deviation (divisor 2N − 1) of
    /// normalised z: about 1/√D when healthy, 0 when collapsed. `[1]`, no graph.
    pub std: Tensor<1>,
}

impl NtXent {
    /// All three, `[3]`, without a graph.
    pub fn measured(self) -> Tensor<1> {
        Tensor::cat(vec![self.loss.inner(), self.contrastive_accuracy, self.std], 0)
    }
}

/// Rows of `z` [B, D] over their length. A zero row stays zero, and its gradient is zero.
pub fn normalise_rows(z: Tensor<2>) -> Tensor<2> {
    // First divide by the largest entry, so that no square overflows or vanishes (in f16, 300² does). The result does not
    // depend on it, so the gradient takes it as a constant. A zero row is multiplied by 0, so its gradient is 0 too.
    let largest = z.clone().detach().max_abs_dim(1);
    let zero = largest.clone().lower_equal_scalar(TINY);
    let z = z * largest.mask_fill(zero.clone(), 1).recip().mask_fill(zero.clone(), 0);
    // √ has no slope at 0.
    let length = z.clone().powi_scalar(2).sum_dim(1).mask_fill(zero, 1).sqrt();
    z / length
}

/// [`nt_xent_with`] for one batch.
pub fn nt_xent(z: Tensor<2>, temperature: f32) -> NtXent {
    let masks = Masks::new(z.dims()[0], &z.device());
    nt_xent_with(z, temperature, &masks)
}

/// NT-Xent of `z` [2N, D], where rows i and i + N are a positive pair.
///
/// ℓᵢ = −ln(exp(sᵢₚ) / Σ_{k≠i} exp(sᵢₖ)) with s = cosine / τ. It is computed as ln(1 + Σ over the negatives of exp(sᵢₖ −
/// sᵢₚ)). Differences to the positive keep their digits when the loss is near 0; log-sum-exp minus the positive would lose
/// them. The greatest difference is taken out first, so nothing overflows at any τ.
pub fn nt_xent_with(z: Tensor<2>, temperature: f32, masks: &Masks) -> NtXent {
    let Anchors { losses, nearest_negative, unit } = anchors(z, temperature, masks);
    let contrastive_accuracy = nearest_negative.inner().lower_scalar(0).float().mean();
    let std = unit.inner().var(0).sqrt().mean();
    NtXent { loss: losses.mean(), contrastive_accuracy, std }
}

/// The loss of `z` [2N, D], each anchor's ℓ, `[2N]`, and the gradient of the loss by z, [2N, D], as [`nt_xent_with`]
/// computes them. A lesson shows them.
pub fn nt_xent_parts(z: Tensor<2>, temperature: f32) -> (Tensor<1>, Tensor<1>, Tensor<2>) {
    let masks = Masks::new(z.dims()[0], &z.device());
    let z = z.autodiff().require_grad();
    let losses = anchors(z.clone(), temperature, &masks).losses;
    let loss = losses.clone().mean();
    let gradients = loss.backward();
    let gradient = z.grad(&gradients).unwrap_or_else(|| z.clone().inner().zeros_like());
    (loss.inner(), losses.inner().squeeze_dim(1), gradient)
}

/// What [`NtXent::measured`] gives of `z` [2N, D], and the gradient of the loss by z, [2N, D]. At most `at_once` anchors are
/// computed at a time, because the similarities of a large batch are larger than everything else of it (2N = 8 192: 256 MB,
/// and the graph keeps several of them). The loss is a mean over anchors, so its gradient is the mean of theirs.
pub fn nt_xent_gradient(z: Tensor<2>, temperature: f32, at_once: usize) -> (Tensor<1>, Tensor<2>) {
    let [rows, _] = z.dims();
    let device = z.device();
    let std = normalise_rows(z.clone()).var(0).sqrt().mean();
    let z = Tensor::<2>::from_inner(z).require_grad();
    let mut sums: Option<[Tensor<1>; 2]> = None;
    let mut gradient = z.clone().inner().zeros_like();
    for start in (0..rows).step_by(at_once.max(1)) {
        let masks = Masks::of(start..rows.min(start + at_once.max(1)), rows, &device);
        let Anchors { losses, nearest_negative, .. } = anchors(z.clone(), temperature, &masks);
        let loss = losses.sum() / rows as f32;
        if let Some(part) = z.grad(&loss.backward()) {
            gradient = gradient + part;
        }
        let part = [loss.inner(), nearest_negative.inner().lower_scalar(0).float().sum() / rows as f32];
        sums = Some(match sums {
            Some([loss, hits]) => [loss + part[0].clone(), hits + part[1].clone()],
            None => part,
        });
    }
    let measured = sums.into_iter().flatten().chain([std]).collect();
    (Tensor::cat(measured, 0), gradient)
}

/// Before the mean; [R, …] for R anchors.
struct Anchors {
    /// ℓ; [R, 1].
    losses: Tensor<2>,
    /// Greatest of sᵢₖ − sᵢₚ over the negatives; [R, 1].
    nearest_negative: Tensor<2>,
    /// Normalised z; [2N, D].
    unit: Tensor<2>,
}

fn anchors(z: Tensor<2>, temperature: f32, masks: &Masks) -> Anchors {
    let unit = normalise_rows(z);
    let own = match masks.is_whole() {
        true => unit.clone(),
        false => unit.clone().slice([masks.anchors.clone()]),
    };
    let similarity = own.matmul(unit.clone().transpose()) / temperature;
    let to_positive = similarity.clone().mask_fill(masks.not_positive.clone(), 0).sum_dim(1);
    let difference = (similarity - to_positive).mask_fill(masks.no_negative.clone(), MASKED);

    let nearest_negative = difference.clone().detach().max_dim(1);
    // m = max(0, greatest difference) is a constant: d/dm of the whole is 0.
    let m = nearest_negative.clone().clamp_min(0);
    let sum = (difference - m.clone()).exp().sum_dim(1);
    let losses = m.clone() + (m.neg().exp() - 1.0 + sum).log1p();
    Anchors { losses, nearest_negative, unit }
}

/// Which embeddings of a batch of 2N are positive, negative or the anchor itself, for R of its anchors. It is the same for
/// every batch of a run.
#[derive(Clone, Debug)]
pub struct Masks {
    anchors: Range<usize>,
    /// All but each anchor's positive; [R, 2N].
    not_positive: Tensor<2, Bool>,
    /// Each anchor itself and its positive; [R, 2N].
    no_negative: Tensor<2, Bool>,
}

impl Masks {
    /// For all of `rows` = 2N embeddings on `device`.
    pub fn new(rows: usize, device: &Device) -> Self {
        Self::of(0..rows, rows, device)
    }

    /// For some of them.
    fn of(anchors: Range<usize>, rows: usize, device: &Device) -> Self {
        let device = device.clone().inner();
        let numbers =
            |values: Vec<i32>, shape: [usize; 2]| Tensor::<2, Int>::from_data(TensorData::new(values, shape), &device);
        let all = numbers((0..rows as i32).collect(), [1, rows]);
        let one_each = |of: &dyn Fn(usize) -> usize| {
            numbers(anchors.clone().map(|anchor| of(anchor) as i32).collect(), [anchors.len(), 1])
        };
        let itself = all.clone().equal(one_each(&|anchor| anchor));
        let positive = all.equal(one_each(&|anchor| (anchor + rows / 2) % rows));
        Self { anchors, not_positive: positive.clone().bool_not(), no_negative: itself.bool_or(positive) }
    }

    /// 2N.
    pub fn rows(&self) -> usize {
        self.not_positive.dims()[1]
    }

    fn is_whole(&self) -> bool {
        self.anchors.len() == self.rows()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{nt_xent::Similarities, rng::Rng};

    fn tensor(rows: &[f32], shape: [usize; 2]) -> Tensor<2> {
        let data = TensorData::new(rows.to_vec(), shape);
        Tensor::from_data(data, &Device::flex().autodiff()).require_grad()
    }

    fn noise(shape: [usize; 2], seed: u64) -> Vec<f32> {
        let mut rng = Rng::new(seed);
        (0..shape[0] * shape[1]).map(|_| rng.normal()).collect()
    }

    fn scalar(t: Tensor<1>) -> f32 {
        t.into_scalar::<f32>()
    }

    /// Loss and gradient.
    fn backward(z: &Tensor<2>, temperature: f32) -> (f32, Vec<f32>) {
        let loss = nt_xent(z.clone(), temperature).loss;
        let gradient = z.grad(&loss.backward()).unwrap().into_data().try_to_vec().unwrap();
        (scalar(loss), gradient)
    }

    #[test]
    fn equal_embeddings_give_the_chance_line() {
        let z = tensor(&[0.5; 16 * 8], [16, 8]);
        let result = nt_xent(z, 0.5);
        assert!((scalar(result.loss) - 15.0f32.ln()).abs() < 1e-5);
        assert_eq!(scalar(result.contrastive_accuracy), 0.0, "a collapse finds no positive");
        assert!(scalar(result.std) < 1e-6);
    }

    #[test]
    fn zero_rows_give_no_nan_and_no_gradient() {
        let mut values = noise([6, 4], 1);
        values[4..8].fill(0.0);
        for temperature in [0.01, 0.5] {
            let (loss, gradient) = backward(&tensor(&values, [6, 4]), temperature);
            assert!(loss.is_finite() && gradient.iter().all(|g| g.is_finite()), "τ = {temperature}");
            assert_eq!(gradient[4..8], [0.0; 4]);
            assert!(gradient.iter().any(|g| *g != 0.0));
        }
        let (loss, gradient) = backward(&tensor(&[0.0; 24], [6, 4]), 0.5);
        assert!((loss - 5.0f32.ln()).abs() < 1e-5 && gradient.iter().all(|g| *g == 0.0));
    }

    #[test]
    fn the_length_of_a_row_does_not_count() {
        let values = noise([8, 5], 2);
        let plain = scalar(nt_xent(tensor(&values, [8, 5]), 0.1).loss);
        // 1e25 squared is no f32, and 1e-25 squared is 0.
        for factor in [1e-25, 1e25] {
            let scaled: Vec<f32> = values.iter().map(|v| v * factor).collect();
            let loss = scalar(nt_xent(tensor(&scaled, [8, 5]), 0.1).loss);
            assert!((loss - plain).abs() < 1e-4, "{factor}: {loss} and {plain}");
        }
    }

    #[test]
    fn gradients_agree_with_finite_differences() {
        let (shape, step) = ([6, 3], 1e-2);
        let values = noise(shape, 3);
        let (_, gradient) = backward(&tensor(&values, shape), 0.5);
        for i in 0..values.len() {
            let moved = |by: f32| {
                let mut values = values.clone();
                values[i] += by;
                scalar(nt_xent(tensor(&values, shape), 0.5).loss)
            };
            let slope = (moved(step) - moved(-step)) / (2.0 * step);
            assert!((slope - gradient[i]).abs() < 5e-3, "entry {i}: {slope} and {}", gradient[i]);
        }
    }

    #[test]
    fn some_anchors_at_a_time_give_what_all_at_once_do() {
        let (shape, temperature) = ([10, 4], 0.1);
        // A row of length 0, and two pairs that are near each other: hits and misses.
        let mut values = noise(shape, 4);
        values[8..12].fill(0.0);
        values.copy_within(0..4, 20);
        let whole = nt_xent(tensor(&values, shape), temperature).measured().into_data().try_to_vec::<f32>().unwrap();
        let (_, slopes) = backward(&tensor(&values, shape), temperature);
        let plain = Tensor::from_data(TensorData::new(values, shape), &Device::flex());
        for at_once in [0, 1, 3, 5, 10, 99] {
            let (measured, gradient) = nt_xent_gradient(plain.clone(), temperature, at_once);
            let measured: Vec<f32> = measured.into_data().try_to_vec().unwrap();
            let gradient: Vec<f32> = gradient.into_data().try_to_vec().unwrap();
            let close = |got: &[f32], want: &[f32]| got.iter().zip(want).all(|(a, b)| (a - b).abs() <= 1e-5);
            assert!(measured.len() == 3 && close(&measured, &whole), "{at_once}: {measured:?} and {whole:?}");
            assert!(close(&gradient, &slopes), "{at_once}");
        }
        assert!(whole[1] > 0.0 && whole[1] < 1.0, "{whole:?}");
    }

    #[test]
    fn accuracy_counts_anchors_whose_positive_is_nearest() {
        // Images 1 and 2 find their views; 3 and its view point apart.
        let z = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, -1.0]].concat();
        let result = nt_xent(tensor(&z, [6, 2]), 0.5);
        assert!((scalar(result.contrastive_accuracy) - 4.0 / 6.0).abs() < 1e-6);
    }

    #[test]
    fn a_tie_is_a_miss_as_in_core() {
        // Image 1's views equal one of image 2's, whose other is as far from image
        // 1 as from image 3; the views of 3 find each other.
        let (a, b) = ([1.0, 0.0, 1.0, 0.0, -1.0, 0.0], [1.0, 0.0, 0.0, 1.0, -1.0, 0.0]);
        let here = scalar(nt_xent(tensor(&[a, b].concat(), [6, 2]), 0.5).contrastive_accuracy);
        assert!((here - 2.0 / 6.0).abs() < 1e-6, "{here}");
        // Random, collapsed, not a number; one of them each.
        let nothing = [[f32::NAN; 6], [1.0; 6]].concat();
        for z in [[a, b].concat(), noise([6, 2], 9), vec![0.3; 12], vec![0.0; 12], nothing] {
            let here = scalar(nt_xent(tensor(&z, [6, 2]), 0.5).contrastive_accuracy);
            let core = Similarities::of(&z[..6], &z[6..], 2).contrastive_accuracy();
            assert!((f64::from(here) - core).abs() < 1e-6, "{here} and {core} of {z:?}");
        }
    }

    #[test]
    fn std_is_that_of_the_worked_example() {
        let rows = [
            [1.0, 0.0, 0.0, 0.0],
            [0.63, 0.776_595, 0.0, 0.0],
            [0.77, 0.238_091, 0.591_957, 0.0],
            [0.70, 0.513_781, -0.036_027, 0.494_703],
        ];
        let std = scalar(nt_xent(tensor(&rows.concat(), [4, 4]), 0.5).std);
        assert!((std - 0.261_709).abs() < 1e-5, "{std}");
    }

    #[test]
    fn the_parts_are_the_training_codes_and_agree_with_the_lesson() {
        use crate::core::{lesson::nt_xent::cosines::Cosines, nt_xent::gradients};
        let exact = Cosines::default().embedding().unwrap();
        let z: Vec<f32> = exact.iter().map(|&v| v as f32).collect();
        for tau in [1.0, 0.5, 0.1] {
            let (loss, losses, gradient) =
                nt_xent_parts(Tensor::from_data(TensorData::new(z.clone(), [4, 4]), &Device::flex()), tau);
            let (trained, by_z) = backward(&tensor(&z, [4, 4]), tau);
            let list = |data: TensorData| data.try_to_vec::<f32>().unwrap();
            assert_eq!((scalar(loss.clone()), list(gradient.clone().into_data())), (trained, by_z));
            let near = |got: f32, want: f64| assert!((f64::from(got) - want).abs() < 2e-6, "{got}, expected {want}");
            near(scalar(loss), Cosines::default().similarities().loss(f64::from(tau)));
            let want = Cosines::default().similarities().losses(f64::from(tau));
            list(losses.into_data()).into_iter().zip(want).for_each(|(got, want)| near(got, want));
            let want = gradients(&exact[..8], &exact[8..], 4, f64::from(tau));
            list(gradient.into_data())
                .into_iter()
                .zip(want.a.into_iter().chain(want.b))
                .for_each(|(got, want)| near(got, want));
        }
    }
}
