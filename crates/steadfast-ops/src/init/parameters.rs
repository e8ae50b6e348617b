//! The parameters and buffers of a model: made by name, sorted by name, loaded all or not at all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{DType, Device, Shape, Tensor, Var, bail};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};

use super::filling::filled;
use crate::error::{Differences, LoadError, TensorMismatch};
use crate::random::{Purpose, Seed};

/// The last part of the name of a tensor that a model keeps but does not train.
const BUFFERS: [&str; 3] = ["running_mean", "running_var", "num_batches_tracked"];

/// The parameters and buffers of one model.
///
/// A [`VarBuilder`] made of it gives every parameter first values that depend on the seed and the parameter's full name
/// only: adding, removing or reordering layers never changes the others.
/// Asking for the same name twice gives the same parameter, so weights can be tied.
///
/// Tensors named `running_mean`, `running_var` and `num_batches_tracked` are buffers: they are saved with the model,
/// but they get no gradients and no optimizer may touch them.
///
/// Clones are handles to the same parameters.
///
/// ```
/// use candle_core::{DType, Device};
/// use steadfast_ops::{Linear, Seed, SeededParameters};
///
/// # fn main() -> candle_core::Result<()> {
/// let parameters = SeededParameters::new(Seed::new(0));
/// let builder = parameters.var_builder(DType::F32, &Device::Cpu);
/// let layer = Linear::new(784, 10, &builder.pp("fc"))?;
/// let names: Vec<String> = parameters.parameters().into_keys().collect();
/// assert_eq!(names, ["fc.bias", "fc.weight"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SeededParameters {
    seed: Seed,
    tensors: Arc<Mutex<BTreeMap<String, Var>>>,
}

impl SeededParameters {
    /// No parameters yet; the ones to come are made from `seed`.
    pub fn new(seed: Seed) -> Self {
        Self { seed, tensors: Arc::default() }
    }

    /// A builder that makes parameters of this element type on this device.
    pub fn var_builder(&self, dtype: DType, device: &Device) -> VarBuilder<'static> {
        VarBuilder::from_backend(Box::new(self.clone()), dtype, device.clone())
    }

    /// The trainable parameters by full name.
    pub fn parameters(&self) -> BTreeMap<String, Var> {
        self.select(|name| !is_buffer(name))
    }

    /// The buffers by full name: saved with the model, never trained.
    pub fn buffers(&self) -> BTreeMap<String, Var> {
        self.select(is_buffer)
    }

    /// Parameters and buffers by full name, as they are now and sharing their memory: the state to save.
    pub fn tensors(&self) -> BTreeMap<String, Tensor> {
        self.lock().iter().map(|(name, var)| (name.clone(), var.as_detached_tensor())).collect()
    }

    /// The number of trainable numbers.
    pub fn parameter_count(&self) -> usize {
        self.parameters().values().map(|var| var.elem_count()).sum()
    }

    /// Sets every parameter and buffer to the tensor of the same name.
    ///
    /// # Errors
    ///
    /// When a name is missing or unexpected, or a shape or element type differs; then nothing was changed, and the
    /// error lists every difference.
    pub fn load(&self, tensors: &BTreeMap<String, Tensor>) -> Result<(), LoadError> {
        let own = self.lock();
        let differences = differences(&own, tensors);
        if !differences.is_empty() {
            return Err(LoadError::Mismatch(Box::new(differences)));
        }
        let failed = |name: &str| {
            let name = name.to_owned();
            move |source| LoadError::Tensor { name, source }
        };
        // Everything that can fail for a reason outside comes first, so that a failure leaves the model as it was.
        let mut arrived = Vec::with_capacity(own.len());
        for (name, var) in own.iter() {
            if let Some(tensor) = tensors.get(name) {
                let tensor = tensor.to_device(var.device()).and_then(|tensor| tensor.copy()).map_err(failed(name))?;
                arrived.push((name, var, tensor));
            }
        }
        for (name, var, tensor) in arrived {
            var.set(&tensor).map_err(failed(name))?;
        }
        Ok(())
    }

    fn select(&self, wanted: impl Fn(&str) -> bool) -> BTreeMap<String, Var> {
        self.lock().iter().filter(|(name, _)| wanted(name)).map(|(name, var)| (name.clone(), var.clone())).collect()
    }

    /// A panic while the lock is held cannot leave a half-made entry behind, so a poisoned lock is as good as new.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Var>> {
        self.tensors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SimpleBackend for SeededParameters {
    fn get(&self, shape: Shape, name: &str, hint: Init, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        let existing = self.lock().get(name).cloned();
        let var = if let Some(var) = existing {
            var
        } else {
            // Filled without the lock: filling runs on other threads, and one of them may want a parameter too.
            let key = self.seed.key(Purpose::Parameter(name), &[]);
            let var = Var::from_tensor(&filled(&key, hint, &shape, dtype, device)?)?;
            self.lock().entry(name.to_owned()).or_insert(var).clone()
        };
        if (var.shape(), var.dtype()) != (&shape, dtype) {
            bail!(
                "`{name}` is {} {:?} and was asked for as {} {:?}",
                var.dtype().as_str(),
                var.dims(),
                dtype.as_str(),
                shape.dims()
            );
        }
        Ok(handed_out(name, &var))
    }

    fn get_unchecked(&self, name: &str, dtype: DType, _device: &Device) -> candle_core::Result<Tensor> {
        match self.lock().get(name) {
            Some(var) if var.dtype() == dtype => Ok(handed_out(name, var)),
            Some(var) => {
                bail!("`{name}` is {} and was asked for as {}", var.dtype().as_str(), dtype.as_str())
            }
            None => bail!("a new parameter needs a shape, and `{name}` does not exist yet"),
        }
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.lock().contains_key(name)
    }
}

fn is_buffer(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    BUFFERS.contains(&last)
}

/// A parameter is handed out as a variable, so that it gets a gradient; a buffer as a plain tensor of the same memory.
fn handed_out(name: &str, var: &Var) -> Tensor {
    if is_buffer(name) { var.as_detached_tensor() } else { var.as_tensor().clone() }
}

fn differences(own: &BTreeMap<String, Var>, tensors: &BTreeMap<String, Tensor>) -> Differences {
    let mut differences = Differences::default();
    for (name, var) in own {
        let Some(tensor) = tensors.get(name) else {
            differences.missing.push(name.clone());
            continue;
        };
        let expected = (var.shape().clone(), var.dtype());
        let found = (tensor.shape().clone(), tensor.dtype());
        if expected != found {
            differences.mismatched.push(TensorMismatch { name: name.clone(), expected, found });
        }
    }
    differences.unexpected = tensors.keys().filter(|name| !own.contains_key(*name)).cloned().collect();
    differences
}
