//! Element types a tensor on disk may have.

use std::fmt;

/// Type of a tensor's elements, always little endian.
///
/// Types narrower than one byte and booleans are left out: in a safetensors file they sort behind bytes,
/// and the checksum of a checkpoint, a byte tensor, must come last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Dtype {
    /// Unsigned byte.
    U8,
    /// Signed byte.
    I8,
    /// Signed 16-bit integer.
    I16,
    /// Unsigned 16-bit integer.
    U16,
    /// IEEE half precision.
    F16,
    /// Brain floating point, 16 bits.
    BF16,
    /// Signed 32-bit integer.
    I32,
    /// Unsigned 32-bit integer.
    U32,
    /// IEEE single precision.
    F32,
    /// IEEE double precision.
    F64,
    /// Signed 64-bit integer.
    I64,
    /// Unsigned 64-bit integer.
    U64,
}

impl Dtype {
    /// Every type, in the order of their alignment.
    pub const ALL: [Self; 12] = [
        Self::U8,
        Self::I8,
        Self::I16,
        Self::U16,
        Self::F16,
        Self::BF16,
        Self::I32,
        Self::U32,
        Self::F32,
        Self::F64,
        Self::I64,
        Self::U64,
    ];

    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::I16 | Self::U16 | Self::F16 | Self::BF16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::F64 | Self::I64 | Self::U64 => 8,
        }
    }

    /// The same type in the words of the `safetensors` crate.
    pub(crate) fn to_safetensors(self) -> safetensors::Dtype {
        match self {
            Self::U8 => safetensors::Dtype::U8,
            Self::I8 => safetensors::Dtype::I8,
            Self::I16 => safetensors::Dtype::I16,
            Self::U16 => safetensors::Dtype::U16,
            Self::F16 => safetensors::Dtype::F16,
            Self::BF16 => safetensors::Dtype::BF16,
            Self::I32 => safetensors::Dtype::I32,
            Self::U32 => safetensors::Dtype::U32,
            Self::F32 => safetensors::Dtype::F32,
            Self::F64 => safetensors::Dtype::F64,
            Self::I64 => safetensors::Dtype::I64,
            Self::U64 => safetensors::Dtype::U64,
        }
    }

    /// The reverse of [`Self::to_safetensors`]; nothing for a type this crate does not store.
    pub(crate) fn from_safetensors(dtype: safetensors::Dtype) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.to_safetensors() == dtype)
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::U8 => "u8",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::U16 => "u16",
            Self::F16 => "f16",
            Self::BF16 => "bf16",
            Self::I32 => "i32",
            Self::U32 => "u32",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::I64 => "i64",
            Self::U64 => "u64",
        };
        formatter.pad(name)
    }
}

#[cfg(test)]
mod tests {
    use super::Dtype;

    #[test]
    fn sizes_and_names_agree_with_safetensors() {
        for dtype in Dtype::ALL {
            let theirs = dtype.to_safetensors();
            assert_eq!(theirs.bitsize(), dtype.size() * 8);
            assert_eq!(theirs.to_string().to_lowercase(), dtype.to_string());
            assert_eq!(Dtype::from_safetensors(theirs), Some(dtype));
        }
        assert_eq!(Dtype::from_safetensors(safetensors::Dtype::BOOL), None);
    }

    /// The checksum is a byte tensor and must sort behind every tensor a checkpoint can hold.
    #[test]
    fn nothing_sorts_behind_bytes() {
        for dtype in Dtype::ALL {
            assert!(dtype.to_safetensors() >= safetensors::Dtype::U8, "{dtype}");
        }
        let mut sorted = Dtype::ALL;
        sorted.sort_by_key(|dtype| dtype.to_safetensors());
        assert_eq!(sorted, Dtype::ALL);
    }
}
