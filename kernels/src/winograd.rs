//! 3×3 convolutions of stride 1 by Winograd's algorithm F(2×2, 3×3) (Lavin & Gray 2016, arXiv 1509.09308): 16 products for
//! four results, where the definition has 36.

use crate::plane::{Piece, Places, Walk};
use crate::tile::{LANES, Lanes, Offsets, ROWS, VECTORS, correlations, products};
use crate::{Finish, pool, split};
use std::ops::Range;

/// Numbers of a transformed tile.
const PLANES: usize = 16;
/// Tiles from which on this way pays.
const LEAST_TILES: usize = 8;
/// Numbers of the transformed images of a piece, about: they stay in a core's cache.
const PIECE: usize = 1 << 17;

/// Whether it is the faster way. At 16 planes, measured, both are alike, at 32 this one takes three quarters of the time, and
/// from 128 on half. With fewer the transformations take more than they save.
pub fn suits(walk: &Walk, out: usize) -> bool {
    walk.taps == [3, 3] && walk.stride == 1 && walk.step == 1 && walk.depth.min(out) >= 24
}

/// Whether its products with `batch` images are worth the greater weights, which few tiles do not fill vectors for.
pub fn pays(walk: &Walk, batch: usize) -> bool {
    batch * walk.results[0].div_ceil(2) * walk.results[1].div_ceil(2) >= LEAST_TILES
}

/// The walk over tiles of 4×4 numbers, two apart, of 2×2 results each.
fn tiles(walk: &Walk) -> Walk {
    Walk { stride: 2, taps: [4, 4], results: walk.results.map(|side| side.div_ceil(2)), step: 2, ..*walk }
}

fn piece(tiles: &Walk, batch: usize) -> Piece {
    let ([rows, columns], enough) = (tiles.results, (PIECE / PLANES / tiles.depth).clamp(48, 256));
    let bands = (rows * columns / enough).clamp(1, rows);
    Piece { images: enough.div_ceil(rows * columns).min(batch), rows: rows.div_ceil(bands) }
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
    let (tiles, depth) = (tiles(walk), walk.depth);
    let mut piece = piece(&tiles, batch);
    let [images, channels] = split(batch, piece.images, out);
    piece.images = images;
    let full = Transformed::new(&tiles, piece, out);
    let packed: &[[f32; ROWS]] = packed.as_chunks().0;
    let plane = walk.target[0] * walk.target[1];
    let from = depth * walk.source[0] * walk.source[1];
    pool::each(target, images * out * plane, |i, target| {
        let now = target.len() / (out * plane);
        let source = &source[i * images * from..][..now * from];
        pool::each(target, now * channels.min(out) * plane, |part, target| {
            let first = part * channels;
            let finish = finish.from(first);
            let some = channels.min(out - first);
            let weights = &packed[first / ROWS * PLANES * depth..][..some.div_ceil(ROWS) * PLANES * depth];
            let (mut copy, mut planes, mut sums) = (Vec::new(), Vec::new(), Vec::new());
            for top in (0..tiles.results[0]).step_by(piece.rows) {
                let now = Piece { images: now, rows: piece.rows.min(tiles.results[0] - top) };
                let partial = (now != piece).then(|| Transformed::new(&tiles, now, out));
                let of = partial.as_ref().unwrap_or(&full);
                of.transform(&tiles, source, top, &mut copy, &mut planes);
                let size = of.vectors().div_ceil(VECTORS) * depth * VECTORS;
                sums.resize(PLANES * ROWS * of.vectors(), [0.0; LANES]);
                let mut tile = [[[0.0; LANES]; VECTORS]; ROWS];
                for (block, weights) in weights.chunks_exact(PLANES * depth).enumerate() {
                    for (plane, weights) in weights.chunks_exact(depth).enumerate() {
                        let data = planes[plane * size..][..size].as_flattened();
                        for first in (0..of.vectors()).step_by(VECTORS) {
                            let from = std::array::from_fn(|i| of.starts.at_most(first + i));
                            products(data, from, of.vectors() - first, &of.depths, weights, &mut tile);
                            for (row, tile) in tile.iter().enumerate() {
                                let to = &mut sums[(plane * ROWS + row) * of.vectors()..][..of.vectors()];
                                to[first..].iter_mut().zip(tile).for_each(|(to, sum)| *to = *sum);
                            }
                        }
                    }
                    for (row, o) in (block * ROWS..some.min((block + 1) * ROWS)).enumerate() {
                        let (target, bias) = (&mut target[o * plane..], finish.bias(o));
                        for (vector, (to, from)) in of.places.to.iter().zip(&of.from).enumerate() {
                            let mut results = results(|i| Lanes::of(sums[(i * ROWS + row) * of.vectors() + vector]));
                            let old = finish.add.then(|| read(walk, target, top, to, from, LANES));
                            for (i, result) in results.as_flattened_mut().iter_mut().enumerate() {
                                let old = old.map(|old| old[i / 2][i % 2]);
                                *result = finish.sum(*result, bias, old);
                                if let Some(old) = old {
                                    // Each is added once.
                                    let mut numbers = result.numbers();
                                    let repeated = LANES - of.places.new[vector] as usize;
                                    numbers[..repeated].copy_from_slice(&old.numbers()[..repeated]);
                                    *result = Lanes::of(numbers);
                                }
                            }
                            write(walk, target, top, to, from, results);
                        }
                    }
                }
            }
        });
    });
}

