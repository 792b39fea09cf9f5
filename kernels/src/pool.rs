//! Work shared by all threads natively. In wasm there is one.

/// Calls `work` with each piece of `size` numbers of `target` and its number. What a piece becomes depends on no other.
#[cfg(not(target_arch = "wasm32"))]
pub fn each(target: &mut [f32], size: usize, work: impl Fn(usize, &mut [f32]) + Sync + Send) {
    use rayon::prelude::*;
    target.par_chunks_mut(size).enumerate().for_each(|(i, piece)| work(i, piece));
}

#[cfg(target_arch = "wasm32")]
pub fn each(target: &mut [f32], size: usize, work: impl Fn(usize, &mut [f32])) {
    target.chunks_mut(size).enumerate().for_each(|(i, piece)| work(i, piece));
}

pub fn threads() -> usize {
    #[cfg(not(target_arch = "wasm32"))]
    return rayon::current_num_threads();
    #[cfg(target_arch = "wasm32")]
    1
}
