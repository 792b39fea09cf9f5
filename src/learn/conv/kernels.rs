//! Tiled convolution kernels. A thread keeps a tile of results in registers, so it uses every number that it loads several
//! times. With one result a thread would load a number for each multiplication, and a GPU is slowest at loading.
//!
//! All activations are [B, H, W, C] and contiguous; a vector holds channels.

// The `cube` macro writes code that these lints refuse, and it knows no `is_multiple_of`.
#![allow(missing_docs, clippy::too_many_arguments, clippy::manual_is_multiple_of)]

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

/// Pixels of a row in a thread's tile.
pub const PIXELS: usize = 4;
/// Vectors of channels in a thread's tile.
pub const VECTORS: usize = 2;

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

/// `input` [B, H, W, C], `weights` [K, K, C, O], `output` [B, H′, W′, O]. A thread computes [`PIXELS`] neighbours in a row,
/// each in [`VECTORS`] vectors of channels.
#[cube(launch_unchecked)]
pub fn forward<N: Size>(
    input: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    output: &mut Tensor<Vector<f32, N>>,
    stride: usize,
    padding: usize,
) {
    let (height, width, depth) = (input.shape(1), input.shape(2), input.shape(3) / N::value());
    let (rows, row, columns) = (output.shape(1), output.shape(2), output.shape(3) / N::value());
    let kernel = weights.shape(0);
    let (column_tiles, row_tiles) = (columns / VECTORS, row / PIXELS);
    if ABSOLUTE_POS >= output.shape(0) * rows * row_tiles * column_tiles {
        terminate!();
    }
    let column = (ABSOLUTE_POS % column_tiles) * VECTORS;
    let tile = ABSOLUTE_POS / column_tiles;
    let x = (tile % row_tiles) * PIXELS;
    let y = (tile / row_tiles) % rows;
    let image = tile / row_tiles / rows;

    let mut sums = Array::<Vector<f32, N>>::new(PIXELS * VECTORS);
    #[unroll]
    for i in 0..PIXELS * VECTORS {
        sums[i] = Vector::new(0.0);
    }
    for ky in 0..kernel {
        // Coordinates are shifted by the padding, so that none is negative.
        let from_y = y * stride + ky;
        if from_y >= padding && from_y < height + padding {
            let line = (image * height + from_y - padding) * width;
            for kx in 0..kernel {
                for c in 0..depth {
                    let mut pixels = Array::<Vector<f32, N>>::new(PIXELS);
                    #[unroll]
                    for p in 0..PIXELS {
                        let from_x = (x + p) * stride + kx;
                        pixels[p] = Vector::new(0.0);
                        if from_x >= padding && from_x < width + padding {
                            pixels[p] = input[(line + from_x - padding) * depth + c];
                        }
                    }
                    let at = ((ky * kernel + kx) * depth + c) * N::value() * columns + column;
                    accumulate(&mut sums, &pixels, weights, at, columns);
                }
            }
        }
    }
    #[unroll]
    for p in 0..PIXELS {
        let at = ((image * rows + y) * row + x + p) * columns + column;
        #[unroll]
        for v in 0..VECTORS {
            output[at + v] = sums[p * VECTORS + v];
        }
    }
}

