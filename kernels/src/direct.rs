//! The three convolutions as sums over the planes and taps of a padded copy, for every kernel, stride and size.

use crate::plane::{Piece, Places, Walk};
use crate::tile::{LANES, Lanes, Offsets, ROWS, VECTORS, correlations, products};
use crate::{Finish, pool, split};
use std::ops::Range;

/// Numbers that the vectors of a group read, about.
const GROUP: usize = 1 << 14;

/// The gradient of the weight [`out`, depth, K, K′]: `source` [B, depth, …], `gradient` [B, `out`, …].
pub fn correlate(walk: &Walk, batch: usize, source: &[f32], gradient: &[f32], out: usize) -> Vec<f32> {
    let piece = walk.piece(batch);
    let full = walk.places(piece, out);
    let factors = full.taps.len();
    let [from, to] = [walk.depth * walk.source[0] * walk.source[1], out * walk.target[0] * walk.target[1]];
    let pieces = batch.div_ceil(piece.images);
    pool::sums(out * factors, pieces, ROWS * factors, |pieces, first_block, dw| {
        let (mut copy, mut columns, mut slopes) = (Vec::new(), Vec::new(), Vec::new());
        for (first, top) in walk.pieces(piece, pieces) {
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
                let first = (first_block + block) * ROWS;
                gather_slopes(walk, places, gradient, first..first + dw.len() / factors, &mut slopes);
                let rows = std::array::from_fn(|row| &slopes[row * count..][..count]);
                for k in (0..factors).step_by(VECTORS) {
                    let sums = correlations(data, from, std::array::from_fn(|i| taps.at_most(k + i)), rows);
                    for (dw, sums) in dw.chunks_mut(factors).zip(&sums) {
                        for (dw, [a, b, c, d]) in dw[k..].iter_mut().zip(sums) {
                            *dw += (a + b) + (c + d);
                        }
                    }
                }
            }
        }
    })
}

/// Weights in the order in which tiles read them: [O / 4, plane and tap, 4].
pub fn pack(
    depth: usize,
    out: usize,
    taps: [usize; 2],
    weight: impl Fn(usize, usize, usize, usize) -> f32 + Sync,
) -> Vec<f32> {
    let factors = depth * taps[0] * taps[1];
    let mut packed = vec![0.0; out.next_multiple_of(ROWS) * factors];
    pool::each_small(&mut packed, ROWS * factors, |block, packed| {
        let places = (0..depth).flat_map(|c| (0..taps[0]).flat_map(move |y| (0..taps[1]).map(move |x| [c, y, x])));
        for (packed, [c, y, x]) in packed.as_chunks_mut::<ROWS>().0.iter_mut().zip(places) {
            *packed = [0, 1, 2, 3].map(|i| block * ROWS + i).map(|o| if o < out { weight(o, c, y, x) } else { 0.0 });
        }
    });
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

/// `target` [B, `out`, …] from `source` [B, depth, …] and packed weights.
pub fn convolve(
    walk: &Walk,
    batch: usize,
    source: &[f32],
    packed: &[f32],
    out: usize,
    finish: &Finish,
    target: &mut [f32],
) {
    let packed: &[[f32; ROWS]] = packed.as_chunks().0;
    let mut piece = walk.piece(batch);
    let [images, channels] = split(batch, piece.images, out);
    piece.images = images;
    let full = walk.places(piece, out);
    let plane = walk.target[0] * walk.target[1];
    let from = walk.depth * walk.source[0] * walk.source[1];
    pool::each(target, images * out * plane, |i, target| {
        let now = target.len() / (out * plane);
        let source = &source[i * images * from..][..now * from];
        pool::each(target, now * channels.min(out) * plane, |part, target| {
            let first = part * channels;
            let weights = &packed[first * full.taps.len() / ROWS..];
            let (mut copy, mut columns) = (Vec::new(), Vec::new());
            for (_, top) in walk.pieces(piece, 0..1) {
                let now = Piece { images: now, rows: piece.rows.min(walk.results[0] - top) };
                let partial = (now != piece).then(|| walk.places(now, out));
                let places = partial.as_ref().unwrap_or(&full);
                let data = data(walk, source, top, now, &mut copy);
                let target = &mut target[top * walk.step * walk.target[1]..];
                let out = channels.min(out - first);
                tiles(walk, places, data, &mut columns, weights, &finish.from(first), target, out);
            }
        });
    });
}

/// All results of a piece in `out` channels.
#[allow(clippy::too_many_arguments)]
fn tiles(
    walk: &Walk,
    places: &Places,
    data: &[f32],
    columns: &mut Vec<f32>,
    packed: &[[f32; ROWS]],
    finish: &Finish,
    target: &mut [f32],
    out: usize,
) {
    let (plane, factors) = (walk.target[0] * walk.target[1], places.taps.len());
    // Whether the lanes of a vector are neighbours in the target.
    let is_row = !walk.is_narrow() && walk.step == 1;
    // As many vectors at a time as stay in a core's cache with what they read.
    let group = (GROUP / factors).clamp(4 * VECTORS, 64);
    let groups = places.to.chunks(group).zip(places.new.chunks(group));
    for (first, (to, new)) in (0..).step_by(group).zip(groups) {
        // Vectors of a tile: all tiles about as many.
        let wide = to.len().div_ceil(to.len().div_ceil(VECTORS));
        // Short rows, and one plane after the other: what the vectors of a tile read is laid side by side.
        let gathered = (walk.is_narrow() || walk.taps == [1, 1]).then(|| {
            walk.gather(places, data, first..first + to.len(), wide, columns);
            let width = wide * LANES;
            let taps: Offsets = (0..factors).map(|k| k * width).collect();
            (taps, (0..to.len()).map(|q| q / wide * factors * width + q % wide * LANES).collect::<Offsets>())
        });
        let (data, taps, first, from) = match &gathered {
            Some((taps, from)) => (&columns[..], taps, 0, from),
            None => (data, &places.taps, first, &places.from),
        };
        let mut sums = [[[0.0; LANES]; VECTORS]; ROWS];
        for (block, weights) in packed.chunks_exact(factors).take(out.div_ceil(ROWS)).enumerate() {
            for (tile, (to, new)) in to.chunks(wide).zip(new.chunks(wide)).enumerate() {
                let from = std::array::from_fn(|i| from.at_most(first + tile * wide + i.min(to.len() - 1)));
                products(data, from, to.len(), taps, weights, &mut sums);
                for (o, sums) in (block * ROWS..out).zip(&sums) {
                    let (target, bias) = (&mut target[o * plane..], finish.bias(o));
                    for ((to, sums), &new) in to.iter().zip(sums).zip(new) {
                        let to = to.map(|to| to as usize);
                        let old = finish.add.then(|| match is_row {
                            true => std::array::from_fn(|i| target[to[0]..][..LANES][i]),
                            false => to.map(|to| target[to]),
                        });
                        let mut results = finish.sum(Lanes::of(*sums), bias, old.map(Lanes::of)).numbers();
                        if let Some(old) = old {
                            // Each is added once.
                            results.iter_mut().zip(old).take(LANES - new as usize).for_each(|(to, old)| *to = old);
                        }
                        if is_row {
                            target[to[0]..][..LANES].copy_from_slice(&results);
                        } else {
                            to.into_iter().zip(results).for_each(|(to, result)| target[to] = result);
                        }
                    }
                }
            }
        }
    }
}
