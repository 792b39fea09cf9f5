use super::*;
use crate::core::nt_xent::Similarities;
use crate::core::rng::Rng;

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
    // A row without length, and two pairs that are near: hits and misses.
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
    use crate::core::lesson::nt_xent::cosines::Cosines;
    use crate::core::nt_xent::gradients;
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
