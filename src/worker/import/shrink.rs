//! Any image to a small square: the shorter side becomes the training size, the
//! middle of the longer one is kept.
//!
//! The filter is a triangle as wide as two source pixels a target pixel when
//! shrinking (so that every source pixel counts; what Pillow and torchvision
//! call antialiased bilinear), and plain bilinear when enlarging. At equal size
//! the pixels stay as they are. Values are averaged as stored (sRGB), as is
//! common in training pipelines.

use std::ops::Range;

/// The pixels of one target place: the first source place and their weights.
struct Taps {
    from: usize,
    weights: Vec<f32>,
}

/// Taps for each of `size` targets over the middle `short` of `length` places.
fn taps(length: usize, short: usize, size: usize) -> Vec<Taps> {
    let scale = short as f64 / size as f64;
    let radius = scale.max(1.0);
    let offset = (length - short) as f64 / 2.0;
    let of = |target: usize| {
        let centre = offset + (target as f64 + 0.5) * scale;
        let from = (centre - radius).floor().max(0.0) as usize;
        let to = ((centre + radius).ceil() as usize).min(length);
        let weight = |place: usize| (1.0 - ((place as f64 + 0.5 - centre) / radius).abs()).max(0.0);
        let sum: f64 = (from..to).map(weight).sum();
        Taps { from, weights: (from..to).map(|place| (weight(place) / sum) as f32).collect() }
    };
    (0..size).map(of).collect()
}

fn span(taps: &[Taps]) -> Range<usize> {
    let end = |t: &Taps| t.from + t.weights.len();
    taps.first().map_or(0, |t| t.from)..taps.last().map_or(0, end)
}

/// Shrinks or enlarges an image of `width` × `height`, both at least 1, to
/// planar RGB, [3, S, S]. `read(y, columns, out)` fills `out` with the pixels of
/// a row (0 to 255), one for each of `columns`; rows are asked for once, in
/// order, and only those that count.
pub fn shrink(
    width: usize,
    height: usize,
    size: usize,
    mut read: impl FnMut(usize, Range<usize>, &mut [[f32; 3]]),
) -> Vec<u8> {
    let short = width.min(height);
    let across = taps(width, short, size);
    let down = taps(height, short, size);
    let columns = span(&across);
    let mut row = vec![[0.0; 3]; columns.len()];
    let mut narrow = vec![[0.0; 3]; size];
    let mut sums = vec![[0.0f32; 3]; size * size];
    // Targets before this one have all their rows.
    let mut first = 0;
    for y in span(&down) {
        read(y, columns.clone(), &mut row);
        for (target, taps) in narrow.iter_mut().zip(&across) {
            *target = [0.0; 3];
            for (pixel, weight) in row[taps.from - columns.start..].iter().zip(&taps.weights) {
                for channel in 0..3 {
                    target[channel] += pixel[channel] * weight;
                }
            }
        }
        while first < size && down[first].from + down[first].weights.len() <= y {
            first += 1;
        }
        for (target, taps) in down.iter().enumerate().skip(first).take_while(|(_, taps)| taps.from <= y) {
            let weight = taps.weights[y - taps.from];
            for (sum, pixel) in sums[target * size..][..size].iter_mut().zip(&narrow) {
                for channel in 0..3 {
                    sum[channel] += pixel[channel] * weight;
                }
            }
        }
    }
    let byte = |value: f32| (value + 0.5).clamp(0.0, 255.0) as u8;
    (0..3).flat_map(|channel| sums.iter().map(move |sum| byte(sum[channel]))).collect()
}

/// The same from planar RGB bytes, [3, H, W].
pub fn shrink_planar(pixels: &[u8], width: usize, height: usize, size: usize) -> Vec<u8> {
    if width == size && height == size {
        return pixels.to_vec();
    }
    let plane = width * height;
    shrink(width, height, size, |y, columns, out| {
        for (x, pixel) in columns.zip(out) {
            *pixel = [0, 1, 2].map(|channel| f32::from(pixels[channel * plane + y * width + x]));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shrink_by(width: usize, height: usize, size: usize, pixel: impl Fn(usize, usize) -> [f32; 3]) -> Vec<u8> {
        shrink(width, height, size, |y, columns, out| {
            assert_eq!(columns.len(), out.len());
            columns.zip(out).for_each(|(x, out)| *out = pixel(x, y));
        })
    }

    #[test]
    fn equal_size_changes_nothing() {
        let pixels: Vec<u8> = (0..3 * 16 * 16).map(|i| (i * 31 % 256) as u8).collect();
        let plane = 256;
        let same = shrink_by(16, 16, 16, |x, y| [0, 1, 2].map(|c| f32::from(pixels[c * plane + y * 16 + x])));
        assert_eq!(same, pixels);
        assert_eq!(shrink_planar(&pixels, 16, 16, 16), pixels);
    }

    #[test]
    fn a_flat_colour_stays_at_every_size() {
        for (width, height) in [(1, 1), (3, 7), (16, 5), (100, 40), (333, 1000), (1, 500)] {
            for size in [16, 33] {
                let out = shrink_by(width, height, size, |_, _| [10.0, 127.0, 255.0]);
                let want: Vec<u8> = [10, 127, 255].into_iter().flat_map(|v| vec![v; size * size]).collect();
                assert!(out == want, "{width}×{height} to {size}");
            }
        }
    }

    #[test]
    fn the_middle_is_kept_and_stays_in_place() {
        // 48×16: thirds in three colours; only the middle one is left, save a
        // bleed of the filter's half width at the edges.
        let out = shrink_by(48, 16, 8, |x, _| if x / 16 == 1 { [0.0, 200.0, 0.0] } else { [200.0, 0.0, 0.0] });
        assert!(out[64..128].chunks(8).all(|row| row[1..7].iter().all(|&v| v == 200)), "{out:?}");
        // A ramp stays a ramp: value at target centre = value at source centre.
        let out = shrink_by(64, 64, 16, |x, y| [x as f32 + 0.5, y as f32 + 0.5, 0.0]);
        for i in 1..15 {
            let want = (4 * i + 2) as u8;
            assert!(out[8 * 16 + i].abs_diff(want) <= 1 && out[256 + i * 16 + 8].abs_diff(want) <= 1);
        }
    }

    #[test]
    fn shrinking_averages_instead_of_picking() {
        let out = shrink_by(160, 160, 16, |x, y| [if (x + y) % 2 == 0 { 0.0 } else { 255.0 }; 3]);
        assert!(out.iter().all(|v| (126..=129).contains(v)), "{out:?}");
    }

    #[test]
    fn enlarging_is_bilinear() {
        let out = shrink_by(2, 2, 4, |x, _| [x as f32 * 100.0; 3]);
        assert_eq!(out[..4], [0, 25, 75, 100]);
    }
}
