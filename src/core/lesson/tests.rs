use super::matrix::{Cosines, EXAMPLE, Impossible, N, PAIRS};
use super::plane::Plane;
use super::play::{MOST_IMAGES, Play, Relation};
use super::row::{Row, mean_loss};
use super::slips::{self, Variant};
use super::temperature;
use crate::core::diagnostics::{rank_me, singular_values};
use crate::core::float::dot;
use crate::core::rng::Rng;

fn near(value: f64, want: f64, tolerance: f64) {
    assert!((value - want).abs() <= tolerance, "{value}, expected {want}");
}

/// To the last digit printed.
const PRINTED: f64 = 6e-7;

#[test]
fn every_anchor_at_every_temperature() {
    // Probability and loss of x1i, x2i, x1j, x2j, and the batch.
    let table = [
        (1.0, [(0.356920, 1.030245), (0.376754, 0.976162), (0.359333, 1.023505), (0.372011, 0.988831)], 1.004686),
        (0.5, [(0.380932, 0.965135), (0.422152, 0.862391), (0.386133, 0.951574), (0.412184, 0.886287)], 0.916347),
        (0.1, [(0.573663, 0.555712), (0.766201, 0.266310), (0.609603, 0.494947), (0.723624, 0.323483)], 0.410113),
    ];
    let negatives = [[0.63, 0.70], [0.63, 0.67], [0.67, 0.64], [0.70, 0.64]];
    for (tau, want, batch) in table {
        let rows = Row::all(&Cosines::default().similarities(), tau);
        near(mean_loss(&rows), batch, PRINTED);
        for (row, (probability, loss)) in rows.iter().zip(want) {
            near(row.positive().probability, probability, PRINTED);
            near(row.loss, loss, PRINTED);
            assert_eq!(row.negatives().iter().map(|c| c.cosine).collect::<Vec<_>>(), negatives[row.anchor]);
            for c in &row.candidates {
                assert_eq!(c.logit, c.cosine / tau);
                assert_eq!(c.pair.0, row.anchor);
                // The arithmetic that is written out gives what the loss uses.
                near(c.exp / row.sum, c.probability, 1e-14);
            }
            near(-row.positive().probability.ln(), row.loss, 1e-14);
            near(1.0 / (1.0 + row.odds()), row.positive().probability, 1e-14);
            near(row.slope(0, tau), (row.positive().probability - 1.0) / tau, 1e-13);
            near(row.slope(2, tau), row.negatives()[1].probability / tau, 1e-14);
            near(row.candidates.iter().map(|c| c.probability).sum(), 1.0, 1e-14);
        }
    }
}

#[test]
fn the_slips_give_what_they_give_and_only_that() {
    let similarities = Cosines::default().similarities();
    let loss = |variant, tau| mean_loss(&slips::rows(variant, &similarities, tau));
    for tau in [0.01, 0.1, 0.5, 1.0, 5.0] {
        assert_eq!(slips::rows(Variant::Right, &similarities, tau), Row::all(&similarities, tau));
        // τ outside exp cancels.
        near(loss(Variant::TauOutside, tau), 1.004686, PRINTED);
        near(loss(Variant::Sign, tau), -loss(Variant::Right, tau), 1e-15);
    }
    // Each exp really stands over τ.
    let outside = slips::row(Variant::TauOutside, &similarities, 0, 0.5);
    near(outside.positive().exp, 0.77_f64.exp() / 0.5, 1e-12);
    near(outside.positive().exp / outside.sum, outside.positive().probability, 1e-14);

    for (tau, want) in [(1.0, 1.004666), (0.5, 0.916265), (0.1, 0.408584)] {
        near(loss(Variant::SwappedNegatives, tau), want, PRINTED);
    }
    let [x1i, x2i, x1j, x2j] = [0, 1, 2, 3].map(|i| slips::row(Variant::SwappedNegatives, &similarities, i, 1.0));
    assert_eq!(
        (x1i.candidates, x2j.loss),
        (Row::new(&similarities, 0, 1.0).candidates, Row::new(&similarities, 3, 1.0).loss)
    );
    assert_eq!(
        x2i.candidates.iter().map(|c| (c.pair, c.cosine)).collect::<Vec<_>>(),
        [((1, 3), 0.84), ((2, 1), 0.67), ((2, 3), 0.64)]
    );
    assert_eq!(
        x1j.candidates.iter().map(|c| (c.pair, c.cosine)).collect::<Vec<_>>(),
        [((2, 0), 0.77), ((1, 0), 0.63), ((1, 2), 0.67)]
    );
    near(x2i.loss, 0.979226, PRINTED);
    near(x1j.loss, 1.020361, PRINTED);

    for (tau, want) in [(1.0, 1.174686), (0.5, 1.256347), (0.1, 2.110113)] {
        near(loss(Variant::LiteralOrder, tau), want, PRINTED);
    }
    assert_eq!(slips::row(Variant::LiteralOrder, &similarities, 0, 1.0).positive().cosine, 0.63);
    assert_eq!(slips::row(Variant::LiteralOrder, &similarities, 3, 1.0).positive().pair, (3, 2));
}

