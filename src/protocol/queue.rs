//! The page's requests: their numbers, the order in which they may leave, and
//! which of them brought images and weights, so that a new worker can load them again.
//! It knows no browser; `F` stands for its `File`.

use super::Request;
use crate::core::dataset::ImportRole;

/// A request as it is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel<F> {
    pub id: u32,
    pub request: Request,
    pub files: Vec<F>,
}

impl<F> Parcel<F> {
    /// A message that is no answer's business, such as a ping.
    pub fn unnumbered(request: Request) -> Self {
        Self { id: 0, request, files: Vec::new() }
    }
}

#[derive(Debug)]
pub struct Queue<F> {
    last_id: u32,
    waiting: Vec<Parcel<F>>,
    /// The job whose answer the next job waits for: the worker does one at a
    /// time and refuses others. True if it is an estimate.
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

    /// Takes a request in and returns its number, and the numbers of those that
    /// it puts out of use before they left: nobody else answers them.
    pub fn push(&mut self, request: Request, files: Vec<F>) -> (u32, Vec<u32>) {
        // Only the newest estimate matters, and none once a run starts.
        let dropped = match request {
            Request::Estimate { .. } | Request::Start { .. } => {
                self.withdraw(|waiting| matches!(waiting, Request::Estimate { .. }))
            }
            _ => Vec::new(),
        };
        let at = self.waiting.len();
        (self.insert(at, request, files), dropped)
    }

    /// [`Queue::push`] before all that waits.
    pub fn push_first(&mut self, request: Request) -> u32 {
        self.insert(0, request, Vec::new())
    }

    /// Takes out what has not left yet, and returns the numbers: nobody else
    /// answers them.
    pub fn withdraw(&mut self, which: impl Fn(&Request) -> bool) -> Vec<u32> {
        let out: Vec<u32> = self.waiting.extract_if(.., |p| which(&p.request)).map(|p| p.id).collect();
        self.images.retain(|p| !out.contains(&p.id));
        out
    }

    /// Takes out what has not left yet of the job that `cancel` would end, as the
    /// worker knows nothing of it; see [`Queue::withdraw`].
    pub fn cancelled(&mut self, cancel: &Request) -> Vec<u32> {
        match cancel {
            Request::CancelImport => self.withdraw(Request::is_import),
            Request::CancelWeights => self.withdraw(|r| matches!(r, Request::FetchWeights { .. })),
            Request::CancelEvaluation => self.withdraw(|r| matches!(r, Request::Evaluate | Request::Classify { .. })),
            _ => Vec::new(),
        }
    }

    fn insert(&mut self, at: usize, request: Request, files: Vec<F>) -> u32 {
        self.last_id += 1;
        let parcel = Parcel { id: self.last_id, request, files };
        if parcel.request.is_import() {
            self.images.push(parcel.clone());
        }
        if parcel.request == Request::OpenWeights {
            self.weights.push(parcel.clone());
        }
        self.waiting.insert(at, parcel);
        self.last_id
    }

    /// What may leave now: jobs one after the other, the rest at once.
    pub fn pop(&mut self) -> Option<Parcel<F>> {
        // What is asked of a run does not overtake its start.
        let start = self.waiting.iter().position(|p| matches!(p.request, Request::Start { .. }));
        let early = |at: usize, request: &Request| {
            matches!(request, Request::Pause | Request::Cancel) && start.is_some_and(|start| start < at)
        };
        let may_go =
            |(at, p): (usize, &Parcel<F>)| (self.serving.is_none() || !p.request.is_job()) && !early(at, &p.request);
        let at = self.waiting.iter().enumerate().position(may_go)?;
        let parcel = self.waiting.remove(at);
        if parcel.request.is_answered_job() {
            self.serving = Some((parcel.id, matches!(parcel.request, Request::Estimate { .. })));
        }
        Some(parcel)
    }

    /// Whether the job under way is an estimate.
    pub fn estimates(&self) -> bool {
        self.serving.is_some_and(|(_, estimate)| estimate)
    }

    /// The answer to a request has come, `good` or a fault; true if it was an
    /// import. One that gave no set is forgotten, one that gave a new set puts
    /// those before it out of use.
    pub fn answered(&mut self, id: u32, good: bool) -> bool {
        if self.serving.is_some_and(|(serving, _)| serving == id) {
            self.serving = None;
        }
        if !good {
            self.weights.retain(|p| p.id != id);
        }
        let Some(at) = self.images.iter().position(|p| p.id == id) else { return false };
        match self.images[at].request {
            _ if !good => drop(self.images.remove(at)),
            Request::LoadSample { .. } | Request::Import { role: ImportRole::New, .. } => drop(self.images.drain(..at)),
            // Of several readings at another size only the last counts.
            Request::Resize { .. } => {
                self.images.retain(|p| p.id >= id || !matches!(p.request, Request::Resize { .. }));
            }
            _ => {}
        }
        true
    }

    /// The worker is gone, and with it what was asked of it. Imports and weights are kept,
    /// but not the one that it was at: a new worker might end by it too.
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

impl Request {
    /// Answered by [`Event::Imported`](super::Event::Imported) where all goes well.
    pub fn is_import(&self) -> bool {
        matches!(self, Self::LoadSample { .. } | Self::Import { .. } | Self::Resize { .. })
    }

    /// Work that the worker refuses while it does other such work.
    pub fn is_job(&self) -> bool {
        let on_its_own = matches!(
            self,
            Self::Start { .. } | Self::Evaluate | Self::FineTune { .. } | Self::ResumeFineTune | Self::StartQueue
        );
        self.is_answered_job() || on_its_own
    }

    /// What only shows or ends something of a worker: one that has died is not
    /// started again for it.
    pub fn needs_no_worker(&self) -> bool {
        matches!(
            self,
            Self::Pause
                | Self::Cancel
                | Self::CancelEvaluation
                | Self::CancelImport
                | Self::CancelFineTune
                | Self::CancelWeights
                | Self::KeptWeights
                | Self::StopQueue
                | Self::Ping { .. }
                | Self::Queue
                | Self::Runs
        )
    }

    /// A job that ends with the answer to its own request.
    fn is_answered_job(&self) -> bool {
        let takes_its_time = matches!(
            self,
            Self::UseDevice(_)
                | Self::Estimate { .. }
                | Self::NtXent(_)
                | Self::OpenRun { .. }
                | Self::KeepImages
                | Self::Classify { .. }
                | Self::OpenWeights
        );
        self.is_import() || takes_its_time
    }
}

#[cfg(test)]
mod tests;
