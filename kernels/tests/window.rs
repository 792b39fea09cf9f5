//! Pooling against its definition.

use kernels::max_pool;

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
