//! The bridge between the kernels and candle: one trait for operations of up to three tensors.

use std::sync::Arc;

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, CustomOp3, DType, Layout, Result, Shape, Storage, StorageRef, Tensor, TensorId,
    bail,
};

use super::collector::hand_over;
use super::tape::{Applied, Gradient, Ticket, remember};
use super::{Real, View};

/// The gradients of an operation's inputs; `None` for those that need none.
pub(crate) type Gradients<T, const N: usize> = [Option<Vec<T>>; N];

/// A differentiable operation of `N` tensors, written for slices of `f32` or `f64`.
///
/// Implementations hold their settings and whatever the forward pass saves; [`apply_one`] and its siblings make a node
/// of candle's graph of it.
pub(crate) trait Operation<const N: usize>: Send + Sync + 'static {
    /// The name in error messages.
    const NAME: &'static str;
    /// Whether the gradients of all inputs are the same, so that one can stand for all of them.
    const ALIKE: bool = false;

    /// The result and its shape.
    fn forward<T: Real>(&self, inputs: [View<'_>; N]) -> Result<(Vec<T>, Shape)>;

    /// The gradients of the inputs, each in the row-major order of its input.
    ///
    /// Where `wanted` is false the gradient would be thrown away and should not be computed.
    fn backward<T: Real>(
        &self,
        inputs: [View<'_>; N],
        output: View<'_>,
        gradient: View<'_>,
        wanted: [bool; N],
    ) -> Result<Gradients<T, N>>;

    /// Whether the gradient of the result is that of this input, as it is.
    fn passes_on(&self, _input: View<'_>, _output: &Shape) -> bool {
        false
    }
}

/// Whether the kernels of this crate compute with these tensors: all on the CPU, all f32 or all f64.
///
/// Everything else (other devices, half precision) goes through candle's own operations.
pub(crate) fn runs_here(tensors: &[&Tensor]) -> bool {
    let dtype = tensors.first().map(|tensor| tensor.dtype());
    matches!(dtype, Some(DType::F32 | DType::F64))
        && tensors.iter().all(|tensor| tensor.device().is_cpu() && Some(tensor.dtype()) == dtype)
}

/// Runs an operation of one tensor and, where it is tracked, records it in candle's graph.
pub(crate) fn apply_one<O: Operation<1>>(operation: O, input: &Tensor) -> Result<Tensor> {
    let (node, applied) = Node::new(operation, [input]);
    let ticket = Arc::clone(&node.ticket);
    Ok(applied.remembered(input.apply_op1(node)?, &ticket))
}

/// Runs an operation of two tensors and, where one is tracked, records it in candle's graph.
pub(crate) fn apply_two<O: Operation<2>>(operation: O, first: &Tensor, second: &Tensor) -> Result<Tensor> {
    let (node, applied) = Node::new(operation, [first, second]);
    let ticket = Arc::clone(&node.ticket);
    Ok(applied.remembered(first.apply_op2(second, node)?, &ticket))
}

/// Runs an operation of three tensors and, where one is tracked, records it in candle's graph.
pub(crate) fn apply_three<O: Operation<3>>(operation: O, [a, b, c]: [&Tensor; 3]) -> Result<Tensor> {
    let (node, applied) = Node::new(operation, [a, b, c]);
    let ticket = Arc::clone(&node.ticket);
    Ok(applied.remembered(a.apply_op3(b, c, node)?, &ticket))
}

/// An operation with the tensors that it was applied to.
struct Call<O, const N: usize> {
    operation: O,
    inputs: [Tensor; N],
}

/// The call as candle's custom operation of one, two or three inputs. Candle's graph holds it, and the tape looks at it.
struct Node<O, const N: usize> {
    call: Arc<Call<O, N>>,
    ticket: Arc<Ticket>,
}

impl<O: Operation<N>, const N: usize> Node<O, N> {
    fn new(operation: O, inputs: [&Tensor; N]) -> (Self, Arc<Call<O, N>>) {
        let call = Arc::new(Call { operation, inputs: inputs.map(Tensor::clone) });
        (Self { call: Arc::clone(&call), ticket: Arc::default() }, call)
    }

    fn forward(&self, inputs: [View<'_>; N], dtype: DType) -> Result<(CpuStorage, Shape)> {
        let operation = &self.call.operation;
        match dtype {
            DType::F32 => operation.forward::<f32>(inputs).map(|(values, shape)| (CpuStorage::F32(values), shape)),
            DType::F64 => operation.forward::<f64>(inputs).map(|(values, shape)| (CpuStorage::F64(values), shape)),
            other => bail!("{}: no kernel for {other:?}", O::NAME),
        }
    }

    /// The backward pass as candle asks for it.
    fn backward(&self, inputs: [&Tensor; N], output: &Tensor, gradient: &Tensor) -> Result<[Option<Tensor>; N]> {
        let guard = gradient.storage_and_layout();
        let gradients = self.call.gradients(inputs, output, view(&guard)?)?;
        let mut tensors = [const { None }; N];
        for ((tensor, values), input) in tensors.iter_mut().zip(gradients).zip(inputs) {
            if let Some(values) = values {
                *tensor = hand_over(input, Gradient::new(values, input.shape().clone()).into_tensor()?)?;
            }
        }
        Ok(tensors)
    }
}

impl<O: Operation<N>, const N: usize> Call<O, N> {
    /// The gradients of the inputs in row-major order.
    fn gradients(&self, inputs: [&Tensor; N], output: &Tensor, gradient: View<'_>) -> Result<[Option<CpuStorage>; N]> {
        self.gradients_for(inputs, output, gradient, inputs.map(Tensor::track_op))
    }

    /// The same for those inputs only that are wanted.
    fn gradients_for(
        &self,
        inputs: [&Tensor; N],
        output: &Tensor,
        gradient: View<'_>,
        wanted: [bool; N],
    ) -> Result<[Option<CpuStorage>; N]> {
        match output.dtype() {
            DType::F32 => self.gradients_in((inputs, wanted), output, gradient, CpuStorage::F32),
            DType::F64 => self.gradients_in((inputs, wanted), output, gradient, CpuStorage::F64),
            other => bail!("{}: no kernel for {other:?}", O::NAME),
        }
    }

    fn gradients_in<T: Real>(
        &self,
        (inputs, wanted): ([&Tensor; N], [bool; N]),
        output: &Tensor,
        gradient: View<'_>,
        storage: impl Fn(Vec<T>) -> CpuStorage,
    ) -> Result<[Option<CpuStorage>; N]> {
        let guards = inputs.map(Tensor::storage_and_layout);
        let output = output.storage_and_layout();
        let mut views = Vec::with_capacity(N);
        for guard in &guards {
            views.push(view(guard)?);
        }
        let Ok(views) = <[View<'_>; N]>::try_from(views) else { bail!("{}: inputs lost", O::NAME) };
        let gradients = self.operation.backward::<T>(views, view(&output)?, gradient, wanted)?;
        Ok(gradients.map(|values| values.map(&storage)))
    }

    /// The one gradient of all inputs that need one.
    fn alike(&self, output: &Tensor, gradient: &Gradient) -> Result<Vec<(TensorId, Gradient)>> {
        let tracked: Vec<&Tensor> = self.inputs.iter().filter(|input| input.track_op()).collect();
        let first = tracked.first().map(|input| input.id());
        let only_first = self.inputs.each_ref().map(|input| Some(input.id()) == first);
        let inputs = self.inputs.each_ref();
        let gradients = gradient.with_view(|gradient| self.gradients_for(inputs, output, gradient, only_first))?;
        let Some(values) = gradients.into_iter().flatten().next() else { return Ok(Vec::new()) };
        let shared = Gradient::new(values, output.shape().clone());
        Ok(tracked.into_iter().map(|input| (input.id(), shared.clone())).collect())
    }

    /// Whether the gradient of the result is that of all inputs that need one.
    fn passes_on(&self, output: &Tensor) -> Result<bool> {
        for input in self.inputs.iter().filter(|input| input.track_op()) {
            if !self.operation.passes_on(view(&input.storage_and_layout())?, output.shape()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts a result on the tape.
    fn remembered(self: Arc<Self>, result: Tensor, ticket: &Arc<Ticket>) -> Tensor {
        let applied: Arc<dyn Applied> = self;
        remember(&result, Arc::downgrade(&applied), ticket);
        result
    }
}

impl<O: Operation<N>, const N: usize> Applied for Call<O, N> {
    fn backward(&self, output: &Tensor, gradient: Gradient) -> Result<Vec<(TensorId, Gradient)>> {
        let tracked = self.inputs.iter().filter(|input| input.track_op());
        if self.passes_on(output)? {
            return Ok(tracked.map(|input| (input.id(), gradient.clone())).collect());
        }
        let inputs = self.inputs.each_ref();
        if O::ALIKE {
            return self.alike(output, &gradient);
        }
        let gradients = gradient.with_view(|gradient| self.gradients(inputs, output, gradient))?;
        let of_inputs = inputs.into_iter().zip(gradients).filter_map(|(input, values)| {
            let wanted = values.filter(|_| input.track_op())?;
            Some((input.id(), Gradient::new(wanted, input.shape().clone())))
        });
        Ok(of_inputs.collect())
    }
}

fn view<'a>((storage, layout): &'a (StorageRef<'a>, &'a Layout)) -> Result<View<'a>> {
    match &**storage {
        Storage::Cpu(storage) => Ok(View::new(storage, layout)),
        Storage::Cuda(_) | Storage::Metal(_) => bail!("expected a tensor on the CPU"),
    }
}

fn dtype_of(storage: &CpuStorage) -> DType {
    use candle_core::backend::BackendStorage;
    storage.dtype()
}

impl<O: Operation<1>> CustomOp1 for Node<O, 1> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        self.forward([View::new(storage, layout)], dtype_of(storage))
    }

    fn bwd(&self, input: &Tensor, output: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let [first] = self.backward([input], output, gradient)?;
        Ok(first)
    }
}

impl<O: Operation<2>> CustomOp2 for Node<O, 2> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
        self.forward([View::new(s1, l1), View::new(s2, l2)], dtype_of(s1))
    }

    fn bwd(
        &self,
        first: &Tensor,
        second: &Tensor,
        output: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [first, second] = self.backward([first, second], output, gradient)?;
        Ok((first, second))
    }
}

impl<O: Operation<3>> CustomOp3 for Node<O, 3> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
        s3: &CpuStorage,
        l3: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.forward([View::new(s1, l1), View::new(s2, l2), View::new(s3, l3)], dtype_of(s1))
    }

    fn bwd(
        &self,
        first: &Tensor,
        second: &Tensor,
        third: &Tensor,
        output: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [first, second, third] = self.backward([first, second, third], output, gradient)?;
        Ok((first, second, third))
    }
}
