//! The page's requests: their numbers, the order in which they may leave, and which of them brought images and weights,
//! so that a new worker can load them again. It does not use the browser: `F` stands for its `File`. What it does with
//! a request follows from the request's [`Policy`](super::Policy).

use super::{JobAnswer, Paused, Reload, Request, Work};

/// A request as it is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel<F> {
    pub id: u32,
    pub request: Request,
    pub files: Vec<F>,
}

impl<F> Parcel<F> {
    /// A message whose answer nobody waits for, such as a ping.
    pub fn unnumbered(request: Request) -> Self {
        Self { id: 0, request, files: Vec::new() }
    }
}

#[derive(Debug)]
pub struct Queue<F> {
    last_id: u32,
    waiting: Vec<Parcel<F>>,
    /// The job whose answer the next job waits for: the worker does one at a
    /// time and refuses others. With whether it is an estimate.
    serving: Option<(u32, bool)>,
    /// Imports that made the current set, and those not yet answered.
    images: Vec<Parcel<F>>,
    /// Files of weights that the worker holds, and those not yet answered.
    weights: Vec<Parcel<F>>,
}

impl<F: Clone> Queue<F> {
    pub fn new() -> Self {
        Self { last_id: 0, waiting: Vec::new(), serving: None, images: Vec::new(), weights: Vec::new() }
    }

    /// Takes a request in. Returns its number, and the numbers of those that it drops: only the newest estimate
    /// matters, and none once a run starts. The caller answers the dropped ones.
    pub fn push(&mut self, request: Request, files: Vec<F>) -> (u32, Vec<u32>) {
        let dropped = match request.policy().drops_estimates {
            true => self.withdraw(|waiting| waiting.policy().is_estimate),
            false => Vec::new(),
        };
        let at = self.waiting.len();
        (self.insert(at, request, files), dropped)
    }

    /// [`Queue::push`] before all that waits.
    pub fn push_first(&mut self, request: Request) -> u32 {
        self.insert(0, request, Vec::new())
    }

    /// Takes out what `work` has waiting here, of which the worker does not know. Returns the
    /// numbers, which the caller answers.
    pub fn cancelled(&mut self, work: Work) -> Vec<u32> {
        self.withdraw(|waiting| waiting.policy().cancelled_with == Some(work))
    }

    fn withdraw(&mut self, which: impl Fn(&Request) -> bool) -> Vec<u32> {
        let out: Vec<u32> = self.waiting.extract_if(.., |p| which(&p.request)).map(|p| p.id).collect();
        self.images.retain(|p| !out.contains(&p.id));
        out
    }

    fn insert(&mut self, at: usize, request: Request, files: Vec<F>) -> u32 {
        self.last_id += 1;
        let parcel = Parcel { id: self.last_id, request, files };
        match parcel.request.policy().reload {
            Some(Reload::Weights) => self.weights.push(parcel.clone()),
            Some(_) => self.images.push(parcel.clone()),
            None => {}
        }
        self.waiting.insert(at, parcel);
        self.last_id
    }

    /// What may leave now: jobs one after the other, the rest at once.
    pub fn pop(&mut self) -> Option<Parcel<F>> {
        let starts = |request: &Request| {
            matches!(request, Request::Start { .. } | Request::Resume(Paused::Run | Paused::RunForOneStep))
        };
        let start = self.waiting.iter().position(|p| starts(&p.request));
        let may_go = |(at, parcel): (usize, &Parcel<F>)| {
            let policy = parcel.request.policy();
            let early = policy.follows_start && start.is_some_and(|start| start < at);
            (self.serving.is_none() || policy.job.is_none()) && !early
        };
        let at = self.waiting.iter().enumerate().position(may_go)?;
        let parcel = self.waiting.remove(at);
        let policy = parcel.request.policy();
        if policy.job == Some(JobAnswer::AtEnd) {
            self.serving = Some((parcel.id, policy.is_estimate));
        }
        Some(parcel)
    }

    /// Whether the job under way is an estimate.
    pub fn estimates(&self) -> bool {
        self.serving.is_some_and(|(_, estimate)| estimate)
    }

    /// The answer to a request has come, `good` or a fault; true if it was an import. One that gave no set is
    /// forgotten, one that gave a new set puts those before it out of use.
    pub fn answered(&mut self, id: u32, good: bool) -> bool {
        if self.serving.is_some_and(|(serving, _)| serving == id) {
            self.serving = None;
        }
        if !good {
            self.weights.retain(|p| p.id != id);
        }
        let Some(at) = self.images.iter().position(|p| p.id == id) else { return false };
        match self.images[at].request.policy().reload {
            _ if !good => drop(self.images.remove(at)),
            Some(Reload::NewImages) => drop(self.images.drain(..at)),
            Some(Reload::ImagesAgain) => {
                self.images.retain(|p| p.id >= id || p.request.policy().reload != Some(Reload::ImagesAgain));
            }
            _ => {}
        }
        true
    }

    /// The worker has ended, and with it what was asked of it. Imports and weights are kept,
    /// except the one under way: a new worker might end by it too.
    pub fn stop(&mut self) {
        self.waiting.clear();
        if let Some((serving, _)) = self.serving.take() {
            self.images.retain(|p| p.id != serving);
            self.weights.retain(|p| p.id != serving);
        }
    }

    /// Puts weights and imports in line for another worker; false if there are no imports.
    pub fn reload(&mut self) -> bool {
        self.waiting = self.weights.iter().chain(&self.images).cloned().collect();
        !self.images.is_empty()
    }
}

impl<F: Clone> Default for Queue<F> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
