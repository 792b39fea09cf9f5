//! λ of every layer over the run that is under way.

use crate::core::report::TrustRatios;

/// Most steps that are kept beside the newest one: as many as a small chart can
/// show.
const MOST: usize = 120;

/// Every n-th step of a run of any length, and the newest one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    layers: Vec<String>,
    /// n; 0 before the first step.
    stride: u32,
    kept: Vec<TrustRatios>,
    newest: Option<TrustRatios>,
}

impl History {
    /// Of a run at its start; without layers for one that has no λ.
    pub fn new(layers: Vec<String>) -> Self {
        Self { layers, ..Self::default() }
    }

    /// Names, in the order of the values.
    pub fn layers(&self) -> &[String] {
        &self.layers
    }

    /// Takes the next step in; one that does not fit the layers is left out.
    pub fn push(&mut self, next: &TrustRatios) {
        if next.ratios.len() != self.layers.len() || next.ratios.is_empty() {
            return;
        }
        self.stride = self.stride.max(1);
        if next.step % self.stride == 1 % self.stride {
            self.kept.push(next.clone());
        }
        if self.kept.len() > MOST {
            self.stride *= 2;
            let stride = self.stride;
            self.kept.retain(|k| k.step % stride == 1);
        }
        self.newest = Some(next.clone());
    }

    /// All that is kept, in order of the steps; the newest one is the last.
    pub fn moments(&self) -> Vec<&TrustRatios> {
        let newest = self.newest.as_ref().filter(|n| self.kept.last().is_none_or(|k| k.step < n.step));
        self.kept.iter().chain(newest).collect()
    }

    /// Step and λ of one layer.
    pub fn of(&self, layer: usize) -> Vec<(f64, f64)> {
        self.moments().iter().map(|m| (f64::from(m.step), f64::from(m.ratios[layer]))).collect()
    }

    /// Least and greatest λ of all; none before the first step.
    pub fn range(&self) -> Option<[f64; 2]> {
        let all = self.moments().into_iter().flat_map(|m| &m.ratios).map(|&r| f64::from(r));
        let ends =
            all.filter(|r| *r > 0.0 && r.is_finite()).fold([f64::INFINITY, 0.0], |[l, h], r| [r.min(l), r.max(h)]);
        (ends[1] > 0.0).then_some(ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_keeps_its_first_and_last_step_and_few_between() {
        let mut history = History::new(vec!["a".into(), "b".into()]);
        assert_eq!((history.moments().len(), history.range()), (0, None));
        for step in 1..=10_000 {
            history.push(&TrustRatios { step, ratios: vec![0.001, step as f32] });
            let moments = history.moments();
            assert_eq!((moments[0].step, moments[moments.len() - 1].step), (1, step));
            assert!(moments.len() <= MOST + 1 && moments.len() >= (step as usize).min(MOST / 2));
            assert!(moments.windows(2).all(|m| m[0].step < m[1].step));
        }
        assert_eq!(history.of(1)[0], (1.0, 1.0));
        assert_eq!(history.of(1).last(), Some(&(10_000.0, 10_000.0)));
        assert!(history.range().is_some_and(|[l, h]| (l - 0.001).abs() < 1e-9 && h == 10_000.0));
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let mut history = History::new(vec!["a".into()]);
        history.push(&TrustRatios { step: 1, ratios: vec![0.1, 0.2] });
        History::default().push(&TrustRatios { step: 1, ratios: Vec::new() });
        assert!(history.moments().is_empty());
        history.push(&TrustRatios { step: 1, ratios: vec![f32::NAN] });
        assert_eq!(history.range(), None);
    }
}
