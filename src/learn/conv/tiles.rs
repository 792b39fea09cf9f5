//! The tiles of a convolution on a GPU: how many threads compute it, and how many channels these see. Any sizes will do: the
//! last tile of pixels may be in part beyond them, and missing channels are zeros.

#[cfg(feature = "gpu")]
use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers in a vector. Every WebGPU adapter reads this many at once.
pub const VECTOR: usize = 4;
/// Pixels in a thread's tile.
pub const PIXELS: usize = 4;
/// Vectors of channels in a thread's tile.
pub const VECTORS: usize = 2;
/// Least number of threads of a weight gradient. It is enough for any GPU, and adding up the threads' parts costs little.
const THREADS: usize = 16_384;

/// Multiplications of all convolutions so far: by burn's kernels, and by tiled ones.
#[cfg(feature = "gpu")]
static MULTIPLICATIONS: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

/// See [`super::tiled_share`].
#[cfg(feature = "gpu")]
pub fn tiled_share() -> Option<f64> {
    let [others, tiled] = MULTIPLICATIONS.each_ref().map(|count| count.load(Ordering::Relaxed) as f64);
    (others + tiled > 0.0).then(|| tiled / (others + tiled))
}

/// Sizes of one convolution.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub batch: usize,
    /// C and O.
    pub channels: [usize; 2],
    /// H and W, and H′ and W′.
    pub input: [usize; 2],
    pub output: [usize; 2],
    /// K and K′.
    pub kernel: [usize; 2],
    pub stride: usize,
}

impl Sizes {
    /// Of x [B, C, H, W] and the weight [O, C, K, K′].
    pub fn of(x: [usize; 4], weight: [usize; 4], stride: usize, padding: [usize; 2]) -> Self {
        let ([batch, _, height, width], [out, channels, high, wide]) = (x, weight);
        let side = |input, kernel, padding| (input + 2 * padding - kernel) / stride + 1;
        Self {
            batch,
            channels: [channels, out],
            input: [height, width],
            output: [side(height, high, padding[0]), side(width, wide, padding[1])],
            kernel: [high, wide],
            stride,
        }
    }

    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Counts one pass for [`tiled_share`].
    #[cfg(feature = "gpu")]
    pub fn count(&self, tiled: bool) {
        MULTIPLICATIONS[usize::from(tiled)].fetch_add(self.multiplications(), Ordering::Relaxed);
    }

    /// Multiplications of each of the three passes.
    pub fn multiplications(&self) -> u64 {
        [self.batch, self.taps(), self.output[0], self.output[1]]
            .into_iter()
            .chain(self.channels)
            .map(|n| n as u64)
            .product()
    }

    /// C and O as the kernels of the output see them.
    pub fn output_channels(&self) -> [usize; 2] {
        [padded(self.channels[0], 1), padded(self.channels[1], VECTORS)]
    }

    /// Threads that compute the output.
    pub fn output_threads(&self) -> usize {
        let pixels = self.batch * self.output[0] * self.output[1];
        pixels.div_ceil(PIXELS) * (self.output_channels()[1] / (VECTOR * VECTORS))
    }

    /// C and O as the kernels of the input's gradient see them.
    pub fn input_channels(&self) -> [usize; 2] {
        [padded(self.channels[0], VECTORS), padded(self.channels[1], 1)]
    }

    /// Threads that compute the input's gradient: for each of the pixels, rows and columns that are `stride` apart.
    pub fn input_threads(&self) -> usize {
        let [rows, row] = self.input.map(|side| side.div_ceil(self.stride));
        let tiles = (self.batch * rows * row).div_ceil(PIXELS);
        self.stride * self.stride * tiles * (self.input_channels()[0] / (VECTOR * VECTORS))
    }

    /// C and O as the kernels of the weight's gradient see them.
    pub fn weight_channels(&self) -> [usize; 2] {
        self.channels.map(|channels| padded(channels, 1))
    }

    /// Threads that compute the weight's gradient over one part of the batch, and the images of a part.
    pub fn weight_threads(&self) -> (usize, usize) {
        let [channels, out] = self.weight_channels();
        let tiles = self.taps() * (channels / VECTOR) * (out / VECTOR);
        (tiles, self.batch.div_ceil(THREADS.div_ceil(tiles)).max(1))
    }
}

/// `channels` in whole tiles of `vectors` vectors.
fn padded(channels: usize, vectors: usize) -> usize {
    channels.next_multiple_of(VECTOR * vectors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::architecture::{Architecture, Layer, Stem};

    /// The convolutions of `network` for 64 views of `side` pixels.
    fn convolutions(network: Architecture, stem: Stem, width: usize, side: usize) -> Vec<Sizes> {
        let (mut all, mut before) = (Vec::new(), side);
        for row in (network.facts().layers)(width, stem) {
            before = row.visit(before, &mut |layer, output| {
                let Layer::Conv(conv) = layer else { return };
                let (kernel, stride) = (conv.kernel, conv.stride);
                // An input that gives this output.
                let input = [0, 1].map(|i| (output - 1) * stride + kernel[i] - 2 * conv.padding()[i]);
                let weight = [conv.output, conv.input, kernel[0], kernel[1]];
                all.push(Sizes::of([64, conv.input, input[0], input[1]], weight, stride, conv.padding()));
                assert_eq!(all[all.len() - 1].output, [output; 2]);
            });
        }
        all
    }

    /// Multiplications of the tiles of all three passes, those with zeros too.
    fn computed(sizes: &Sizes) -> [u64; 3] {
        let tile = PIXELS * VECTOR * VECTORS;
        let output = sizes.output_threads() * tile * sizes.taps() * sizes.output_channels()[0];
        // A tap reaches one of stride² pixels.
        let input = sizes.input_threads() * tile * sizes.taps() * sizes.input_channels()[1] / sizes.stride.pow(2);
        let weight = sizes.weight_threads().0 * VECTOR * VECTOR * sizes.batch * sizes.output[0] * sizes.output[1];
        [output, input, weight].map(|n| n as u64)
    }

    #[test]
    fn tiles_cover_every_convolution_of_every_network_and_waste_little() {
        for network in Architecture::ALL {
            let facts = network.facts();
            for (&width, stem) in facts.widths.iter().flat_map(|w| [Stem::Small, Stem::ImageNet].map(|stem| (w, stem)))
            {
                for side in [32, 48, 64, 96, 128, 160, 224] {
                    if facts.weights.is_some_and(|weights| facts.is_fixed && side < weights.min_image_size) {
                        continue;
                    }
                    let (mut needed, mut made) = ([0; 3], [0; 3]);
                    for sizes in convolutions(network, stem, width as usize, side) {
                        for (pass, computed) in computed(&sizes).into_iter().enumerate() {
                            // Images need no gradient.
                            if pass == 1 && sizes.channels[0] == 3 {
                                continue;
                            }
                            assert!(computed >= sizes.multiplications(), "{network:?} {side}, pass {pass}: {sizes:?}");
                            needed[pass] += sizes.multiplications();
                            made[pass] += computed;
                        }
                    }
                    // The fourth channel of a first layer of 7×7 is most of it, in the narrowest network.
                    for (needed, made) in needed.into_iter().zip(made) {
                        assert!(needed as f64 > 0.88 * made as f64, "{network:?} {side}: {needed} of {made}");
                    }
                }
            }
        }
    }
}
