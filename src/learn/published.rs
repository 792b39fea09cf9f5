//! Published weights into an encoder, from a file's bytes.

use super::encoder::Encoder;
use super::named_tensors::{NamedTensor, load as put};
use super::walk::list;
use crate::core::imagenet::ImageNetEncoder;
use crate::core::weights_file::recognise::{plain_name, recognise};
use crate::core::weights_file::{Fingerprint, Header, Number, WeightsFault, WeightsFile, not_a_float};
use burn::module::Module;
use burn::tensor::Device;
use safetensors::tensor::{Dtype, SafeTensors};
use std::collections::HashMap;

/// A safetensors file.
pub struct SafetensorsFile<'a> {
    headers: Vec<Header>,
    file: SafeTensors<'a>,
}

impl<'a> SafetensorsFile<'a> {
    /// Reads its header.
    ///
    /// # Errors
    /// [`WeightsFault::Damaged`] where it is not one, or cut off.
    pub fn open(bytes: &'a [u8]) -> Result<Self, WeightsFault> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|e| WeightsFault::Damaged { detail: format!("not a readable safetensors file ({e})") })?;
        let header = |(name, view): (&str, safetensors::tensor::TensorView)| Header {
            name: name.to_owned(),
            shape: view.shape().to_vec(),
            number: number(view.dtype()),
        };
        Ok(Self { headers: file.iter().map(header).collect(), file })
    }
}

impl WeightsFile for SafetensorsFile<'_> {
    fn tensors(&self) -> &[Header] {
        &self.headers
    }

    fn read(&mut self, index: usize) -> Result<Vec<f32>, WeightsFault> {
        let header = &self.headers[index];
        let view = self.file.tensor(&header.name).map_err(|e| WeightsFault::Damaged { detail: e.to_string() })?;
        match header.number.bytes() {
            Some(_) => Ok(header.number.widen(view.data())),
            None => Err(not_a_float(header)),
        }
    }
}

/// How safetensors stores numbers of a type.
pub fn number(dtype: Dtype) -> Number {
    match dtype {
        Dtype::F16 => Number::F16,
        Dtype::BF16 => Number::BF16,
        Dtype::F32 => Number::F32,
        Dtype::F64 => Number::F64,
        other => Number::Other(format!("{other:?}")),
    }
}

/// An encoder with the weights of a file.
pub struct Loaded {
    pub which: ImageNetEncoder,
    pub encoder: Encoder,
    /// See [`Fingerprint`].
    pub fingerprint: String,
}

/// The encoder that a file is of, with its weights, on `device`: which one, its tensors tell.
/// Input is normalised as its published weights want it.
///
/// Beside the file's bytes this takes four bytes a parameter, and as many on the device.
///
/// # Errors
/// [`WeightsFault`], as [`recognise`] and [`WeightsFile::read`] have it.
pub fn load(file: &mut dyn WeightsFile, device: &Device) -> Result<Loaded, WeightsFault> {
    let headers: Vec<Header> =
        file.tensors().iter().map(|t| Header { name: plain_name(&t.name).to_owned(), ..t.clone() }).collect();
    // Listed on the CPU: hundreds of small tensors that only `device` would be busy with.
    let listed = |which| (which, tensors(&Encoder::imagenet(which, &Device::flex())));
    let known = ImageNetEncoder::ALL.map(listed);
    let which = recognise(&headers, &known)?;
    let place: HashMap<&str, usize> = headers.iter().enumerate().map(|(i, t)| (t.name.as_str(), i)).collect();
    let wanted = known.iter().filter(|network| network.0 == which).flat_map(|network| &network.1);
    let mut fingerprint = Fingerprint::default();
    let values = wanted.map(|(name, shape)| {
        let values = file.read(place[name.as_str()])?;
        fingerprint.tensor(name, &values);
        Ok(NamedTensor { name: name.clone(), shape: shape.clone(), values })
    });
    let values = values.collect::<Result<Vec<_>, WeightsFault>>()?;
    // Names and shapes were compared above.
    let encoder =
        put(Encoder::imagenet(which, device), values).map_err(|e| WeightsFault::Damaged { detail: e.to_string() })?;
    Ok(Loaded { which, encoder, fingerprint: fingerprint.finish() })
}

/// Names and shapes of a network's tensors.
pub fn tensors<M: Module>(network: &M) -> Vec<(String, Vec<usize>)> {
    list(network).into_iter().map(|tensor| (tensor.name, tensor.shape)).collect()
}

#[cfg(test)]
mod tests;