/// The gradient of the weight [`out`, depth, 3, 3]: `source` [B, depth, …], `gradient` [B, `out`, …].
pub fn correlate(walk: &Walk, batch: usize, source: &[f32], gradient: &[f32], out: usize) -> Vec<f32> {
    let (tiles, depth) = (tiles(walk), walk.depth);
    let piece = piece(&tiles, batch);
    let full = Transformed::new(&tiles, piece, out);
    let [from, to] = [depth * walk.source[0] * walk.source[1], out * walk.target[0] * walk.target[1]];
    // [block of channels, plane, C, 4]
    let block = PLANES * depth * ROWS;
    let sums =
        pool::sums(out.div_ceil(ROWS) * block, batch.div_ceil(piece.images), block, |pieces, first_block, sums| {
            let sums: &mut [[f32; ROWS]] = sums.as_chunks_mut().0;
            let (mut copy, mut planes, mut slopes) = (Vec::new(), Vec::new(), Vec::new());
            for (first, top) in tiles.pieces(piece, pieces) {
                let now =
                    Piece { images: piece.images.min(batch - first), rows: piece.rows.min(tiles.results[0] - top) };
                let partial = (now != piece).then(|| Transformed::new(&tiles, now, out));
                let of = partial.as_ref().unwrap_or(&full);
                of.transform(&tiles, &source[first * from..][..now.images * from], top, &mut copy, &mut planes);
                let (count, size) = (of.vectors(), of.vectors().div_ceil(VECTORS) * depth * VECTORS);
                for (block, sums) in (first_block..).zip(sums.chunks_exact_mut(PLANES * depth)) {
                    slopes.clear();
                    slopes.resize(PLANES * ROWS * count, [0.0; LANES]);
                    for row in 0..ROWS.min(out - block * ROWS) {
                        let plane = (block * ROWS + row) * walk.target[0] * walk.target[1];
                        let gradient = &gradient[first * to + plane..];
                        for (vector, (to, &new)) in of.places.to.iter().zip(&of.places.new).enumerate() {
                            let tile = read(walk, gradient, top, to, &of.from[vector], new as usize);
                            for (i, value) in transform_slopes(tile).into_iter().enumerate() {
                                slopes[(i * ROWS + row) * count + vector] = value.numbers();
                            }
                        }
                    }
                    for (plane, sums) in sums.chunks_exact_mut(depth).enumerate() {
                        let data = planes[plane * size..][..size].as_flattened();
                        let rows = std::array::from_fn(|row| &slopes[(plane * ROWS + row) * count..][..count]);
                        for c in (0..depth).step_by(VECTORS) {
                            let taps = std::array::from_fn(|i| of.depths.at_most(c + i));
                            for (row, tile) in correlations(data, &of.starts, taps, rows).iter().enumerate() {
                                for (sums, [a, b, c, d]) in sums[c..].iter_mut().zip(tile) {
                                    sums[row] += (a + b) + (c + d);
                                }
                            }
                        }
                    }
                }
            }
        });
    let sums: &[[f32; ROWS]] = sums.as_chunks().0;
    let mut dw = vec![0.0; out * depth * 9];
    pool::each_small(&mut dw, depth * 9, |o, dw| {
        for (c, dw) in dw.chunks_exact_mut(9).enumerate() {
            let of = |plane: usize| sums[(o / ROWS * PLANES + plane) * depth + c][o % ROWS];
            // Gᵀ S G
            let rows: [[f32; 4]; 3] = std::array::from_fn(|k| std::array::from_fn(|j| back(k, |i| of(4 * i + j))));
            dw.iter_mut().enumerate().for_each(|(k, dw)| *dw = back(k % 3, |j| rows[k / 3][j]));
        }
    });
    dw
}

