//! Tiled convolution kernels. A thread keeps a tile of results in registers, so it uses every number that it loads several
//! times. With one result a thread would load a number for each multiplication, and a GPU is slowest at loading.
//!
//! All activations are [B, H, W, C] and contiguous; a vector holds channels. The pixels of a tile follow each other in the
//! whole batch, from row to row and image to image, so that sizes of images need not be multiples of the tile's.

// The `cube` macro writes code that these lints refuse, and it knows no `is_multiple_of` and `div_ceil`.
#![allow(missing_docs, clippy::too_many_arguments, clippy::manual_is_multiple_of, clippy::manual_div_ceil)]

use super::tiles::{PIXELS, VECTORS};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

/// The place of a pixel outside the image.
const NOWHERE: u32 = u32::MAX;

/// `sums` += pixels × weights, for one vector of input channels. `weights` has a row of `columns` vectors for each of these
/// channels; the first row begins at `at`.
#[cube]
fn accumulate<N: Size>(
    sums: &mut Array<Vector<f32, N>>,
    pixels: &Array<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    at: usize,
    columns: usize,
) {
    #[unroll]
    for channel in 0..N::value() {
        #[unroll]
        for column in 0..VECTORS {
            let weight = weights[at + channel * columns + column];
            #[unroll]
            for pixel in 0..PIXELS {
                sums[pixel * VECTORS + column] += Vector::new(pixels[pixel].extract(channel)) * weight;
            }
        }
    }
}

/// Image, y and x, times `stride`, of the [`PIXELS`] pixels from `first` on among `count`, in images of `rows` × `row`. The
/// last pixel stands in for those after it.
#[cube]
fn locate(
    images: &mut Array<u32>,
    ys: &mut Array<u32>,
    xs: &mut Array<u32>,
    first: usize,
    count: usize,
    rows: usize,
    row: usize,
    stride: usize,
) {
    #[unroll]
    for p in 0..PIXELS {
        let pixel = clamp_max(first + p, count - 1);
        xs[p] = (pixel % row * stride) as u32;
        ys[p] = (pixel / row % rows * stride) as u32;
        images[p] = (pixel / row / rows) as u32;
    }
}

/// `sums` += what one tap of a kernel gives: for each pixel of the tile all channels of `source` [B, H, W, C] at its distance
/// (`down`, `right`), times the tap's weights, of which the first begins at `tap`. Numbers wrap: a pixel before the first is
/// far beyond the last.
#[cube]
fn add_tap<N: Size>(
    sums: &mut Array<Vector<f32, N>>,
    source: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    images: &Array<u32>,
    ys: &Array<u32>,
    xs: &Array<u32>,
    down: usize,
    right: usize,
    tap: usize,
    columns: usize,
) {
    let (height, width, depth) = (source.shape(1), source.shape(2), source.shape(3) / N::value());
    let mut places = Array::<u32>::new(PIXELS);
    let mut inside = 0u32;
    #[unroll]
    for p in 0..PIXELS {
        let (y, x) = (ys[p] as usize + down, xs[p] as usize + right);
        places[p] = NOWHERE;
        if y < height && x < width {
            places[p] = (((images[p] as usize * height + y) * width + x) * depth) as u32;
            inside += 1;
        }
    }
    if inside > 0 {
        for c in 0..depth {
            let mut pixels = Array::<Vector<f32, N>>::new(PIXELS);
            #[unroll]
            for p in 0..PIXELS {
                pixels[p] = Vector::new(0.0);
                if places[p] != NOWHERE {
                    pixels[p] = source[places[p] as usize + c];
                }
            }
            accumulate(sums, &pixels, weights, tap + c * N::value() * columns, columns);
        }
    }
}

