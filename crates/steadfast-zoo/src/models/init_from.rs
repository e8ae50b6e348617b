//! Starting from weights that lie in a safetensors file.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use steadfast_ops::{LoadError, SeededParameters};
use steadfast_state::{Dtype, StateError, TensorData, TensorMap, read_model};

/// Names in a message at most; the rest are counted.
const NAMES_SHOWN: usize = 8;

/// What became of the tensors of a file and of a model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InitReport {
    /// Names that were loaded, sorted.
    pub loaded: Vec<String>,
    /// Names that the model has and the file lacks, sorted.
    pub missing: Vec<String>,
    /// Names that the file has and the model lacks, sorted.
    pub unexpected: Vec<String>,
    /// Tensors of another shape or kind than the model's, sorted by name: `fc.weight is [1000, 512] instead of [10, 512]`.
    pub mismatched: Vec<String>,
    /// What stands before the model's names in the file, such as `transformer.` or `module.`; often nothing.
    pub prefix: String,
}

impl InitReport {
    /// Whether the file has exactly the model's tensors.
    pub fn is_exact(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.mismatched.is_empty()
    }
}

impl fmt::Display for InitReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} loaded", self.loaded.len())?;
        if !self.prefix.is_empty() {
            write!(formatter, " from names with `{}` before them", self.prefix)?;
        }
        let differences =
            [("missing", &self.missing), ("unexpected", &self.unexpected), ("of another shape", &self.mismatched)];
        for (what, names) in differences.into_iter().filter(|(_, names)| !names.is_empty()) {
            write!(formatter, "; {} {what}: {}", names.len(), names[..names.len().min(NAMES_SHOWN)].join(", "))?;
            if names.len() > NAMES_SHOWN {
                write!(formatter, " and {} more", names.len() - NAMES_SHOWN)?;
            }
        }
        Ok(())
    }
}

/// Weights that cannot be started from; the model is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// The file cannot be read, or is no safetensors file.
    #[error("cannot read the weights to start from")]
    Read(#[source] Box<StateError>),
    /// The file does not fit the model.
    #[error("the weights in `{}` do not fit the model: {report}", path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// What fits and what does not.
        report: Box<InitReport>,
    },
    /// A tensor holds an infinity or something that is not a number.
    #[error("tensor `{name}` in `{}` is not finite", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A tensor cannot be converted.
    #[error("cannot convert tensor `{name}` of `{}`", path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// What candle says.
        #[source]
        source: Box<candle_core::Error>,
    },
    /// The parameters did not take the tensors.
    #[error("the model does not take the weights")]
    Load(#[source] Box<LoadError>),
}

/// Sets the parameters and buffers of a model to those of the same name in a safetensors file.
///
/// A file that has none of the names is searched for one prefix before all of them, as wrappers write it: `module.` of
/// PyTorch's `DataParallel`, `_orig_mod.` of `torch.compile`, `transformer.` of Hugging Face's models with a head.
/// Numbers of 16 and 64 bits are converted to those of the model. With `strict` the file must hold exactly the model's
/// tensors; otherwise those that fit are taken, of which there must be one at least. The memory that it takes is bounded
/// by the size of the file.
///
/// # Errors
///
/// See [`InitError`]; then nothing was changed.
pub fn load_initial(parameters: &SeededParameters, path: &Path, strict: bool) -> Result<InitReport, InitError> {
    let file = read_model(path).map_err(|error| InitError::Read(Box::new(error)))?;
    let mut tensors = parameters.tensors();
    let mut report = InitReport { prefix: prefix(&file, &tensors), ..InitReport::default() };
    let mut found = BTreeMap::new();
    for (name, own) in &tensors {
        let Some(data) = file.get(&format!("{}{name}", report.prefix)) else {
            report.missing.push(name.clone());
            continue;
        };
        if let Some(difference) = difference(own, data) {
            report.mismatched.push(format!("{name} {difference}"));
            continue;
        }
        let failed = |source: candle_core::Error| {
            let (path, name, source) = (path.to_owned(), name.clone(), Box::new(source));
            InitError::Tensor { path, name, source }
        };
        let tensor = converted(data, own.dtype()).map_err(failed)?;
        if !is_finite(&tensor).map_err(failed)? {
            return Err(InitError::NotFinite { path: path.to_owned(), name: name.clone() });
        }
        report.loaded.push(name.clone());
        found.insert(name.clone(), tensor);
    }
    let is_known = |name: &str| name.strip_prefix(&report.prefix).is_some_and(|name| tensors.contains_key(name));
    report.unexpected = file.keys().filter(|name| !is_known(name)).cloned().collect();
    if report.loaded.is_empty() || (strict && !report.is_exact()) {
        return Err(InitError::Mismatch { path: path.to_owned(), report: Box::new(report) });
    }
    tensors.extend(found);
    parameters.load(&tensors).map_err(|error| InitError::Load(Box::new(error)))?;
    Ok(report)
}

