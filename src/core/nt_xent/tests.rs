use super::*;
use crate::core::rng::Rng;

fn near(value: f64, want: f64, tolerance: f64) {
    assert!((value - want).abs() <= tolerance, "{value}, expected {want}");
}

/// The worked example of the lesson: views x1i, x2i, x1j, x2j.
fn example() -> Similarities {
    Similarities::from_matrix(vec![
        1.0, 0.63, 0.77, 0.70, //
        0.63, 1.0, 0.67, 0.84, //
        0.77, 0.67, 1.0, 0.64, //
        0.70, 0.84, 0.64, 1.0,
    ])
}

fn draw(n: usize, seed: u64) -> Vec<f64> {
    let mut rng = Rng::new(seed);
    (0..n).map(|_| f64::from(rng.normal())).collect()
}

#[test]
fn the_worked_example_row_by_row() {
    // Probability and loss of x1i, x2i, x1j, x2j, and the batch.
    let table = [
        (1.0, [(0.356920, 1.030245), (0.376754, 0.976162), (0.359333, 1.023505), (0.372011, 0.988831)], 1.004686),
        (0.5, [(0.380932, 0.965135), (0.422152, 0.862391), (0.386133, 0.951574), (0.412184, 0.886287)], 0.916347),
        (0.1, [(0.573663, 0.555712), (0.766201, 0.266310), (0.609603, 0.494947), (0.723624, 0.323483)], 0.410113),
    ];
    for (tau, rows, batch) in table {
        let probabilities = example().probabilities(tau);
        for (i, (probability, loss)) in rows.into_iter().enumerate() {
            let anchor = example().anchor(i, tau);
            near(anchor.probability, probability, 6e-7);
            near(anchor.loss, loss, 6e-7);
            near(probabilities[i * 4 + anchor.positive], probability, 6e-7);
        }
        near(example().loss(tau), batch, 6e-7);
    }
}

#[test]
fn pairs_are_n_apart() {
    let anchor = example().anchor(1, 0.5);
    assert_eq!((anchor.positive, anchor.negatives), (3, vec![0, 2]));
    assert_eq!(example().positive(3), 1);
}

#[test]
fn an_embedding_with_these_similarities_gives_the_same_loss() {
    let z_a = [1.0, 0.0, 0.0, 0.0, 0.63, 0.776595, 0.0, 0.0];
    let z_b = [0.77, 0.238091, 0.591957, 0.0, 0.70, 0.513781, -0.036027, 0.494703];
    near(Similarities::of(&z_a, &z_b, 4).loss(0.5), 0.916347, 2e-6);
}

#[test]
fn probabilities_sum_to_one_and_the_anchor_has_none() {
    let (a, b) = (draw(5 * 3, 1), draw(5 * 3, 2));
    for (i, row) in Similarities::of(&a, &b, 3).probabilities(0.07).chunks_exact(10).enumerate() {
        near(row.iter().sum(), 1.0, 1e-12);
        assert_eq!(row[i], 0.0);
    }
}

#[test]
fn gradients_are_the_slopes_of_the_loss() {
    let (a, b, dim, tau) = (draw(4 * 3, 3), draw(4 * 3, 4), 3, 0.3);
    let found = gradients(&a, &b, dim, tau);
    assert_eq!(found.loss, Similarities::of(&a, &b, dim).loss(tau));
    for i in 0..a.len() {
        let slope = |first: bool| {
            let at = |by: f64| {
                let (mut a, mut b) = (a.clone(), b.clone());
                if first {
                    a[i] += by
                } else {
                    b[i] += by
                };
                Similarities::of(&a, &b, dim).loss(tau)
            };
            (at(1e-5) - at(-1e-5)) / 2e-5
        };
        near(found.a[i], slope(true), 1e-8);
        near(found.b[i], slope(false), 1e-8);
    }
}