/// `input` [B, H, W, C], `weights` [K, K′, C, O], `output` [B, H′, W′, O]. A thread computes [`PIXELS`] pixels, each in
/// [`VECTORS`] vectors of channels.
#[cube(launch_unchecked)]
pub fn forward<N: Size>(
    input: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    output: &mut Tensor<Vector<f32, N>>,
    stride: usize,
    above: usize,
    left: usize,
) {
    let (rows, row, columns) = (output.shape(1), output.shape(2), output.shape(3) / N::value());
    let (high, wide) = (weights.shape(0), weights.shape(1));
    let column_tiles = columns / VECTORS;
    let count = output.shape(0) * rows * row;
    let column = (ABSOLUTE_POS % column_tiles) * VECTORS;
    let first = ABSOLUTE_POS / column_tiles * PIXELS;
    if first >= count {
        terminate!();
    }
    let mut images = Array::<u32>::new(PIXELS);
    let mut ys = Array::<u32>::new(PIXELS);
    let mut xs = Array::<u32>::new(PIXELS);
    locate(&mut images, &mut ys, &mut xs, first, count, rows, row, stride);

    let mut sums = Array::<Vector<f32, N>>::new(PIXELS * VECTORS);
    #[unroll]
    for i in 0..PIXELS * VECTORS {
        sums[i] = Vector::new(0.0);
    }
    for ky in 0..high {
        for kx in 0..wide {
            let tap = (ky * wide + kx) * input.shape(3) * columns + column;
            add_tap(&mut sums, input, weights, &images, &ys, &xs, ky - above, kx - left, tap, columns);
        }
    }
    #[unroll]
    for p in 0..PIXELS {
        let at = clamp_max(first + p, count - 1) * columns + column;
        #[unroll]
        for v in 0..VECTORS {
            output[at + v] = sums[p * VECTORS + v];
        }
    }
}

/// The gradient of the input: `gradient` [B, H′, W′, O], `weights` [K, K′, O, C], `result` [B, H, W, C]. The pixels of a
/// thread are `stride` apart, because the same weights reach these.
#[cube(launch_unchecked)]
pub fn input_gradient<N: Size>(
    gradient: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    result: &mut Tensor<Vector<f32, N>>,
    stride: usize,
    above: usize,
    left: usize,
) {
    let (height, width, columns) = (result.shape(1), result.shape(2), result.shape(3) / N::value());
    let (rows, row) = ((height + stride - 1) / stride, (width + stride - 1) / stride);
    let (high, wide) = (weights.shape(0), weights.shape(1));
    let column_tiles = columns / VECTORS;
    let count = result.shape(0) * rows * row;
    let tiles = (count + PIXELS - 1) / PIXELS;
    let column = (ABSOLUTE_POS % column_tiles) * VECTORS;
    let tile = ABSOLUTE_POS / column_tiles;
    // Of the stride × stride kinds of pixels.
    let kind = tile / tiles;
    if kind >= stride * stride {
        terminate!();
    }
    let (kind_y, kind_x) = (kind / stride, kind % stride);
    let mut images = Array::<u32>::new(PIXELS);
    let mut ys = Array::<u32>::new(PIXELS);
    let mut xs = Array::<u32>::new(PIXELS);
    locate(&mut images, &mut ys, &mut xs, tile % tiles * PIXELS, count, rows, row, 1);

    let mut sums = Array::<Vector<f32, N>>::new(PIXELS * VECTORS);
    #[unroll]
    for i in 0..PIXELS * VECTORS {
        sums[i] = Vector::new(0.0);
    }
    for ky in 0..high {
        // Output pixel (y + padding − ky) / stride, where that is one; shifted by whole pixels, so that it is not negative.
        let to_y = kind_y + above + high * stride - ky;
        if to_y % stride == 0 {
            for kx in 0..wide {
                let to_x = kind_x + left + wide * stride - kx;
                if to_x % stride == 0 {
                    let (down, right) = (to_y / stride - high, to_x / stride - wide);
                    let tap = (ky * wide + kx) * gradient.shape(3) * columns + column;
                    add_tap(&mut sums, gradient, weights, &images, &ys, &xs, down, right, tap, columns);
                }
            }
        }
    }
    #[unroll]
    for p in 0..PIXELS {
        let (y, x) = (ys[p] as usize * stride + kind_y, xs[p] as usize * stride + kind_x);
        if y < height && x < width {
            let at = ((images[p] as usize * height + y) * width + x) * columns + column;
            #[unroll]
            for v in 0..VECTORS {
                result[at + v] = sums[p * VECTORS + v];
            }
        }
    }
}