/// What stands before most of the model's names in the file; nothing if one of them is there as it is.
fn prefix(file: &TensorMap, tensors: &BTreeMap<String, Tensor>) -> String {
    if tensors.keys().any(|name| file.contains_key(name)) {
        return String::new();
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in file.keys() {
        for (dot, _) in name.match_indices('.') {
            let (prefix, rest) = name.split_at(dot + 1);
            if tensors.contains_key(rest) {
                *counts.entry(prefix).or_default() += 1;
            }
        }
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(prefix, _)| prefix.to_owned()).unwrap_or_default()
}

/// How a tensor of the file differs from the model's, if it does.
fn difference(own: &Tensor, data: &TensorData) -> Option<String> {
    if own.dims() != data.shape() {
        return Some(format!("is {:?} instead of {:?}", data.shape(), own.dims()));
    }
    let floating = matches!(data.dtype(), Dtype::F16 | Dtype::BF16 | Dtype::F32 | Dtype::F64);
    let fits = floating == own.dtype().is_float() && candle_dtype(data.dtype()).is_some();
    (!fits).then(|| format!("is {} instead of {}", data.dtype(), own.dtype().as_str()))
}

/// The element type in candle's words; nothing for one that it does not have.
const fn candle_dtype(dtype: Dtype) -> Option<DType> {
    Some(match dtype {
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::BF16,
        Dtype::F32 => DType::F32,
        Dtype::F64 => DType::F64,
        Dtype::U8 => DType::U8,
        Dtype::U32 => DType::U32,
        Dtype::I64 => DType::I64,
        _ => return None,
    })
}

fn converted(data: &TensorData, dtype: DType) -> candle_core::Result<Tensor> {
    let Some(stored) = candle_dtype(data.dtype()) else { candle_core::bail!("no conversion from {}", data.dtype()) };
    Tensor::from_raw_buffer(data.bytes(), stored, data.shape(), &Device::Cpu)?.to_dtype(dtype)
}

fn is_finite(tensor: &Tensor) -> candle_core::Result<bool> {
    if tensor.dtype() != DType::F32 {
        return Ok(true);
    }
    Ok(tensor.flatten_all()?.to_vec1::<f32>()?.into_iter().all(f32::is_finite))
}

#[cfg(test)]
mod tests {
    use candle_nn::VarBuilder;
    use steadfast_ops::{BatchNorm, Linear, Seed};

    use super::*;

    fn model(outputs: usize) -> SeededParameters {
        let parameters = SeededParameters::new(Seed::new(1));
        let builder: VarBuilder<'_> = parameters.var_builder(DType::F32, &Device::Cpu);
        Linear::new(2, outputs, &builder.pp("fc")).unwrap();
        BatchNorm::new(2, &builder.pp("bn")).unwrap();
        parameters
    }

    fn floats(shape: &[usize], values: &[f32]) -> TensorData {
        TensorData::from_f32(shape.to_vec(), values).unwrap()
    }

    /// The bytes of a safetensors file, laid out by hand.
    fn file(tensors: &[(&str, &TensorData)]) -> Vec<u8> {
        let (mut entries, mut body) = (Vec::new(), Vec::new());
        for (name, data) in tensors {
            let start = body.len();
            body.extend_from_slice(data.bytes());
            let (dtype, shape) = (data.dtype().to_string().to_uppercase(), data.shape());
            entries.push(format!(
                r#""{name}":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{start},{}]}}"#,
                body.len()
            ));
        }
        let mut header = format!("{{{}}}", entries.join(","));
        while header.len() % 8 != 0 {
            header.push(' ');
        }
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &body].concat()
    }

    /// A file that fits `model(3)`, with one tensor exchanged, added or left out.
    fn fitting(change: Option<(&str, Option<TensorData>)>) -> Vec<u8> {
        fitting_behind("", change)
    }

    /// The same, with something before each name.
    fn fitting_behind(prefix: &str, change: Option<(&str, Option<TensorData>)>) -> Vec<u8> {
        let mut tensors = BTreeMap::from([
            (
                "fc.weight",
                TensorData::new(Dtype::F16, vec![3, 2], [0x3c00_u16; 6].map(u16::to_le_bytes).concat()).unwrap(),
            ),
            ("fc.bias", TensorData::new(Dtype::BF16, vec![3], [0x4000_u16; 3].map(u16::to_le_bytes).concat()).unwrap()),
            ("bn.weight", floats(&[2], &[3.0; 2])),
            ("bn.bias", TensorData::from_f64(vec![2], &[4.0; 2]).unwrap()),
            ("bn.running_mean", floats(&[2], &[5.0; 2])),
            ("bn.running_var", floats(&[2], &[6.0; 2])),
            ("bn.num_batches_tracked", TensorData::new(Dtype::I64, vec![], 7_i64.to_le_bytes().to_vec()).unwrap()),
        ]);
        if let Some((name, data)) = change {
            match data {
                Some(data) => tensors.insert(name, data),
                None => tensors.remove(name),
            };
        }
        let named: Vec<_> = tensors.iter().map(|(name, data)| (format!("{prefix}{name}"), data)).collect();
        file(&named.iter().map(|(name, data)| (name.as_str(), *data)).collect::<Vec<_>>())
    }

    fn load(bytes: &[u8], parameters: &SeededParameters, strict: bool) -> Result<InitReport, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        fs_err::write(&path, bytes).unwrap();
        load_initial(parameters, &path, strict).map_err(|error| match error {
            InitError::Mismatch { report, .. } => report.to_string(),
            InitError::NotFinite { name, .. } => format!("{name} is not finite"),
            other => other.to_string(),
        })
    }

    fn first(parameters: &SeededParameters, name: &str) -> f64 {
        let tensor = parameters.tensors()[name].to_dtype(DType::F64).unwrap();
        tensor.flatten_all().unwrap().get(0).unwrap().to_scalar().unwrap()
    }

    #[test]
    fn every_kind_of_number_arrives() {
        let parameters = model(3);
        let report = load(&fitting(None), &parameters, true).unwrap();
        assert!(report.is_exact());
        let names = [
            "fc.weight",
            "fc.bias",
            "bn.weight",
            "bn.bias",
            "bn.running_mean",
            "bn.running_var",
            "bn.num_batches_tracked",
        ];
        for (name, expected) in names.into_iter().zip(1_u8..) {
            assert!((first(&parameters, name) - f64::from(expected)).abs() < 1e-12, "{name}");
        }
    }

    #[test]
    fn a_file_that_does_not_fit_is_refused_and_changes_nothing() {
        for (change, expected) in [
            (("fc.bias", None), "6 loaded; 1 missing: fc.bias"),
            (("extra", Some(floats(&[1], &[0.0]))), "7 loaded; 1 unexpected: extra"),
            (
                ("fc.weight", Some(floats(&[2, 3], &[0.0; 6]))),
                "6 loaded; 1 of another shape: fc.weight is [2, 3] instead of [3, 2]",
            ),
            (
                ("bn.weight", Some(TensorData::new(Dtype::U8, vec![2], vec![0; 2]).unwrap())),
                "6 loaded; 1 of another shape: bn.weight is u8 instead of f32",
            ),
            (("bn.weight", Some(floats(&[2], &[1.0, f32::NAN]))), "bn.weight is not finite"),
        ] {
            let parameters = model(3);
            let before = first(&parameters, "fc.weight");
            assert_eq!(load(&fitting(Some(change)), &parameters, true).unwrap_err(), expected);
            assert!((first(&parameters, "fc.weight") - before).abs() < 1e-12, "{expected}");
        }
    }

    #[test]
    fn without_strict_what_fits_is_taken() {
        let parameters = model(4);
        let before = first(&parameters, "fc.weight");
        let report = load(&fitting(None), &parameters, false).unwrap();
        assert_eq!(report.mismatched.len(), 2, "{report}");
        assert!((first(&parameters, "fc.weight") - before).abs() < 1e-12);
        assert!((first(&parameters, "bn.bias") - 4.0).abs() < 1e-12);
        let foreign = file(&[("other", &floats(&[1], &[0.0]))]);
        assert!(load(&foreign, &parameters, false).unwrap_err().starts_with("0 loaded; 7 missing"));
    }

    #[test]
    fn what_wrappers_write_before_the_names_does_not_matter() {
        for prefix in ["module.", "_orig_mod.module.", "transformer."] {
            let parameters = model(3);
            let report = load(&fitting_behind(prefix, None), &parameters, true).unwrap();
            assert_eq!(report.to_string(), format!("7 loaded from names with `{prefix}` before them"));
            assert!((first(&parameters, "bn.bias") - 4.0).abs() < 1e-12);
        }
        let parameters = model(3);
        let other = Some(("fc.extra", Some(floats(&[1], &[0.0]))));
        let refused = load(&fitting_behind("module.", other), &parameters, true).unwrap_err();
        assert_eq!(refused, "7 loaded from names with `module.` before them; 1 unexpected: module.fc.extra");
        // One name that is there as it is: the others are not guessed.
        let one = file(&[("bn.bias", &floats(&[2], &[1.0; 2])), ("module.bn.weight", &floats(&[2], &[1.0; 2]))]);
        let refused = load(&one, &parameters, true).unwrap_err();
        assert!(refused.starts_with("1 loaded; 6 missing") && refused.ends_with("1 unexpected: module.bn.weight"));
    }

    #[test]
    fn damaged_files_are_errors() {
        let whole = fitting(None);
        let parameters = model(3);
        for length in (0..whole.len()).step_by(7) {
            assert!(load(&whole[..length], &parameters, false).is_err(), "{length} bytes");
        }
        // A header that claims to be larger than any memory, and a tensor that does.
        let header = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
        assert!(load(&header, &parameters, false).is_err());
        let claim = br#"{"fc.weight":{"dtype":"F32","shape":[4611686018427387904,3],"data_offsets":[0,4]}}  "#;
        let claim = [&(claim.len() as u64).to_le_bytes()[..], claim, &[0; 4]].concat();
        assert!(load(&claim, &parameters, false).is_err());
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(load_initial(&parameters, folder.path(), true), Err(InitError::Read(_))));
    }
}
