//! Where the numbers are computed.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};

use crate::error::DeviceError;
use crate::node::Node;
use crate::path::JsonPath;
use crate::problem::Problems;
use crate::section::{Bounds, FieldValue, NoBounds, Words, wrong_type};
use crate::suggest::suggest;

/// Where the numbers are computed: `cpu`, `cuda`, `cuda:1`, `metal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Device {
    /// The processor.
    Cpu,
    /// The CUDA device with this number, counted from 0; `cuda` alone is number 0.
    Cuda(usize),
    /// The graphics processor of a Mac.
    Metal,
}

impl FromStr for Device {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        let unknown = || DeviceError { found: text.to_owned() };
        match text {
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            "metal" => Ok(Self::Metal),
            _ => {
                let number = text.strip_prefix("cuda:").ok_or_else(unknown)?;
                let plain = number.bytes().all(|byte| byte.is_ascii_digit());
                number.parse().ok().filter(|_| plain).map(Self::Cuda).ok_or_else(unknown)
            }
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
            Self::Metal => f.write_str("metal"),
        }
    }
}

impl FieldValue for Device {
    type Scalar = NoBounds;

    fn from_node(node: &Node, path: &JsonPath, _: &Bounds<NoBounds>, problems: &mut Problems) -> Option<Self> {
        let text = node.as_str().unwrap_or_default();
        let device = text.parse().ok();
        if device.is_none() {
            let near = match text.to_ascii_lowercase().as_str() {
                "gpu" => Some("cuda".to_owned()),
                "mps" => Some("metal".to_owned()),
                _ => suggest(text, ["cpu", "cuda", "cuda:0", "metal"]),
            };
            wrong_type(node, path, &Self::words().one, problems)
                .maybe_help(near.map(|near| format!("did you mean \"{near}\"?")));
        }
        device
    }

    fn as_json(&self) -> Value {
        self.to_string().into()
    }

    fn words() -> Words {
        let words = r#""cpu", "cuda", "cuda:N" or "metal""#;
        Words::new(words, words)
    }

    fn schema(_: &Bounds<NoBounds>) -> Value {
        json!({"type": "string", "pattern": "^(cpu|cuda|cuda:[0-9]+|metal)$"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_one_spelling() {
        for (text, device) in
            [("cpu", Device::Cpu), ("cuda", Device::Cuda(0)), ("cuda:3", Device::Cuda(3)), ("metal", Device::Metal)]
        {
            assert_eq!(text.parse(), Ok(device));
            assert_eq!(device.to_string().parse(), Ok(device));
        }
        for text in ["", "CPU", "cuda:", "cuda:+1", "cuda:-1", "cuda: 1", "cuda:99999999999999999999", "tpu"] {
            assert!(text.parse::<Device>().is_err(), "{text}");
        }
    }
}