#[test]
fn a_zero_row_has_cosine_zero_and_no_gradient() {
    let (mut a, b) = (draw(3 * 4, 5), draw(3 * 4, 6));
    a[4..8].fill(0.0);
    let found = gradients(&a, &b, 4, 0.01);
    assert!(found.loss.is_finite() && found.a.iter().chain(&found.b).all(|g| g.is_finite()));
    assert!(found.a[4..8].iter().all(|g| *g == 0.0));
    assert!((0..6).all(|k| Similarities::of(&a, &b, 4).cosine(1, k) == 0.0));
    // All rows zero: every similarity equal, the chance line.
    let zero = vec![0.0_f32; 12];
    near(f64::from(gradients(&zero, &zero, 4, 0.01).loss), chance(3), 1e-6);
}

#[test]
fn the_coldest_temperature_stays_finite_in_f32() {
    let narrow = |v: Vec<f64>| v.iter().map(|&x| x as f32).collect::<Vec<f32>>();
    let (a, b) = (narrow(draw(6 * 8, 7)), narrow(draw(6 * 8, 8)));
    let found = gradients(&a, &b, 8, 0.01);
    assert!(found.loss.is_finite() && found.a.iter().all(|g| g.is_finite()));
    // Opposite positives, equal negatives: about 2/τ.
    let worst = gradients(&[1.0_f32, 0.0, 1.0, 0.0], &[-1.0, 0.0, -1.0, 0.0], 2, 0.01);
    near(f64::from(worst.loss), 200.0, 1e-3);
}

#[test]
fn chance_and_floor_lines() {
    for (n, want) in [(64, 4.844187), (128, 5.541264), (256, 6.236370), (512, 6.930495)] {
        near(chance(n), want, 6e-7);
    }
    for (n, tau, want) in [(64, 0.5, 2.863309), (512, 0.5, 4.932835), (128, 0.1, 0.010602)] {
        near(floor(n, tau), want, 6e-7);
    }
    assert_eq!((chance(1), floor(1, 0.5)), (0.0, 0.0));
}

#[test]
fn a_simplex_with_equal_positives_reaches_the_floor() {
    // Corners of a simplex: the unit vectors less their mean.
    let n = 5;
    let z: Vec<f64> = (0..n * n).map(|i| f64::from(u8::from(i / n == i % n)) - 1.0 / n as f64).collect();
    near(Similarities::of(&z, &z, n).loss(0.5), floor(n, 0.5), 1e-12);
    assert_eq!(Similarities::of(&z, &z, n).contrastive_accuracy(), 1.0);
}

#[test]
fn collapsed_embeddings_are_at_chance_and_score_nothing() {
    let z = [0.3, 0.4].repeat(6);
    let similarities = Similarities::of(&z, &z, 2);
    near(similarities.loss(0.5), chance(6), 1e-12);
    assert_eq!(similarities.contrastive_accuracy(), 0.0);
}

#[test]
fn a_tie_with_a_negative_is_a_miss() {
    let (a, b) = ([1.0, 0.0, 1.0, 0.0, -1.0, 0.0], [1.0, 0.0, 0.0, 1.0, -1.0, 0.0]);
    assert_eq!(Similarities::of(&a, &b, 2).contrastive_accuracy(), 2.0 / 6.0);
}

#[test]
fn contrastive_accuracy_counts_anchors() {
    // x1i's positive .77 beats .63 and .70, and so do all others of the example;
    // after one swap x2i's .84 becomes a negative's.
    assert_eq!(example().contrastive_accuracy(), 1.0);
    let mut cosines = vec![0.0; 16];
    for (i, k, s) in [(0, 1, 0.9), (0, 2, 0.8), (0, 3, 0.1), (1, 2, 0.1), (1, 3, 0.2), (2, 3, 0.3)] {
        (cosines[i * 4 + k], cosines[k * 4 + i]) = (s, s);
    }
    // 0 and 1 are nearest each other; 2 finds 0; 3 prefers 2 to 1.
    assert_eq!(Similarities::from_matrix(cosines).contrastive_accuracy(), 0.25);
}

#[test]
fn not_a_number_is_not_hidden() {
    let found = gradients(&[f32::NAN, 1.0, 0.5, 1.0], &[1.0, 1.0, 0.2, 0.3], 2, 0.5);
    assert!(found.loss.is_nan());
}