/// A row of Gᵀ by a column.
fn back(row: usize, of: impl Fn(usize) -> f32) -> f32 {
    match row {
        0 => of(0) + 0.5 * (of(1) + of(2)),
        1 => 0.5 * (of(1) - of(2)),
        _ => 0.5 * (of(1) + of(2)) + of(3),
    }
}

/// Weights in the order in which tiles read them, G w Gᵀ of each kernel: [O / 4, plane, C, 4].
pub fn pack(depth: usize, out: usize, weight: impl Fn(usize, usize, usize, usize) -> f32 + Sync) -> Vec<f32> {
    let mut packed = vec![0.0; out.next_multiple_of(ROWS) * PLANES * depth];
    let half = Lanes::all(0.5);
    let four = |[a, b, c]: [Lanes; 3]| [a, half * (a + b + c), half * (a - b + c), c];
    pool::each_small(&mut packed, ROWS * PLANES * depth, |block, packed| {
        let channels = [0, 1, 2, 3].map(|i| block * ROWS + i);
        let packed = packed.as_chunks_mut::<ROWS>().0;
        for c in 0..depth {
            let tap = |y, x| Lanes::of(channels.map(|o| if o < out { weight(o, c, y, x) } else { 0.0 }));
            let [left, middle, right] = [0, 1, 2].map(|x| four([tap(0, x), tap(1, x), tap(2, x)]));
            for y in 0..4 {
                for (x, value) in four([left[y], middle[y], right[y]]).into_iter().enumerate() {
                    packed[(4 * y + x) * depth + c] = value.numbers();
                }
            }
        }
    });
    packed
}

/// Where the transformed tiles of a piece lie: [plane, tile of vectors, C, VECTORS].
struct Transformed {
    places: Places,
    /// Of each vector's tiles the first row and column of their results.
    from: Vec<[[usize; 2]; LANES]>,
    /// The 16 numbers of a tile of the first plane.
    taps: Offsets,
    /// Numbers of a plane of the copy.
    plane: usize,
    piece: Piece,
    starts: Offsets,
    depths: Offsets,
}

impl Transformed {
    fn new(tiles: &Walk, piece: Piece, out: usize) -> Self {
        let places = tiles.places(piece, out);
        let width = VECTORS * LANES;
        let [high, wide] = tiles.target;
        let at = |to: usize| [to / wide % high, to % wide];
        Self {
            from: places.to.iter().map(|to| to.map(|to| at(to as usize))).collect(),
            taps: places.taps.iter().take(PLANES).collect(),
            plane: tiles.plane(piece.rows),
            piece,
            starts: (0..places.to.len()).map(|q| q / VECTORS * tiles.depth * width + q % VECTORS * LANES).collect(),
            depths: (0..tiles.depth).map(|c| c * width).collect(),
            places,
        }
    }

    fn vectors(&self) -> usize {
        self.places.to.len()
    }

    /// Bᵀ d B of each tile d.
    fn transform(&self, tiles: &Walk, images: &[f32], top: usize, copy: &mut Vec<f32>, planes: &mut Vec<[f32; LANES]>) {
        tiles.copy(images, top, self.piece.rows, copy);
        let size = self.vectors().div_ceil(VECTORS) * tiles.depth * VECTORS;
        planes.resize(PLANES * size, [0.0; LANES]);
        for vector in 0..self.vectors() {
            for c in 0..tiles.depth {
                let tile: [Lanes; PLANES] = if tiles.is_narrow() {
                    let from =
                        [0, 1, 2, 3].map(|lane| self.places.from.at_most(vector * LANES + lane) + c * self.plane);
                    self.taps.each(|tap| Lanes::of(from.map(|from| copy[from + tap])))
                } else {
                    self.taps.vectors(copy, self.places.from.at_most(vector) + c * self.plane)
                };
                let at = (vector / VECTORS * tiles.depth + c) * VECTORS + vector % VECTORS;
                for (i, value) in transform_tile(tile).into_iter().enumerate() {
                    planes[i * size + at] = value.numbers();
                }
            }
        }
    }
}

/// Bᵀ d B
#[inline(always)]
fn transform_tile(d: [Lanes; PLANES]) -> [Lanes; PLANES] {
    let four = |[a, b, c, d]: [Lanes; 4]| [a - c, b + c, c - b, b - d];
    let mut columns = d;
    for x in 0..4 {
        [columns[x], columns[4 + x], columns[8 + x], columns[12 + x]] = four([d[x], d[4 + x], d[8 + x], d[12 + x]]);
    }
    let mut tile = columns;
    for row in tile.as_chunks_mut::<4>().0 {
        *row = four(*row);
    }
    tile
}

