//! The three convolutions as sums over the planes and taps of a padded copy, for every kernel, stride and size.

use crate::plane::{Piece, Places, Walk};
use crate::pool;
use crate::tile::{LANES, Offsets, ROWS, VECTORS, correlations, products};
use std::ops::Range;

/// Numbers of a row in a tile.
const WIDTH: usize = VECTORS * LANES;

/// The gradient of the weight [`out`, depth, K, K′]: `source` [B, depth, …], `gradient` [B, `out`, …].
pub fn correlate(walk: &Walk, batch: usize, source: &[f32], gradient: &[f32], out: usize, dw: &mut [f32]) {
    let piece = walk.piece(batch);
    let full = walk.places(piece, out);
    let factors = full.taps.len();
    let [from, to] = [walk.depth * walk.source[0] * walk.source[1], out * walk.target[0] * walk.target[1]];
    let channels = channels_of_a_thread(out);
    pool::each(dw, channels * factors, |first_channel, dw| {
        let (mut copy, mut columns, mut slopes) = (Vec::new(), Vec::new(), Vec::new());
        dw.fill(0.0);
        for (first, top) in walk.pieces(piece, batch) {
            let now = Piece { images: piece.images.min(batch - first), rows: piece.rows.min(walk.results[0] - top) };
            let partial = (now != piece).then(|| walk.places(now, out));
            let places = partial.as_ref().unwrap_or(&full);
            let data = data(walk, &source[first * from..][..now.images * from], top, now, &mut copy);
            // Short rows: what the vectors of a tap read is laid side by side.
            let count = places.to.len();
            let gathered = walk.is_narrow().then(|| {
                columns.clear();
                columns.extend(places.taps.iter().flat_map(|tap| places.from.iter().map(move |from| data[from + tap])));
                let taps: Offsets = (0..factors).map(|k| k * count * LANES).collect();
                (taps, (0..count).map(|q| q * LANES).collect::<Offsets>())
            });
            let (data, taps, from) = match &gathered {
                Some((taps, from)) => (&columns[..], taps, from),
                None => (data, &places.taps, &places.from),
            };
            let gradient = &gradient[first * to + top * walk.target[1]..];
            for (block, dw) in dw.chunks_mut(ROWS * factors).enumerate() {
                let first = first_channel * channels + block * ROWS;
                gather_slopes(walk, places, gradient, first..first + dw.len() / factors, &mut slopes);
                let rows = std::array::from_fn(|row| &slopes[row * count..][..count]);
                for k in (0..factors).step_by(VECTORS) {
                    let sums = correlations(data, from, std::array::from_fn(|i| taps.at_most(k + i)), rows);
                    for (dw, sums) in dw.chunks_mut(factors).zip(sums) {
                        for (dw, [a, b, c, d]) in dw[k..].iter_mut().zip(sums) {
                            *dw += (a + b) + (c + d);
                        }
                    }
                }
            }
        }
    });
}

/// Output channels of a thread in a gradient of the weight. Each copies all images for itself, for copies are cheap.
pub fn channels_of_a_thread(out: usize) -> usize {
    out.div_ceil(ROWS).div_ceil(pool::threads()) * ROWS
}

/// Weights in the order in which tiles read them: [O / 4, plane and tap, 4].
fn pack(out: usize, walk: &Walk, weight: impl Fn(usize, usize, usize, usize) -> f32) -> Vec<[f32; ROWS]> {
    let [high, wide] = walk.taps;
    let factors = walk.depth * high * wide;
    let mut packed = vec![[0.0; ROWS]; out.div_ceil(ROWS) * factors];
    for o in 0..out {
        for (i, four) in packed[o / ROWS * factors..][..factors].iter_mut().enumerate() {
            four[o % ROWS] = weight(o, i / (high * wide), i / wide % high, i % wide);
        }
    }
    packed
}

/// The padded copy of a piece, or the images themselves where that is the same.
fn data<'a>(walk: &Walk, images: &'a [f32], top: usize, piece: Piece, copy: &'a mut Vec<f32>) -> &'a [f32] {
    if walk.is_plain() && piece.rows == walk.results[0] {
        return images;
    }
    walk.copy(images, top, piece.rows, copy);
    copy
}

