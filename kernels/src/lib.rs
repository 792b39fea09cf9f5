//! Convolution, batch normalisation and pooling on a CPU, with their gradients, for wasm and native code alike.
//!
//! No sum depends on the number of threads. NaN and infinity reach every output that they touch.

mod direct;
mod norm;
mod plane;
mod pool;
mod tile;
mod window;
mod winograd;

pub use norm::Norm;
use plane::Walk;
pub use pool::{add, map, zeros};
use tile::{Lanes, ROWS};
pub use window::{average, average_gradient, max_pool, max_pool_gradient};

#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    all(target_arch = "wasm32", target_feature = "simd128")
)))]
compile_error!("the kernels know the vectors of x86-64, of 64-bit ARM, and of wasm with simd128");

/// Sizes of a convolution without groups or dilation: x [B, C, H, W], weight [O, C, K, K′], output [B, O, H′, W′].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizes {
    /// B.
    pub batch: usize,
    /// C and O.
    pub channels: [usize; 2],
    /// H and W.
    pub input: [usize; 2],
    /// K and K′.
    pub kernel: [usize; 2],
    /// The same in both directions.
    pub stride: usize,
    /// Zeros at each border, above and on the left.
    pub padding: [usize; 2],
}

impl Sizes {
    /// H′ and W′.
    pub fn output(&self) -> [usize; 2] {
        [0, 1].map(|i| (self.input[i] + 2 * self.padding[i] - self.kernel[i]) / self.stride + 1)
    }
}

/// What becomes of the sums of a convolution: the bias is added, what lies at their place too if `add`, and ReLU follows if
/// `relu`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Finish<'a> {
    /// [O], or nothing.
    pub bias: &'a [f32],
    /// Whether the numbers that the target holds are added.
    pub add: bool,
    /// Whether ReLU follows.
    pub relu: bool,
}

impl Finish<'_> {
    /// The same from output channel `o` on.
    fn from(&self, o: usize) -> Self {
        Self { bias: self.bias.get(o..).unwrap_or_default(), ..*self }
    }

    /// What becomes of sums of a channel where the target holds `old`.
    #[inline(always)]
    fn sum(&self, mut sums: Lanes, bias: Option<Lanes>, old: Option<Lanes>) -> Lanes {
        if let Some(bias) = bias {
            sums = sums + bias;
        }
        if let Some(old) = old {
            sums = sums + old;
        }
        if self.relu { sums.rectified() } else { sums }
    }

    fn bias(&self, o: usize) -> Option<Lanes> {
        self.bias.get(o).map(|&bias| Lanes::all(bias))
    }
}

/// The output [B, O, H′, W′].
pub fn forward(of: &Sizes, x: &[f32], weight: &[f32], y: &mut [f32]) {
    forward_packed(of, x, &pack(of, weight), &Finish::default(), y);
}

/// The weight [O, C, K, K′] in the order in which the kernels read it, by the way of computing that is the faster one for these
/// sizes. [`forward_packed`] takes it for any batch and size of images.
pub fn pack(of: &Sizes, weight: &[f32]) -> Vec<f32> {
    let ([depth, out], [high, wide]) = (of.channels, of.kernel);
    packed(&forward_walk(of), of.batch, |o, c, ky, kx| weight[((o * depth + c) * high + ky) * wide + kx], out)
}

/// The output [B, O, H′, W′] by a weight of [`pack`]. A residual lies in `y` before.
pub fn forward_packed(of: &Sizes, x: &[f32], packed: &[f32], finish: &Finish, y: &mut [f32]) {
    convolve(&forward_walk(of), of.batch, x, packed, of.channels[1], finish, y);
}

