//! How a convolution walks over its planes: the padded copy of some images, and where in it each output reads.

use crate::tile::{LANES, Offsets};
use std::ops::Range;

/// A convolution of stride 1 or more over planes of one size, whose outputs may lie `step` apart: all that the forward pass
/// and each part of the gradient of the input need.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    /// Planes of an image that are read.
    pub depth: usize,
    /// Height and width of these.
    pub source: [usize; 2],
    /// Zeros above and on the left; negative where rows or columns are left out.
    pub margin: [isize; 2],
    pub stride: usize,
    pub taps: [usize; 2],
    /// Height and width of the results.
    pub results: [usize; 2],
    /// Height and width of the planes that hold the results, the first result there, and the distance between two.
    pub target: [usize; 2],
    pub start: [usize; 2],
    pub step: usize,
}

/// Numbers in a copy that stay in a core's cache beside the weights.
const COPY: usize = 1 << 17;
/// Results in one piece, so that packed weights are used often before the next ones come.
const RESULTS: usize = 256;

/// Which results are computed together: `images` whole images, or bands of `rows` of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    pub images: usize,
    pub rows: usize,
}

/// Where a piece reads and writes.
pub struct Places {
    /// Of each plane and tap, beside a result's first number in the copy.
    pub taps: Offsets,
    /// Of each vector of results its first number in the copy; of short rows, each result's.
    pub from: Offsets,
    /// Of each vector, where its lanes lie in the planes of the target, and how many of the last ones are no other's.
    pub to: Vec<[u32; LANES]>,
    pub new: Vec<u8>,
}

impl Walk {
    /// Numbers in a row of the copy, of one phase.
    fn row(&self) -> usize {
        self.results[1] + (self.taps[1] - 1) / self.stride
    }

    /// Rows of a plane of the copy for `rows` rows of results.
    fn height(&self, rows: usize) -> usize {
        (rows - 1) * self.stride + self.taps[0]
    }

    /// Numbers of a plane of the copy.
    pub fn plane(&self, rows: usize) -> usize {
        self.height(rows) * self.stride * self.row()
    }

    /// Whether a copy would be the source itself.
    pub fn is_plain(&self) -> bool {
        self.taps == [1, 1] && self.stride == 1 && self.margin == [0, 0] && self.results == self.source
    }

    /// Whether rows are too short for a vector: then each tap's numbers are gathered first.
    pub fn is_narrow(&self) -> bool {
        self.results[1] < LANES
    }

    /// The first image and row of results of each piece, for some of `batch` images cut into such.
    pub fn pieces(&self, piece: Piece, some: Range<usize>) -> impl Iterator<Item = (usize, usize)> {
        let rows = self.results[0];
        some.flat_map(move |i| (0..rows).step_by(piece.rows).map(move |top| (i * piece.images, top)))
    }

    /// How `batch` images are cut.
    pub fn piece(&self, batch: usize) -> Piece {
        let [rows, columns] = self.results;
        let image = self.depth * self.plane(rows);
        if self.is_narrow() || image <= COPY {
            let enough = RESULTS.div_ceil(rows * columns);
            return Piece { images: enough.clamp(1, batch.max(1)), rows };
        }
        let band = (1..=rows).rev().find(|&rows| self.depth * self.plane(rows) <= COPY).unwrap_or(1);
        let band = band.max(RESULTS.div_ceil(columns)).min(rows);
        // Bands of one height.
        Piece { images: 1, rows: rows.div_ceil(rows.div_ceil(band)) }
    }

    /// Copies images of `source`, for `rows` rows of results from `top`, into `copy`: [image, plane, row, phase, column]. A
    /// phase holds every `stride`-th column, so that neighbouring results read neighbouring numbers.
    pub fn copy(&self, source: &[f32], top: usize, rows: usize, copy: &mut Vec<f32>) {
        let ([height, width], row, stride) = (self.source, self.row(), self.stride);
        let planes = source.len() / (height * width);
        copy.clear();
        copy.resize(planes * self.plane(rows), 0.0);
        let copied = copy.chunks_exact_mut(self.plane(rows));
        for (plane, copied) in source.chunks_exact(height * width).zip(copied) {
            for (at_row, lines) in copied.chunks_exact_mut(row * stride).enumerate() {
                let y = (top * stride + at_row) as isize - self.margin[0];
                if at_row % stride >= self.taps[0] || y < 0 || y >= height as isize {
                    continue;
                }
                let line = &plane[y as usize * width..][..width];
                for (phase, to) in lines.chunks_exact_mut(row).enumerate().take(self.taps[1]) {
                    let at = phase as isize - self.margin[1];
                    // The first column that exists.
                    let first = if at < 0 { (-at as usize).div_ceil(stride) } else { 0 };
                    let at = (at + (first * stride) as isize) as usize;
                    let (Some(line), Some(to)) = (line.get(at..), to.get_mut(first..)) else { continue };
                    match stride {
                        1 => {
                            let count = line.len().min(to.len());
                            to[..count].copy_from_slice(&line[..count]);
                        }
                        2 => {
                            let last = line.len() / 2;
                            for (to, from) in to.iter_mut().zip(line.chunks_exact(2)) {
                                *to = from[0];
                            }
                            if let (1, Some(to)) = (line.len() % 2, to.get_mut(last)) {
                                *to = line[2 * last];
                            }
                        }
                        _ => to.iter_mut().zip(line.iter().step_by(stride)).for_each(|(to, &from)| *to = from),
                    }
                }
            }
        }
    }

