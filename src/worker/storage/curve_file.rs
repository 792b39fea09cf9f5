//! A run's curve as a file: safetensors, a column for each number that was measured, named `steps.…` or `epochs.…`.
//! A column that is missing or ends early gives defaults; one that this program does not know is kept.

use crate::core::report::{EpochReport, StepReport};
use crate::core::run::{Curve, UnknownColumn, stored::Kind};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::HashMap;

/// A field of a row, as four bytes.
enum Field<R> {
    F32(fn(&mut R) -> &mut f32),
    U32(fn(&mut R) -> &mut u32),
}
use Field::{F32, U32};

/// The names are stored: a new field gets a new one, and none is used again for something else.
const STEPS: [(&str, Field<StepReport>); 7] = [
    ("steps.step", U32(|s| &mut s.step)),
    ("steps.epoch", U32(|s| &mut s.epoch)),
    ("steps.loss", F32(|s| &mut s.loss)),
    ("steps.contrastive_accuracy", F32(|s| &mut s.contrastive_accuracy)),
    ("steps.std", F32(|s| &mut s.std)),
    ("steps.learning_rate", F32(|s| &mut s.learning_rate)),
    ("steps.milliseconds", F32(|s| &mut s.milliseconds)),
];
const EPOCHS: [(&str, Field<EpochReport>); 2] =
    [("epochs.epoch", U32(|e| &mut e.epoch)), ("epochs.knn", F32(|e| &mut e.knn))];

/// The file's bytes.
///
/// # Errors
/// What is wrong with an unknown column; never without one.
pub fn write(curve: &Curve) -> Result<Vec<u8>, String> {
    let mut columns = columns(&curve.steps, &STEPS);
    columns.extend(self::columns(&curve.epochs, &EPOCHS));
    columns.extend(curve.unknown.iter().cloned());
    file(&columns)
}

fn file(columns: &[UnknownColumn]) -> Result<Vec<u8>, String> {
    let views = columns.iter().map(|column| {
        let dtype = serde_json::from_value::<Dtype>(column.dtype.as_str().into()).map_err(|e| e.to_string())?;
        let view = TensorView::new(dtype, column.shape.clone(), &column.bytes).map_err(|e| e.to_string())?;
        Ok((column.name.as_str(), view))
    });
    let views = views.collect::<Result<Vec<_>, String>>()?;
    let header = HashMap::from([("schema".to_owned(), Kind::Curve.schema().to_string())]);
    safetensors::serialize(views, Some(header)).map_err(|e| e.to_string())
}

fn columns<R: Copy>(rows: &[R], fields: &[(&str, Field<R>)]) -> Vec<UnknownColumn> {
    let column = |(name, field): &(&str, Field<R>)| {
        let word = |mut row: R| match field {
            F32(of) => of(&mut row).to_le_bytes(),
            U32(of) => of(&mut row).to_le_bytes(),
        };
        let dtype = if matches!(field, F32(_)) { "F32" } else { "U32" };
        let bytes = rows.iter().flat_map(|row| word(*row)).collect();
        UnknownColumn { name: (*name).to_owned(), dtype: dtype.to_owned(), shape: vec![rows.len()], bytes }
    };
    fields.iter().map(column).collect()
}

/// The schema that a file names; one of schema 1 cannot.
///
/// # Errors
/// What can't be read.
pub fn schema(bytes: &[u8]) -> Result<u32, String> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
    let named = header.metadata().as_ref().and_then(|named| named.get("schema"));
    named.map_or(Ok(2), |named| named.parse().map_err(|_| format!("schema {named}")))
}

/// A curve of this schema or an older one.
///
/// # Errors
/// What can't be read.
pub fn read(schema: u32, bytes: &[u8]) -> Result<Curve, String> {
    if schema < 2 {
        return postcard::from_bytes::<first::Curve>(bytes).map(Curve::from).map_err(|e| e.to_string());
    }
    let file = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    let unknown = file.iter().filter(|(name, _)| {
        let known = STEPS.iter().map(|(known, _)| known).chain(EPOCHS.iter().map(|(known, _)| known));
        !known.into_iter().any(|known| known == name)
    });
    let mut unknown: Vec<_> = unknown
        .map(|(name, view)| UnknownColumn {
            name: name.to_owned(),
            dtype: view.dtype().to_string(),
            shape: view.shape().to_vec(),
            bytes: view.data().to_vec(),
        })
        .collect();
    unknown.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Curve { steps: rows(&file, &STEPS)?, epochs: rows(&file, &EPOCHS)?, unknown })
}