/// The gradient of the input [B, C, H, W], added to what `dx` holds if `add`.
pub fn input_gradient(of: &Sizes, weight: &[f32], gradient: &[f32], add: bool, dx: &mut [f32]) {
    let ([depth, out], [high, wide], stride) = (of.channels, of.kernel, of.stride);
    if !add && of.kernel.iter().any(|&side| side < stride) {
        // Inputs that no tap meets.
        dx.fill(0.0);
    }
    let finish = Finish { add, ..Finish::default() };
    // The inputs of one phase, `stride` apart, meet the same taps: those as far from it, modulo the stride.
    for phase in (0..stride * stride).map(|i| [i / stride, i % stride]) {
        let shifted = [0, 1].map(|i| phase[i] + of.padding[i]);
        let taps = [0, 1].map(|i| (of.kernel[i] + stride - 1 - shifted[i] % stride) / stride);
        let results = [0, 1].map(|i| (of.input[i] + stride - 1).saturating_sub(phase[i]) / stride);
        if taps[0] * taps[1] * results[0] * results[1] == 0 {
            continue;
        }
        let walk = Walk {
            depth: out,
            source: of.output(),
            margin: [0, 1].map(|i| taps[i] as isize - 1 - (shifted[i] / stride) as isize),
            stride: 1,
            taps,
            results,
            target: of.input,
            start: phase,
            step: stride,
        };
        let weight = |c, o, y, x| {
            let [ky, kx] = [(0, y), (1, x)].map(|(i, at)| shifted[i] % stride + stride * (taps[i] - 1 - at));
            weight[((o * depth + c) * high + ky) * wide + kx]
        };
        let walk = flat(walk);
        let packed = packed(&walk, of.batch, weight, depth);
        convolve(&walk, of.batch, gradient, &packed, depth, &finish, dx);
    }
}

/// The gradient of the weight [O, C, K, K′].
pub fn weight_gradient(of: &Sizes, x: &[f32], gradient: &[f32]) -> Vec<f32> {
    let (walk, out) = (forward_walk(of), of.channels[1]);
    let correlate = if winograd::suits(&walk, out) { winograd::correlate } else { direct::correlate };
    correlate(&walk, of.batch, x, gradient, out)
}

/// Packed weights of the faster way.
fn packed(
    walk: &Walk,
    batch: usize,
    weight: impl Fn(usize, usize, usize, usize) -> f32 + Sync,
    out: usize,
) -> Vec<f32> {
    if winograd::suits(walk, out) && winograd::pays(walk, batch) {
        winograd::pack(walk.depth, out, weight)
    } else {
        direct::pack(walk.depth, out, walk.taps, weight)
    }
}

/// `target` [B, `out`, …] from `source` [B, depth, …], by the way that the weights are packed for.
fn convolve(
    walk: &Walk,
    batch: usize,
    source: &[f32],
    packed: &[f32],
    out: usize,
    finish: &Finish,
    target: &mut [f32],
) {
    let direct = out.next_multiple_of(ROWS) * walk.depth * walk.taps[0] * walk.taps[1];
    if packed.len() == direct {
        direct::convolve(walk, batch, source, packed, out, finish, target);
    } else {
        winograd::convolve(walk, batch, source, packed, out, finish, target);
    }
}

/// Images that are computed together, at most `images`, and output channels, so that every thread has work.
fn split(batch: usize, images: usize, out: usize) -> [usize; 2] {
    let most = |pieces: usize| images.min(batch.div_ceil(pieces));
    let once = most(pool::threads());
    let images = if pool::is_fair(batch.div_ceil(once)) { once } else { most(2 * pool::threads()) };
    let parts = if images == 1 { pool::threads().div_ceil(batch) } else { 1 };
    [images, out.div_ceil(ROWS).div_ceil(parts) * ROWS]
}

fn forward_walk(of: &Sizes) -> Walk {
    flat(Walk {
        depth: of.channels[0],
        source: of.input,
        margin: of.padding.map(|zeros| zeros as isize),
        stride: of.stride,
        taps: of.kernel,
        results: of.output(),
        target: of.output(),
        start: [0, 0],
        step: 1,
    })
}

/// A plane is one row to a 1×1 kernel.
fn flat(mut walk: Walk) -> Walk {
    if walk.is_plain() && walk.target == walk.results {
        let row = [1, walk.source[0] * walk.source[1]];
        (walk.source, walk.results, walk.target) = (row, row, row);
    }
    walk
}
