//! Work shared by all threads. In wasm they are those of rayon's global pool, which the program starts, or the calling one.

use rayon::prelude::*;

/// Calls `work` with each piece of `size` numbers of `target` and its number. What a piece becomes depends on no other.
pub fn each(target: &mut [f32], size: usize, work: impl Fn(usize, &mut [f32]) + Sync + Send) {
    target.par_chunks_mut(size).enumerate().for_each(|(i, piece)| work(i, piece));
}

pub fn threads() -> usize {
    rayon::current_num_threads()
}