/// The rows of some columns. The first column says how many there are.
fn rows<R: Copy + Default>(file: &SafeTensors, fields: &[(&str, Field<R>)]) -> Result<Vec<R>, String> {
    let mut rows = Vec::new();
    for (place, (name, field)) in fields.iter().enumerate() {
        let Ok(column) = file.tensor(name) else { continue };
        let dtype = if matches!(field, F32(_)) { Dtype::F32 } else { Dtype::U32 };
        if column.dtype() != dtype {
            return Err(format!("{name} is {}", column.dtype()));
        }
        let words = column.data().as_chunks::<4>().0;
        if place == 0 {
            rows.resize(words.len(), R::default());
        }
        for (row, word) in rows.iter_mut().zip(words) {
            match field {
                F32(of) => *of(row) = f32::from_le_bytes(*word),
                U32(of) => *of(row) = u32::from_le_bytes(*word),
            }
        }
    }
    Ok(rows)
}

/// Schema 1: postcard, which has the order of the fields and no names. Nothing here may change.
mod first {
    use super::{EpochReport, StepReport};
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub struct Curve {
        steps: Vec<(u32, u32, f32, f32, f32, f32, f32)>,
        epochs: Vec<(u32, f32)>,
    }

    impl From<Curve> for super::Curve {
        fn from(curve: Curve) -> Self {
            let steps = curve.steps.into_iter().map(
                |(step, epoch, loss, contrastive_accuracy, std, learning_rate, milliseconds)| StepReport {
                    step,
                    epoch,
                    loss,
                    contrastive_accuracy,
                    std,
                    learning_rate,
                    milliseconds,
                },
            );
            let epochs = curve.epochs.into_iter().map(|(epoch, knn)| EpochReport { epoch, knn });
            Self { steps: steps.collect(), epochs: epochs.collect(), unknown: Vec::new() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve() -> Curve {
        let step = |step| StepReport {
            step,
            epoch: 1 + step / 3,
            loss: 4.5 - step as f32,
            contrastive_accuracy: 0.25,
            std: 0.125,
            learning_rate: 0.3,
            milliseconds: 12.5,
        };
        let epochs = vec![EpochReport { epoch: 0, knn: 0.5 }, EpochReport { epoch: 1, knn: 0.75 }];
        Curve { steps: (1..=5).map(step).collect(), epochs, unknown: Vec::new() }
    }

    fn column(name: &str, rows: usize, width: usize) -> UnknownColumn {
        let bytes = (0..rows * width * 2).map(|byte| byte as u8).collect();
        UnknownColumn { name: name.to_owned(), dtype: "F16".to_owned(), shape: vec![rows, width], bytes }
    }

    #[test]
    fn a_curve_comes_back_with_the_columns_that_are_not_known() {
        for curve in [Curve::default(), curve()] {
            assert_eq!(read(2, &write(&curve).unwrap()).unwrap(), curve);
        }
        let unknown = vec![column("epochs.ratios", 2, 3), column("steps.norm", 5, 1)];
        let mut newer = Curve { unknown, ..curve() };
        assert_eq!(read(2, &write(&newer).unwrap()).unwrap(), newer);
        // Cut with the rows, and shorter than what is measured later.
        newer.truncate(3, 0);
        assert_eq!((&newer.unknown[0].shape, &newer.unknown[1].shape), (&vec![1, 3], &vec![3, 1]));
        newer.steps.extend(curve().steps);
        let again = read(2, &write(&newer).unwrap()).unwrap();
        assert_eq!((again.steps.len(), &again.unknown[1].bytes[..]), (8, &[0, 1, 2, 3, 4, 5][..]));
    }

    #[test]
    fn a_column_that_is_missing_or_ends_early_gives_defaults() {
        let mut columns = columns(&curve().steps, &STEPS);
        columns.retain(|column| column.name != "steps.std");
        let loss = columns.iter_mut().find(|column| column.name == "steps.loss").unwrap();
        (loss.shape, loss.bytes) = (vec![2], loss.bytes[..8].to_vec());
        let read = read(2, &file(&columns).unwrap()).unwrap();
        let lost =
            |step: StepReport| StepReport { std: 0.0, loss: if step.step > 2 { 0.0 } else { step.loss }, ..step };
        assert_eq!(read, Curve { steps: curve().steps.into_iter().map(lost).collect(), ..Curve::default() });
    }

    #[test]
    fn the_first_schema_is_read() {
        // Written by the program of e900a95: two steps and one epoch.
        let mut bytes = vec![2];
        for step in &curve().steps[..2] {
            bytes.extend([step.step as u8, step.epoch as u8]);
            let numbers = [step.loss, step.contrastive_accuracy, step.std, step.learning_rate, step.milliseconds];
            bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        }
        bytes.extend([1, 0]);
        bytes.extend(0.5_f32.to_le_bytes());
        let read = read(1, &bytes).unwrap();
        assert_eq!((&read.steps[..], &read.epochs[..]), (&curve().steps[..2], &curve().epochs[..1]));
        assert!(super::read(1, &bytes[..20]).is_err());
        assert!(super::read(2, &bytes).is_err());
    }
}
