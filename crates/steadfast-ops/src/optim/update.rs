//! Reaching the memory of tensors: read one, or write several in place.

use std::cell::RefCell;

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Storage, Tensor, WithDType, bail};

use crate::compute::{Real, View};

/// Calls `work` with the values of a tensor on the CPU, in row-major order.
pub(super) fn read<T: Real, R>(tensor: &Tensor, work: impl FnOnce(&[T]) -> R) -> Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => Ok(work(&View::new(storage, layout).values::<T>()?)),
        Storage::Cuda(_) | Storage::Metal(_) => bail!("expected a tensor on the CPU"),
    }
}

/// Calls `work` with the values of a contiguous tensor on the CPU, to be changed in place.
///
/// Several tensors are reached by nesting calls; each must have memory of its own.
pub(super) fn write<T: Writable, R>(tensor: &Tensor, work: impl FnOnce(&mut [T]) -> Result<R>) -> Result<R> {
    let borrow = Borrow { work: RefCell::new(Some(work)), result: RefCell::new(None), of: std::marker::PhantomData };
    tensor.inplace_op1(&borrow)?;
    match borrow.result.into_inner() {
        Some(result) => Ok(result),
        None => bail!("the tensor was not reached"),
    }
}

/// A number whose storage can be borrowed for writing.
pub(super) trait Writable: WithDType {
    /// The whole storage as numbers of this type, where it holds such.
    fn slice_of(storage: &mut CpuStorage) -> Option<&mut [Self]>;
}

impl Writable for f32 {
    fn slice_of(storage: &mut CpuStorage) -> Option<&mut [Self]> {
        if let CpuStorage::F32(values) = storage { Some(values) } else { None }
    }
}

impl Writable for f64 {
    fn slice_of(storage: &mut CpuStorage) -> Option<&mut [Self]> {
        if let CpuStorage::F64(values) = storage { Some(values) } else { None }
    }
}

/// Candle gives access to a tensor's memory only inside an operation; this operation calls back.
struct Borrow<T, W, R> {
    work: RefCell<Option<W>>,
    result: RefCell<Option<R>>,
    of: std::marker::PhantomData<T>,
}

impl<T: Writable, R, W: FnOnce(&mut [T]) -> Result<R>> InplaceOp1 for Borrow<T, W, R> {
    fn name(&self) -> &'static str {
        "update"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let (Some((start, end)), Some(values)) = (layout.contiguous_offsets(), T::slice_of(storage)) else {
            bail!("expected a contiguous tensor of {:?}", T::DTYPE);
        };
        let Some(work) = self.work.borrow_mut().take() else { bail!("the tensor was reached twice") };
        *self.result.borrow_mut() = Some(work(&mut values[start..end])?);
        Ok(())
    }
}