/// A e Aᵀ of 2×2 slopes.
#[inline(always)]
fn transform_slopes([[a, b], [c, d]]: [[Lanes; 2]; 2]) -> [Lanes; PLANES] {
    let four = |[a, b]: [Lanes; 2]| [a, a + b, a - b, Lanes::all(0.0) - b];
    let [left, right] = [four([a, c]), four([b, d])];
    let mut tile = [a; PLANES];
    for (y, row) in tile.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        *row = four([left[y], right[y]]);
    }
    tile
}

/// Aᵀ s A: 2×2 results.
#[inline(always)]
fn results(s: impl Fn(usize) -> Lanes) -> [[Lanes; 2]; 2] {
    let two = |[a, b, c, d]: [Lanes; 4]| [a + b + c, b - c - d];
    let column = |x| two([s(x), s(4 + x), s(8 + x), s(12 + x)]);
    let [a, b, c, d] = [column(0), column(1), column(2), column(3)];
    [two([a[0], b[0], c[0], d[0]]), two([a[1], b[1], c[1], d[1]])]
}

/// The lane, row and column of each result of four tiles, and where it lies; `at` is each tile's first row and column.
fn each_result(
    walk: &Walk,
    to: &[u32; LANES],
    at: &[[usize; 2]; LANES],
    top: usize,
    mut work: impl FnMut([usize; 3], usize),
) {
    let [_, width] = walk.target;
    for (lane, (&to, [y, x])) in to.iter().zip(at).enumerate() {
        for (row, column) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            if y + 2 * top + row < walk.results[0] && x + column < walk.results[1] {
                work([lane, row, column], to as usize + (2 * top + row) * width + column);
            }
        }
    }
}

/// The results of four neighbouring tiles in a row of the target: the first one's row and column there are `at`.
fn lines(walk: &Walk, to: usize, [y, x]: [usize; 2], top: usize) -> impl Iterator<Item = (usize, Range<usize>)> {
    let columns = (walk.results[1] - x).min(2 * LANES);
    let (rows, width) = ((walk.results[0] - y - 2 * top).min(2), walk.target[1]);
    (0..rows).map(move |row| (row, to + (2 * top + row) * width)).map(move |(row, start)| (row, start..start + columns))
}

/// Writes the results of four tiles to a plane.
#[inline(always)]
fn write(
    walk: &Walk,
    plane: &mut [f32],
    top: usize,
    to: &[u32; LANES],
    at: &[[usize; 2]; LANES],
    results: [[Lanes; 2]; 2],
) {
    let results =
        [[results[0][0].numbers(), results[0][1].numbers()], [results[1][0].numbers(), results[1][1].numbers()]];
    if tiles(walk).is_narrow() {
        each_result(walk, to, at, top, |[lane, row, column], at| plane[at] = results[row][column][lane]);
        return;
    }
    for (row, line) in lines(walk, to[0] as usize, at[0], top) {
        let ([even, odd], line) = (results[row], &mut plane[line]);
        let last = line.len() / 2;
        for (i, pair) in line.chunks_exact_mut(2).enumerate() {
            pair.copy_from_slice(&[even[i], odd[i]]);
        }
        if line.len() % 2 == 1 {
            line[2 * last] = even[last];
        }
    }
}

/// The slopes of four tiles, of which the last `new` are no other's: [row][column].
#[inline(always)]
fn read(
    walk: &Walk,
    plane: &[f32],
    top: usize,
    to: &[u32; LANES],
    at: &[[usize; 2]; LANES],
    new: usize,
) -> [[Lanes; 2]; 2] {
    let mut slopes = [[[0.0; LANES]; 2]; 2];
    if tiles(walk).is_narrow() {
        each_result(walk, to, at, top, |[lane, row, column], at| slopes[row][column][lane] = plane[at]);
    } else {
        for (row, line) in lines(walk, to[0] as usize, at[0], top) {
            for (i, &number) in plane[line].iter().enumerate() {
                slopes[row][i % 2][i / 2] = number;
            }
        }
    }
    slopes.as_flattened_mut().iter_mut().for_each(|slopes| slopes[..LANES - new].fill(0.0));
    [[Lanes::of(slopes[0][0]), Lanes::of(slopes[0][1])], [Lanes::of(slopes[1][0]), Lanes::of(slopes[1][1])]]
}
