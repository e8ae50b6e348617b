//! Which weights training starts from.

use crate::section;

section! {
    /// Weights that training starts from instead of random ones.
    pub struct InitFromConfig {
        /// A safetensors file, such as the `model_best.safetensors` of another run or weights exported from PyTorch. A
        /// relative path is relative to the working folder. A prefix before all names, such as `module.` or
        /// `transformer.`, is passed over.
        trajectory path: Option<String> = None;
        /// Whether the file must have exactly the model's tensors; else those that fit are taken, and the others begin
        /// as they would without the file.
        trajectory strict: bool = true;
    }
}