#[test]
fn entries_are_symmetric_and_bounded() {
    let mut cosines = Cosines::default();
    assert!(cosines.is_example() && cosines.set(2, 0, -1.0) && !cosines.is_example());
    assert_eq!((cosines.get(0, 2), cosines.get(2, 0), cosines.get(1, 1)), (-1.0, -1.0, 1.0));
    assert!(!cosines.set(0, 1, 1.01) && !cosines.set(0, 1, f64::NAN) && !cosines.set(3, 3, 0.5));
    assert_eq!(cosines.get(0, 1), 0.63);
    assert_eq!(Cosines::new([0.0, 0.0, 0.0, 0.0, 0.0, -1.5]), None);
    assert_eq!(Cosines::new(EXAMPLE), Some(Cosines::default()));
}

/// Whether the rows are unit vectors with these similarities.
fn fits(rows: &[f64], cosines: &Cosines, tolerance: f64) {
    for i in 0..N {
        for k in 0..N {
            near(dot(&rows[i * N..(i + 1) * N], &rows[k * N..(k + 1) * N]), cosines.get(i, k), tolerance);
        }
    }
}

#[test]
fn the_examples_embedding_and_its_diagnostics() {
    let rows = Cosines::default().embedding().unwrap();
    let want = [
        [1.0, 0.0, 0.0, 0.0],
        [0.63, 0.776595, 0.0, 0.0],
        [0.77, 0.238091, 0.591957, 0.0],
        [0.70, 0.513781, -0.036027, 0.494703],
    ];
    rows.iter().zip(want.concat()).for_each(|(v, w)| near(*v, w, PRINTED));
    fits(&rows, &Cosines::default(), 1e-14);
    let play = Play::new(&rows, N);
    near(play.alignment(), 0.39, 1e-12);
    near(play.uniformity(), -1.119475, PRINTED);
    // Printed without its seventh digit, which is a 9.
    near(rank_me(play.points(), N), 3.292793, 1e-6);
}

#[test]
fn an_embedding_is_found_exactly_where_there_is_one() {
    let mut rng = Rng::new(9);
    let mut impossible = [0; 3];
    for round in 0..2000 {
        let mut cosines = Cosines::default();
        if round % 2 == 0 {
            // Of real vectors; some in a plane or a line, where pivots are 0.
            let dim = 1 + round / 2 % 4;
            let z = Play::new(&(0..N * dim).map(|_| f64::from(rng.normal())).collect::<Vec<_>>(), dim);
            PAIRS.iter().for_each(|&(i, k)| assert!(cosines.set(i, k, dot(z.point(i), z.point(k)).clamp(-1.0, 1.0))));
            fits(&cosines.embedding().unwrap(), &cosines, 1e-4);
            continue;
        }
        PAIRS.iter().for_each(|&(i, k)| assert!(cosines.set(i, k, f64::from(rng.uniform(-1.0, 1.0)))));
        match cosines.embedding() {
            Ok(rows) => fits(&rows, &cosines, 1e-9),
            Err(reason) => {
                let least = least_eigenvalue(&cosines);
                assert!(least < 1e-9, "{reason:?} although the least eigenvalue is {least}");
                impossible[match reason {
                    Impossible::TooFar { angle, most, .. } => {
                        assert!(angle > most);
                        0
                    }
                    Impossible::TooWide { sum, .. } => {
                        assert!(sum > 360.0);
                        1
                    }
                    Impossible::Together { squares, .. } => {
                        assert!(squares > 1.0);
                        2
                    }
                }] += 1;
            }
        }
    }
    assert!(impossible.iter().all(|n| *n > 5), "each reason occurs: {impossible:?}");
}

