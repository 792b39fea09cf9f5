//! Pooling against its definition.

use kernels::{average, average_gradient, max_pool, max_pool_gradient};

#[test]
fn each_window_gives_its_greatest_number_or_nan() {
    for ([height, width], side, padding) in
        [([8, 8], 3, 1), ([7, 9], 3, 0), ([6, 5], 2, 0), ([1, 4], 3, 1), ([112, 112], 3, 1)]
    {
        let planes = 5;
        let mut x: Vec<f32> =
            (0..planes * height * width).map(|i| ((i * 37 + i / 11) % 101) as f32 / -50.0 - 0.1).collect();
        x[height * width + 2] = f32::NAN;
        x[2 * height * width] = f32::NEG_INFINITY;
        let [rows, columns] = [height, width].map(|length| (length + 2 * padding - side) / 2 + 1);
        let mut y = vec![0.0; planes * rows * columns];
        max_pool([height, width], side, padding, &x, &mut y);
        for (i, y) in y.into_iter().enumerate() {
            let (plane, row, column) = (i / (rows * columns), i / columns % rows, i % columns);
            let inside = |at: usize, length: usize| {
                (2 * at..2 * at + side).filter_map(move |i| i.checked_sub(padding).filter(|&i| i < length))
            };
            let window = inside(row, height).flat_map(|y| inside(column, width).map(move |x| y * width + x));
            let window: Vec<f32> = window.map(|at| x[plane * height * width + at]).collect();
            let want = match window.iter().any(|x| x.is_nan()) {
                true => f32::NAN,
                false => window.into_iter().fold(f32::NEG_INFINITY, f32::max),
            };
            assert!(y == want || y.is_nan() && want.is_nan(), "{i} of {height} × {width}: {y}, not {want}");
        }
    }
}

/// By the definition: a window's slope belongs to its first greatest number, or its last NaN.
#[test]
fn the_gradient_goes_to_the_greatest_number() {
    for ([height, width], side, padding) in
        [([8, 8], 3, 1), ([7, 9], 3, 0), ([6, 5], 2, 0), ([1, 4], 3, 1), ([40, 41], 3, 1)]
    {
        let [rows, columns] = [height, width].map(|length| (length + 2 * padding - side) / 2 + 1);
        // Few values, so that windows have ties.
        let mut x: Vec<f32> = (0..5 * height * width).map(|i| ((i * 37 + i / 11) % 11) as f32).collect();
        x[height * width + 2] = f32::NAN;
        let gradient: Vec<f32> = (0..5 * rows * columns).map(|i| (i % 13) as f32).collect();
        let mut want = vec![0.0; x.len()];
        for (i, slope) in gradient.iter().enumerate() {
            let (plane, row, column) = (i / (rows * columns), i / columns % rows, i % columns);
            let places = (0..side * side).map(|k| [2 * row + k / side, 2 * column + k % side]);
            let real = places
                .filter(|[y, x]| (padding..height + padding).contains(y) && (padding..width + padding).contains(x));
            let all: Vec<usize> = real.map(|[y, x]| (plane * height + y - padding) * width + x - padding).collect();
            let nan = all.iter().rev().find(|&&at| x[at].is_nan());
            let most = all.iter().map(|&at| x[at]).fold(f32::NEG_INFINITY, f32::max);
            want[*nan.unwrap_or_else(|| all.iter().find(|&&at| x[at] == most).unwrap())] += slope;
        }
        let mut dx = vec![0.0; x.len()];
        max_pool_gradient([height, width], side, padding, &x, &gradient, &mut dx);
        assert_eq!(dx, want, "{height} × {width}");
    }
}

#[test]
fn each_plane_gives_its_mean_and_takes_its_part_of_the_slope() {
    for (planes, size) in [(3, 1), (700, 49), (5, 20_000)] {
        let mut x: Vec<f32> = (0..planes * size).map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0).collect();
        x[size] = f32::INFINITY;
        let (mut y, mut dx) = (vec![0.0; planes], vec![0.0; x.len()]);
        average(size, &x, &mut y);
        average_gradient(size, &y, &mut dx);
        for (i, (y, x)) in y.iter().zip(x.chunks_exact(size)).enumerate() {
            let want = x.iter().copied().map(f64::from).sum::<f64>() / size as f64;
            assert!((f64::from(*y) - want).abs() < 1e-6 || i == 1 && *y == f32::INFINITY, "{i}: {y}, not {want}");
            assert!(dx[i * size..][..size].iter().all(|dx| *dx == y / size as f32));
        }
    }
}
