//! What a browser remembers of a lesson between visits.

/// The last step seen and the questions answered right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Counted from 0.
    pub step: usize,
    /// Bit k: step k.
    done: u32,
}

impl Progress {
    pub fn is_done(&self, step: usize) -> bool {
        step < 32 && self.done >> step & 1 == 1
    }

    /// Notes step `step`'s question as answered right.
    pub fn mark(&mut self, step: usize) {
        if step < 32 {
            self.done |= 1 << step;
        }
    }

    /// Questions answered right.
    pub fn count(&self) -> u32 {
        self.done.count_ones()
    }

    /// `4 1,2,3`: the step, then the steps done, all from 1.
    pub fn to_text(&self) -> String {
        let done: Vec<String> = (0..32).filter(|&k| self.is_done(k)).map(|k| (k + 1).to_string()).collect();
        format!("{} {}", self.step + 1, done.join(","))
    }

    /// Reads what an earlier visit, perhaps of an earlier version, wrote; what
    /// makes no sense for a lesson of `steps` steps is left out.
    pub fn from_text(text: &str, steps: usize) -> Self {
        let (step, done) = text.split_once(' ').unwrap_or((text, ""));
        let number = |s: &str| s.parse::<usize>().ok().filter(|n| (1..=steps).contains(n)).map(|n| n - 1);
        let mut progress = Self { step: number(step).unwrap_or(0), done: 0 };
        done.split(',').filter_map(number).for_each(|k| progress.mark(k));
        progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        let mut progress = Progress { step: 3, ..Progress::default() };
        [0, 2, 8].into_iter().for_each(|k| progress.mark(k));
        assert_eq!(progress.to_text(), "4 1,3,9");
        assert_eq!(Progress::from_text("4 1,3,9", 9), progress);
        assert_eq!((progress.count(), progress.is_done(2), progress.is_done(1)), (3, true, false));
    }

    #[test]
    fn nonsense_is_a_new_start() {
        for text in ["", "x", "0 0", "99 77,-1,x", "{\"step\":4}"] {
            assert_eq!(Progress::from_text(text, 9), Progress::default(), "{text}");
        }
        // A lesson that has become shorter.
        assert_eq!(Progress::from_text("9 1,9", 5).to_text(), "1 1");
    }
}