/// Of the matrix: the greatest of 4·1 − matrix (positive, as its trace bounds
/// every eigenvalue by 4), by its singular values.
fn least_eigenvalue(cosines: &Cosines) -> f64 {
    let shifted: Vec<f64> =
        (0..N * N).map(|at| f64::from(u8::from(at / N == at % N)) * 4.0 - cosines.get(at / N, at % N)).collect();
    4.0 - singular_values(&shifted, N)[0]
}

#[test]
fn reasons_name_the_views() {
    // x1i near x2i and x2i near x1j, but x1i far from x1j.
    let apart = Cosines::new([0.95, -0.5, 0.0, 0.95, 0.0, 0.0]).unwrap();
    match apart.embedding() {
        Err(Impossible::TooFar { a: 0, b: 2, via: 1, angle, most }) => {
            near(angle, 120.0, 1e-9);
            near(most, 2.0 * 0.95_f64.acos().to_degrees(), 1e-9);
        }
        other => panic!("{other:?}"),
    }
    let wide = Cosines::new([-0.6, -0.6, 0.0, -0.6, 0.0, 0.0]).unwrap();
    assert!(matches!(wide.embedding(), Err(Impossible::TooWide { views: [0, 1, 2], .. })));
    // Four vectors at 110° from each other: three fit, four do not (109.47° is the tetrahedron).
    let four = Cosines::new([110_f64.to_radians().cos(); 6]).unwrap();
    assert!(matches!(four.embedding(), Err(Impossible::Together { view: 3, .. })));
    assert!(Cosines::new([-1.0 / 3.0; 6]).unwrap().embedding().is_ok());
    assert!(Cosines::new([1.0; 6]).unwrap().embedding().is_ok());
}

#[test]
fn the_slider_passes_the_temperatures_that_people_use() {
    let all: Vec<f64> = (0..=temperature::LAST).map(temperature::at).collect();
    assert!(all.is_sorted_by(|a, b| a < b));
    assert_eq!((all[0], all[temperature::LAST as usize]), temperature::RANGE);
    for tau in [0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0] {
        assert_eq!(temperature::at(temperature::position(tau)), tau);
    }
    assert!((0..=temperature::LAST).all(|p| temperature::position(temperature::at(p)) == p));
    assert_eq!((temperature::position(0.0), temperature::position(9.0)), (0, temperature::LAST));
}

#[test]
fn the_colder_the_more_the_nearest_negative_dominates() {
    let similarities = Cosines::default().similarities();
    let nearest = |tau| temperature::shares(&Row::new(&similarities, 0, tau))[1];
    assert!(nearest(5.0) < 0.51 && nearest(0.1) > 0.6 && nearest(0.01) > 0.999);
    // The same as the negatives' probabilities over their sum.
    let row = Row::new(&similarities, 2, 0.5);
    let rest: f64 = row.negatives().iter().map(|c| c.probability).sum();
    temperature::shares(&row).iter().zip(row.negatives()).for_each(|(s, c)| near(*s, c.probability / rest, 1e-14));
}

/// A batch on the circle with `images` images.
fn scattered(images: usize) -> Play {
    let mut rng = Rng::new(images as u64);
    let angles: Vec<(f64, f64)> =
        (0..images).map(|_| (f64::from(rng.uniform(0.0, 6.0)), f64::from(rng.uniform(0.0, 6.0)))).collect();
    Play::from_angles(&angles, &(0..images).map(|i| i / 2).collect::<Vec<_>>()).unwrap()
}