/// The gradient of the weights, in parts that the caller adds up: `input` [B, H, W, C], `gradient` [B, H′, W′, O], `sums`
/// [parts, K, K′, C O]. Each part is over `images` images of the batch. A thread computes one vector of input channels by
/// one of output channels.
#[cube(launch_unchecked)]
pub fn weight_gradient<N: Size>(
    input: &Tensor<Vector<f32, N>>,
    gradient: &Tensor<Vector<f32, N>>,
    sums: &mut Tensor<Vector<f32, N>>,
    images: usize,
    stride: usize,
    above: usize,
    left: usize,
) {
    let (height, width, depth) = (input.shape(1), input.shape(2), input.shape(3) / N::value());
    let (rows, row, columns) = (gradient.shape(1), gradient.shape(2), gradient.shape(3) / N::value());
    let (parts, wide) = (sums.shape(0), sums.shape(2));
    let taps = sums.shape(1) * wide;
    if ABSOLUTE_POS >= parts * taps * depth * columns {
        terminate!();
    }
    let column = ABSOLUTE_POS % columns;
    let c = (ABSOLUTE_POS / columns) % depth;
    let tap = (ABSOLUTE_POS / columns / depth) % taps;
    let part = ABSOLUTE_POS / columns / depth / taps;
    let (ky, kx) = (tap / wide, tap % wide);

    let mut tile = Array::<Vector<f32, N>>::new(N::value());
    #[unroll]
    for i in 0..N::value() {
        tile[i] = Vector::new(0.0);
    }
    let end = clamp_max((part + 1) * images, input.shape(0));
    for image in part * images..end {
        for y in 0..rows {
            // Coordinates are shifted by the padding, so that none is negative.
            let from_y = y * stride + ky;
            if from_y >= above && from_y < height + above {
                let line = (image * height + from_y - above) * width;
                let to = (image * rows + y) * row;
                for x in 0..row {
                    let from_x = x * stride + kx;
                    if from_x >= left && from_x < width + left {
                        let pixel = input[(line + from_x - left) * depth + c];
                        let slope = gradient[(to + x) * columns + column];
                        #[unroll]
                        for i in 0..N::value() {
                            tile[i] += Vector::new(pixel.extract(i)) * slope;
                        }
                    }
                }
            }
        }
    }
    let at = ((part * taps + tap) * depth + c) * N::value() * columns + column;
    #[unroll]
    for i in 0..N::value() {
        sums[at + i * columns] = tile[i];
    }
}

/// `output`, contiguous, from `input`, in any order in memory and of other sizes, both of four axes: what is missing is zero,
/// and what is too much is left out.
#[cube(launch_unchecked)]
pub fn resize(input: &Tensor<f32>, output: &mut Tensor<f32>) {
    let (c, width, height) = (output.shape(3), output.shape(2), output.shape(1));
    if ABSOLUTE_POS >= output.shape(0) * height * width * c {
        terminate!();
    }
    let at_3 = ABSOLUTE_POS % c;
    let at_2 = ABSOLUTE_POS / c % width;
    let at_1 = ABSOLUTE_POS / c / width % height;
    let at_0 = ABSOLUTE_POS / c / width / height;
    let mut value = 0.0f32;
    if at_0 < input.shape(0) && at_1 < input.shape(1) && at_2 < input.shape(2) && at_3 < input.shape(3) {
        let at = at_0 * input.stride(0) + at_1 * input.stride(1) + at_2 * input.stride(2) + at_3 * input.stride(3);
        value = input[at];
    }
    output[ABSOLUTE_POS] = value;
}
