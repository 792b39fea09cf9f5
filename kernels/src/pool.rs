//! Work shared by all threads. In wasm they are those of rayon's global pool, which the program starts, or the calling one.

use rayon::prelude::*;
use std::ops::Range;

/// Numbers of a piece of [`zeros`].
const PIECE: usize = 256;
/// Numbers that one thread clears sooner than it wakes another.
const FEW: usize = 1 << 14;
/// Groups of pieces in [`sums`], and the numbers that all sums together are, at most.
const GROUPS: usize = 4;
const SUMS: usize = 1 << 18;

/// Calls `work` with each piece of `size` values of `target` and its number. What a piece becomes depends on no other.
pub fn each<T: Send>(target: &mut [T], size: usize, work: impl Fn(usize, &mut [T]) + Sync + Send) {
    match target.len() <= size {
        true => work(0, target),
        false => target.par_chunks_mut(size).enumerate().for_each(|(i, piece)| work(i, piece)),
    }
}

/// [`each`] where pieces are many and small: some of them make one.
pub fn each_small(target: &mut [f32], size: usize, work: impl Fn(usize, &mut [f32]) + Sync + Send) {
    let some = (FEW / size).max(1);
    each(target, some * size, |first, pieces| {
        pieces.chunks_mut(size).enumerate().for_each(|(i, piece)| work(first * some + i, piece));
    });
}

/// [`each`] with the pieces of two targets.
pub fn each_of_two<A: Send, B: Send>(
    a: &mut [A],
    size_a: usize,
    b: &mut [B],
    size_b: usize,
    work: impl Fn(usize, &mut [A], &mut [B]) + Sync + Send,
) {
    let pieces = a.par_chunks_mut(size_a).zip(b.par_chunks_mut(size_b));
    pieces.enumerate().for_each(|(i, (a, b))| work(i, a, b));
}

/// What `work` makes of each number below `count`.
pub fn map<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
    (0..count).into_par_iter().map(work).collect()
}

/// Adds `other` to `sum`, number by number.
pub fn add(sum: &mut [f32], other: &[f32]) {
    each(sum, FEW, |i, sum| sum.iter_mut().zip(&other[i * FEW..]).for_each(|(sum, other)| *sum += other));
}

/// `count` zeros, for results. All threads write them: in wasm an allocator clears what it gives, on one thread.
pub fn zeros(count: usize) -> Vec<f32> {
    if count < FEW {
        return vec![0.0; count];
    }
    let pieces: Vec<[f32; PIECE]> = rayon::iter::repeat_n([0.0; PIECE], count.div_ceil(PIECE)).collect();
    let mut zeros = pieces.into_flattened();
    zeros.truncate(count);
    zeros
}

/// Sums over `pieces` of the input, `count` numbers in blocks of `block`: `work` adds those of some pieces to some blocks, from
/// the given one on. Groups of pieces have sums of their own, which are then added in order. So the sums are the same for any
/// number of threads, and what a piece needs is made once.
pub fn sums(
    count: usize,
    pieces: usize,
    block: usize,
    work: impl Fn(Range<usize>, usize, &mut [f32]) + Sync + Send,
) -> Vec<f32> {
    let group = pieces.div_ceil((SUMS / count).clamp(1, GROUPS));
    let groups = pieces.div_ceil(group);
    let parts = (1..).find(|parts| is_fair(groups * parts)).unwrap_or(1);
    let blocks = count.div_ceil(block).div_ceil(parts);
    let mut all = zeros(groups * count);
    each(&mut all, count, |i, sums| {
        let pieces = i * group..pieces.min((i + 1) * group);
        each(sums, blocks * block, |part, sums| work(pieces.clone(), part * blocks, sums));
    });
    let (sums, others) = all.split_at_mut(count);
    others.chunks_exact(count).for_each(|other| add(sums, other));
    all.truncate(count);
    all
}

/// Whether so many equal tasks keep all threads busy to the end, about.
pub fn is_fair(tasks: usize) -> bool {
    tasks.is_multiple_of(threads()) || tasks >= 2 * threads()
}

pub fn threads() -> usize {
    rayon::current_num_threads()
}