#[test]
fn forces_are_the_slope_of_the_loss_along_the_circle() {
    for (images, tau) in [(2, 1.0), (3, 0.1), (8, 0.5)] {
        let play = scattered(images);
        let (forces, gradient) = (play.forces(tau), play.gradient(tau));
        assert_eq!(forces.len(), play.views() * (play.views() - 1));
        for view in 0..play.views() {
            let theta = play.angle(view);
            let loss = |by: f64| {
                let mut moved = play.clone();
                moved.set_angle(view, theta + by);
                moved.similarities().loss(tau)
            };
            let slope = (loss(1e-5) - loss(-1e-5)) / 2e-5;
            let tangent = [-theta.sin(), theta.cos()];
            near(dot(&gradient[2 * view..2 * view + 2], &tangent), slope, 1e-8);
            let sum: f64 = forces.iter().filter(|f| f.on == view).map(|f| dot(&f.along, &tangent)).sum();
            near(sum, -slope, 1e-8);
        }
    }
}

#[test]
fn positives_pull_and_negatives_push_whatever_their_class() {
    let play = scattered(4);
    for force in play.forces(0.5) {
        let (own, other) = (play.point(force.on), play.point(force.from));
        let nearer = dot(&force.along, other);
        match force.relation {
            Relation::Positive => assert!(force.towards >= 0.0 && nearer >= 0.0),
            Relation::Negative | Relation::FalseNegative => assert!(force.towards <= 0.0 && nearer <= 0.0),
        }
        near(dot(&force.along, own), 0.0, 1e-12);
        near(dot(&force.along, &force.along).sqrt(), force.towards.abs(), 1e-12);
    }
    assert_eq!(
        (play.relation(0, 4), play.relation(0, 1), play.relation(0, 2)),
        (Relation::Positive, Relation::FalseNegative, Relation::Negative)
    );
    // The loss knows no classes: the same points of four classes are pushed the same.
    let classless = Play::new(play.points(), 2);
    let (with, without) = (play.gradient(0.5), classless.gradient(0.5));
    with.iter().zip(&without).for_each(|(a, b)| near(*a, *b, 1e-14));
}

#[test]
fn descent_lowers_the_loss_and_ends_with_pairs_together_and_images_apart() {
    for mut play in [Play::circle(), Play::new(&Cosines::default().embedding().unwrap(), N)] {
        let (start, aligned) = (play.similarities().loss(0.5), play.alignment());
        let mut before = start;
        for _ in 0..400 {
            play.descend(0.5, 0.5);
            let loss = play.similarities().loss(0.5);
            assert!(loss <= before + 1e-12);
            before = loss;
        }
        assert!(before < start && play.alignment() < aligned);
        near(before, crate::core::nt_xent::floor(2, 0.5), 1e-3);
        near(dot(play.point(0), play.point(2)), 1.0, 1e-2);
        near(dot(play.point(0), play.point(1)), -1.0, 1e-2);
        play.points().chunks_exact(play.dim()).for_each(|z| near(dot(z, z), 1.0, 1e-12));
    }
}

#[test]
fn images_of_one_class_start_near_and_are_pushed_apart() {
    let mut play = Play::circle();
    assert!(play.add(0));
    let near_before = play.mean_cosine(Relation::FalseNegative).unwrap();
    (0..200).for_each(|_| play.descend(0.5, 0.5));
    assert!(play.mean_cosine(Relation::FalseNegative).unwrap() < near_before - 0.5);
}

#[test]
fn images_come_and_go() {
    let mut play = Play::circle();
    let angles: Vec<f64> = (0..4).map(|v| play.angle(v)).collect();
    assert_eq!(play.mean_cosine(Relation::FalseNegative), None);
    while play.add(play.images() / 2) {}
    assert_eq!((play.images(), play.views(), play.classes()), (MOST_IMAGES, 16, [0, 1, 1, 1, 2, 2, 3, 3].as_slice()));
    // The first two images stayed, at their new places in the order.
    for (view, kept) in [(0, 0), (1, 1), (8, 2), (9, 3)] {
        near(play.angle(view), angles[kept], 1e-12);
    }
    while play.remove() {}
    assert_eq!(play.images(), 2);
    (0..4).for_each(|v| near(play.angle(v), angles[v], 1e-12));
    assert!(Play::from_angles(&[], &[]).is_none() && Play::from_angles(&[(0.0, f64::NAN)], &[0]).is_none());
}