/// The gradients of a piece's results in some channels, [4, vector]; 0 where a vector repeats one of another.
fn gather_slopes(
    walk: &Walk,
    places: &Places,
    gradient: &[f32],
    channels: Range<usize>,
    slopes: &mut Vec<[f32; LANES]>,
) {
    let plane = walk.target[0] * walk.target[1];
    slopes.clear();
    for o in channels {
        let gradient = &gradient[o * plane..];
        slopes.extend(places.to.iter().zip(&places.new).map(|(to, &new)| {
            let old = LANES - new as usize;
            std::array::from_fn(|i| if i < old { 0.0 } else { gradient[to[i] as usize] })
        }));
    }
    slopes.resize(ROWS * places.to.len(), [0.0; LANES]);
}

/// `target` [B, `out`, …] from `source` [B, depth, …].
pub fn convolve(
    walk: &Walk,
    batch: usize,
    source: &[f32],
    weight: impl Fn(usize, usize, usize, usize) -> f32,
    out: usize,
    target: &mut [f32],
) {
    let packed = pack(out, walk, weight);
    let piece = walk.piece(batch);
    let full = walk.places(piece, out);
    let [from, to] = [walk.depth * walk.source[0] * walk.source[1], out * walk.target[0] * walk.target[1]];
    pool::each(target, piece.images * to, |i, target| {
        let images = target.len() / to;
        let source = &source[i * piece.images * from..][..images * from];
        let (mut copy, mut columns) = (Vec::new(), Vec::new());
        for (_, top) in walk.pieces(piece, 1) {
            let now = Piece { images, rows: piece.rows.min(walk.results[0] - top) };
            let partial = (now != piece).then(|| walk.places(now, out));
            let places = partial.as_ref().unwrap_or(&full);
            let data = data(walk, source, top, now, &mut copy);
            tiles(walk, places, data, &mut columns, &packed, &mut target[top * walk.step * walk.target[1]..], out);
        }
    });
}

/// All results of a piece.
fn tiles(
    walk: &Walk,
    places: &Places,
    data: &[f32],
    columns: &mut Vec<f32>,
    packed: &[[f32; ROWS]],
    target: &mut [f32],
    out: usize,
) {
    let (plane, factors, to) = (walk.target[0] * walk.target[1], places.taps.len(), &places.to);
    // Short rows: what the vectors of a tile read is laid side by side.
    let gathered = walk.is_narrow().then(|| {
        let from: Vec<usize> = places.from.iter().collect();
        columns.clear();
        for from in from.chunks(WIDTH) {
            for tap in places.taps.iter() {
                columns.extend((0..WIDTH).map(|i| data[from[i.min(from.len() - 1)] + tap]));
            }
        }
        let taps: Offsets = (0..factors).map(|k| k * WIDTH).collect();
        (taps, (0..to.len()).map(|q| q / VECTORS * factors * WIDTH + q % VECTORS * LANES).collect::<Offsets>())
    });
    let (data, taps, from) = match &gathered {
        Some((taps, from)) => (&columns[..], taps, from),
        None => (data, &places.taps, &places.from),
    };
    for (block, weights) in packed.chunks_exact(factors).enumerate() {
        for (tile, to) in to.chunks(VECTORS).enumerate() {
            let last = to.len() - 1;
            let from = std::array::from_fn(|i| from.at_most(tile * VECTORS + i.min(last)));
            let sums = products(data, from, taps, weights);
            for (o, sums) in (block * ROWS..out).zip(sums) {
                let target = &mut target[o * plane..];
                for (to, sums) in to.iter().zip(sums) {
                    if *to == std::array::from_fn(|i| to[0] + i as u32) {
                        target[to[0] as usize..][..LANES].copy_from_slice(&sums);
                    } else {
                        to.iter().zip(sums).for_each(|(&to, sum)| target[to as usize] = sum);
                    }
                }
            }
        }
    }
}