    /// What some vectors of a piece read, `wide` of them in a tile: [tile, plane and tap, vector, 4].
    pub fn gather(&self, places: &Places, data: &[f32], vectors: Range<usize>, wide: usize, columns: &mut Vec<f32>) {
        columns.clear();
        for first in vectors.clone().step_by(wide) {
            let vectors = first..vectors.end.min(first + wide);
            if self.is_narrow() {
                let lanes = vectors.start * LANES..vectors.end * LANES;
                let from: Vec<usize> = lanes.map(|lane| places.from.at_most(lane)).collect();
                for tap in places.taps.iter() {
                    columns.extend(from.iter().map(|from| data[from + tap]));
                    columns.resize(columns.len() + wide * LANES - from.len(), 0.0);
                }
            } else {
                let from: Vec<usize> = vectors.map(|vector| places.from.at_most(vector)).collect();
                for tap in places.taps.iter() {
                    from.iter().for_each(|from| columns.extend_from_slice(&data[from + tap..][..LANES]));
                    columns.resize(columns.len() + (wide - from.len()) * LANES, 0.0);
                }
            }
        }
    }

    /// The places of a piece; an image of the target has `out` planes. The last vector of a row repeats results of the one before
    /// it, where the row is no multiple of four.
    pub fn places(&self, piece: Piece, out: usize) -> Places {
        let ([_, columns], row, plane, stride) = (self.results, self.row(), self.plane(piece.rows), self.stride);
        let [high, wide] = self.taps;
        let tap = |y: usize, x: usize| (y * stride + x % stride) * row + x / stride;
        let taps: Vec<usize> = (0..high).flat_map(|y| (0..wide).map(move |x| tap(y, x))).collect();
        let from = |[image, y, x]: [usize; 3]| image * self.depth * plane + y * stride * stride * row + x;
        let to = |[image, y, x]: [usize; 3]| {
            let (y, x) = (self.start[0] + y * self.step, self.start[1] + x * self.step);
            (image * out * self.target[0] * self.target[1] + y * self.target[1] + x) as u32
        };
        let rows = (0..piece.images).flat_map(|image| (0..piece.rows).map(move |y| (image, y)));
        let vectors: Vec<([[usize; 3]; LANES], usize)> = if self.is_narrow() {
            let results: Vec<_> = rows.flat_map(|(image, y)| (0..columns).map(move |x| [image, y, x])).collect();
            let lane = |four: &[[usize; 3]], i: usize| four[(i + four.len()).saturating_sub(LANES)];
            results.chunks(LANES).map(|four| ([0, 1, 2, 3].map(|i| lane(four, i)), four.len())).collect()
        } else {
            let vector = |image, y, x: usize| {
                let at = x.min(columns - LANES);
                ([0, 1, 2, 3].map(|lane| [image, y, at + lane]), LANES - (x - at))
            };
            rows.flat_map(|(image, y)| (0..columns).step_by(LANES).map(move |x| vector(image, y, x))).collect()
        };
        let starts = |lanes: &[[usize; 3]; LANES]| if self.is_narrow() { lanes.to_vec() } else { vec![lanes[0]] };
        Places {
            taps: (0..self.depth).flat_map(|c| taps.iter().map(move |tap| c * plane + tap)).collect(),
            from: vectors.iter().flat_map(|(lanes, _)| starts(lanes)).map(from).collect(),
            to: vectors.iter().map(|(lanes, _)| lanes.map(to)).collect(),
            new: vectors.iter().map(|&(_, new)| new as u8).collect(),
        }
    }
}