#[test]
fn the_plane_shows_the_most_spread() {
    let rows = Cosines::default().embedding().unwrap();
    let plane = Plane::principal(&rows, N);
    let shadows: Vec<(f64, f64)> = rows.chunks_exact(N).map(|z| plane.shadow(z)).collect();
    assert!(shadows.iter().all(|(x, y)| x * x + y * y <= 1.0 + 1e-12));
    let variance = |axis: fn(&(f64, f64)) -> f64| {
        let mean = shadows.iter().map(axis).sum::<f64>() / 4.0;
        shadows.iter().map(|s| (axis(s) - mean).powi(2)).sum::<f64>()
    };
    let mean: Vec<f64> = (0..N).map(|d| (0..N).map(|i| rows[i * N + d]).sum::<f64>() / 4.0).collect();
    let centred: Vec<f64> = rows.iter().enumerate().map(|(at, v)| v - mean[at % N]).collect();
    let sigma = singular_values(&centred, N);
    near(variance(|s| s.0), sigma[0].powi(2), 1e-9);
    near(variance(|s| s.1), sigma[1].powi(2), 1e-9);
    // All equal: any plane, but a plane.
    let flat = Plane::principal(&[0.6, 0.8, 0.0].repeat(4), 3);
    near(flat.shadow(&[1.0, 0.0, 0.0]).0, 1.0, 1e-12);
    near(flat.shadow(&[0.0, 1.0, 0.0]).1, 1.0, 1e-12);
}

#[test]
fn the_training_codes_numbers_stand_beside_the_lessons() {
    use super::device::LessonReport;
    use crate::core::report::{Backend, DeviceReport};
    let cosines = Cosines::default();
    let (s, z) = (cosines.similarities(), cosines.embedding().unwrap());
    let gradient: Vec<f32> = Play::example().gradient(0.5).iter().map(|&g| g as f32).collect();
    let device = DeviceReport { backend: Backend::Cpu, name: String::new(), software: false, why_not_gpu: None };
    let losses: Vec<f32> = s.losses(0.5).iter().map(|&l| l as f32).collect();
    let mut report = LessonReport { device, loss: 0.5, losses, gradient };
    let beside = report.beside(&s, 0.5);
    assert_eq!(beside.len(), N + 1);
    assert!(beside[..N].iter().all(|b| b.difference() < 1e-7));
    near(beside[N].lesson, 0.916347, PRINTED);
    near(beside[N].difference(), 0.416347, PRINTED);
    assert!(report.gradient_difference(&z, N, 0.5) < 1e-7);
    report.gradient[3] += 0.25;
    near(report.gradient_difference(&z, N, 0.5), 0.25, 1e-6);
    report.gradient.pop();
    assert!(report.gradient_difference(&z, N, 0.5).is_nan());
}

#[test]
fn only_batches_of_pairs_at_the_lessons_temperatures_are_sent() {
    use super::device::LessonBatch;
    let z: Vec<f32> = Cosines::default().embedding().unwrap().iter().map(|&v| v as f32).collect();
    let batch = |z: &[f32], dim, temperature| LessonBatch { z: z.to_vec(), dim, temperature };
    assert_eq!((batch(&z, 4, 0.01).check(), batch(&z, 4, 5.0).check(), batch(&z, 4, 0.5).views()), (Ok(()), Ok(()), 4));
    let field = |batch: LessonBatch| batch.check().unwrap_err()[0].field.clone();
    assert_eq!([0.0, 9.0, f32::NAN].map(|tau| field(batch(&z, 4, tau))), ["temperature"; 3]);
    assert_eq!(
        [batch(&z, 0, 1.0), batch(&z, 3, 1.0), batch(&z[..12], 4, 1.0), batch(&[], 4, 1.0)].map(field),
        ["z"; 4]
    );
    assert_eq!(field(batch(&[f32::INFINITY, 0.0], 1, 1.0)), "z");
}
