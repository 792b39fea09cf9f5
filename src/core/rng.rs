//! The only random generator of the program: small, seedable, the same on every
//! device. Every draw that shapes a run comes from here, never from a backend.

/// SplitMix64 (Steele, Lea and Flood 2014): one 64-bit word of state, full period, passes BigCrush. Good enough for
/// data order, augmentation and initial weights; not for secrets.
#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
}

/// One round of SplitMix64's output function: a bijection on 64 bits.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Rng {
    /// A generator for `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: mix(seed ^ 0x5eed) }
    }

    /// A generator for a named stream of a run, so that two uses of one seed (data order, weights) never share draws.
    pub fn stream(seed: u64, name: &str) -> Self {
        let hash =
            name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Self::new(seed).fork(hash)
    }

    /// The generator for one view of one image in one epoch.
    pub fn for_view(seed: u64, epoch: u32, image: u32, view: u8) -> Self {
        Self::stream(seed, "view").fork(u64::from(epoch)).fork((u64::from(image) << 8) | u64::from(view))
    }

    /// An independent generator derived from this one's state and `key`; this one does not advance.
    pub fn fork(&self, key: u64) -> Self {
        Self { state: mix(self.state ^ mix(key.wrapping_add(GOLDEN))) }
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// Uniform in [0, 1), 24 bits.
    pub fn unit(&mut self) -> f32 {
        (self.next_u64() >> 40) as f32 / (1u32 << 24) as f32
    }

    /// Uniform in [low, high).
    pub fn uniform(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f32) -> bool {
        self.unit() < p
    }

    /// Uniform in 0..n; 0 for n = 0. Lemire's multiply-shift: its bias is under n / 2^64.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next_u64()) * n as u128) >> 64) as usize
    }

    /// Standard normal, Box and Muller.
    pub fn normal(&mut self) -> f32 {
        let radius = (-2.0 * (1.0 - f64::from(self.unit())).ln()).sqrt();
        (radius * (std::f64::consts::TAU * f64::from(self.unit())).cos()) as f32
    }

    /// Fisher and Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_draws_the_same_and_another_does_not() {
        let draw = |e, i, v| Rng::for_view(7, e, i, v).next_u64();
        assert_eq!(draw(1, 2, 0), draw(1, 2, 0));
        let all = [draw(1, 2, 0), draw(1, 2, 1), draw(1, 3, 0), draw(2, 2, 0)];
        for (i, a) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|b| a != b));
        }
    }

    #[test]
    fn draws_have_the_moments_of_their_distribution() {
        let mut rng = Rng::new(3);
        let n = 40_000;
        let mean = (0..n).map(|_| rng.unit()).sum::<f32>() / n as f32;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        let square = (0..n).map(|_| rng.normal().powi(2)).sum::<f32>() / n as f32;
        assert!((square - 1.0).abs() < 0.03, "{square}");
        assert!((0..1000).all(|_| rng.below(7) < 7));
    }
}
