//! What the page itself remembers of a run that was not finished, so that it can offer the
//! run again before the worker is loaded: a few lines of text.

use super::DataIdentity;

/// Stands before the id, of letters and digits, if a fine-tuning was not finished.
const TUNING: &str = "tuning ";

/// Which run can be continued, and on which images.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnfinishedRun {
    /// [`RunRecord::id`](super::RunRecord::id).
    pub id: String,
    /// The user's name for the run; may be empty.
    pub name: String,
    /// Step of the checkpoint, and steps of the whole run.
    pub step: u32,
    pub total: u32,
    /// Side of the images in pixels, and the seed of their split.
    pub size: u32,
    pub split_seed: u64,
    pub images: usize,
    /// Whether a fine-tuning was not finished.
    pub tuning: bool,
    /// See [`DataIdentity::sources`](super::DataIdentity::sources).
    pub sources: Vec<String>,
}

impl UnfinishedRun {
    /// Only the images of a run.
    pub fn of_images(size: usize, data: &DataIdentity) -> Self {
        Self {
            size: size as u32,
            images: data.images,
            sources: data.sources.clone(),
            split_seed: data.split_seed,
            ..Self::default()
        }
    }

    /// What [`UnfinishedRun::from_text`] reads: a line each, the sources last.
    pub fn to_text(&self) -> String {
        let line = |text: &str| text.replace(['\n', '\r'], " ");
        let numbers = [
            self.step.to_string(),
            self.total.to_string(),
            self.size.to_string(),
            self.split_seed.to_string(),
            self.images.to_string(),
        ];
        let mark = if self.tuning { TUNING } else { "" };
        let mut lines = vec![format!("{mark}{}", line(&self.id)), line(&self.name)];
        lines.extend(numbers);
        lines.extend(self.sources.iter().map(|source| line(source)));
        lines.join("\n")
    }

    /// `None` if [`UnfinishedRun::to_text`] did not write this.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        let first = lines.next()?;
        let tuning = first.starts_with(TUNING);
        let id = first.trim_start_matches(TUNING).to_owned();
        let name = lines.next().filter(|_| !id.is_empty())?.to_owned();
        Some(Self {
            id,
            name,
            step: lines.next()?.parse().ok()?,
            total: lines.next()?.parse().ok()?,
            size: lines.next()?.parse().ok()?,
            split_seed: lines.next()?.parse().ok()?,
            images: lines.next()?.parse().ok()?,
            tuning,
            sources: lines.map(str::to_owned).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_nothing_else_does() {
        let unfinished = UnfinishedRun {
            id: "k3j".into(),
            name: "τ = 0.1, \"mine\"".into(),
            step: 120,
            total: 4000,
            size: 32,
            split_seed: 7,
            images: 2000,
            tuning: true,
            sources: vec!["sample set".into(), "more.zip".into()],
        };
        assert_eq!(UnfinishedRun::from_text(&unfinished.to_text()), Some(unfinished.clone()));
        let odd = UnfinishedRun { name: "two\nlines".into(), sources: Vec::new(), ..unfinished };
        assert_eq!(UnfinishedRun::from_text(&odd.to_text()), Some(UnfinishedRun { name: "two lines".into(), ..odd }));
        for text in ["", "\n", "id", "id\nname\nx\n1\n1\n1\n1", "{\"id\":1}"] {
            assert_eq!(UnfinishedRun::from_text(text), None, "{text:?}");
        }
    }
}