/// The gradient of the input: `gradient` [B, H′, W′, O], `weights` [K, K, O, C], `result` [B, H, W, C]. The pixels of a
/// thread are `stride` apart, because the same weights reach these.
#[cube(launch_unchecked)]
pub fn input_gradient<N: Size>(
    gradient: &Tensor<Vector<f32, N>>,
    weights: &Tensor<Vector<f32, N>>,
    result: &mut Tensor<Vector<f32, N>>,
    stride: usize,
    padding: usize,
) {
    let (height, width, depth) = (gradient.shape(1), gradient.shape(2), gradient.shape(3) / N::value());
    let (rows, row, columns) = (result.shape(1), result.shape(2), result.shape(3) / N::value());
    let kernel = weights.shape(0);
    let (column_tiles, row_tiles) = (columns / VECTORS, row / PIXELS);
    if ABSOLUTE_POS >= result.shape(0) * rows * row_tiles * column_tiles {
        terminate!();
    }
    let column = (ABSOLUTE_POS % column_tiles) * VECTORS;
    let tile = ABSOLUTE_POS / column_tiles;
    let in_row = tile % row_tiles;
    let x = (in_row / stride) * (PIXELS * stride) + in_row % stride;
    let y = (tile / row_tiles) % rows;
    let image = tile / row_tiles / rows;

    let mut sums = Array::<Vector<f32, N>>::new(PIXELS * VECTORS);
    #[unroll]
    for i in 0..PIXELS * VECTORS {
        sums[i] = Vector::new(0.0);
    }
    for ky in 0..kernel {
        // Output pixel (y + padding − ky) / stride, where that is one.
        let to_y = y + padding;
        if to_y >= ky && (to_y - ky) % stride == 0 && (to_y - ky) / stride < height {
            let line = (image * height + (to_y - ky) / stride) * width;
            for kx in 0..kernel {
                // Shifted by whole pixels of the output, so that it is not negative.
                let to_x = x + padding + kernel * stride - kx;
                if to_x % stride == 0 {
                    let first = to_x / stride;
                    for c in 0..depth {
                        let mut pixels = Array::<Vector<f32, N>>::new(PIXELS);
                        #[unroll]
                        for p in 0..PIXELS {
                            pixels[p] = Vector::new(0.0);
                            if first + p >= kernel && first + p < width + kernel {
                                pixels[p] = gradient[(line + first + p - kernel) * depth + c];
                            }
                        }
                        let at = ((ky * kernel + kx) * depth + c) * N::value() * columns + column;
                        accumulate(&mut sums, &pixels, weights, at, columns);
                    }
                }
            }
        }
    }
    #[unroll]
    for p in 0..PIXELS {
        let at = ((image * rows + y) * row + x + p * stride) * columns + column;
        #[unroll]
        for v in 0..VECTORS {
            result[at + v] = sums[p * VECTORS + v];
        }
    }
}

/// The gradient of the weights, in parts that the caller adds up: `input` [B, H, W, C], `gradient` [B, H′, W′, O], `sums`
/// [parts, K, K, C O]. Each part is over `images` images of the batch. A thread computes one vector of input channels by
/// one of output channels.
#[cube(launch_unchecked)]
pub fn weight_gradient<N: Size>(
    input: &Tensor<Vector<f32, N>>,
    gradient: &Tensor<Vector<f32, N>>,
    sums: &mut Tensor<Vector<f32, N>>,
    images: usize,
    stride: usize,
    padding: usize,
) {
    let (height, width, depth) = (input.shape(1), input.shape(2), input.shape(3) / N::value());
    let (rows, row, columns) = (gradient.shape(1), gradient.shape(2), gradient.shape(3) / N::value());
    let (parts, kernel) = (sums.shape(0), sums.shape(1));
    if ABSOLUTE_POS >= parts * kernel * kernel * depth * columns {
        terminate!();
    }
    let column = ABSOLUTE_POS % columns;
    let c = (ABSOLUTE_POS / columns) % depth;
    let tap = (ABSOLUTE_POS / columns / depth) % (kernel * kernel);
    let part = ABSOLUTE_POS / columns / depth / (kernel * kernel);
    let (ky, kx) = (tap / kernel, tap % kernel);

    let mut tile = Array::<Vector<f32, N>>::new(N::value());
    #[unroll]
    for i in 0..N::value() {
        tile[i] = Vector::new(0.0);
    }
    let end = clamp_max((part + 1) * images, input.shape(0));
    for image in part * images..end {
        for y in 0..rows {
            let from_y = y * stride + ky;
            if from_y >= padding && from_y < height + padding {
                let line = (image * height + from_y - padding) * width;
                let to = (image * rows + y) * row;
                for x in 0..row {
                    let from_x = x * stride + kx;
                    if from_x >= padding && from_x < width + padding {
                        let pixel = input[(line + from_x - padding) * depth + c];
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
    let at = ((part * kernel * kernel + tap) * depth + c) * N::value() * columns + column;
    #[unroll]
    for i in 0..N::value() {
        sums[at + i * columns] = tile[i];
    }
}
