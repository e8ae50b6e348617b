//! Rows of a table by number.

use candle_core::{DType, Result, Shape, Tensor, bail};

use crate::compute::{Gradients, Operation, Real, View, apply_one, chunk_for_rows, for_each_chunk, runs_here, zeros};

/// Rows per task of the gradient at most, so that every task reads the whole list of numbers but few tasks do.
const TASKS: usize = 8;

/// The rows of `table`, `[rows, width]`, with the numbers `ids`, u32 of any shape; the result is `[...ids, width]`.
///
/// This is `torch.nn.functional.embedding`. The gradients of a row that occurs several times are added in the order of
/// its occurrences.
pub fn embedding(table: &Tensor, ids: &Tensor) -> Result<Tensor> {
    let (rows, width) = table.dims2()?;
    if ids.dtype() != DType::U32 {
        bail!("embedding: the numbers are {}, but must be u32", ids.dtype().as_str());
    }
    let shape = Shape::from([ids.dims(), &[width]].concat());
    if !runs_here(&[table]) {
        return table.index_select(&ids.flatten_all()?, 0)?.reshape(shape);
    }
    let ids = ids.flatten_all()?.to_vec1::<u32>()?;
    if let Some(wrong) = ids.iter().find(|&&id| id as usize >= rows) {
        bail!("embedding: row {wrong} of a table of {rows}");
    }
    apply_one(EmbeddingOp { ids, shape }, table)
}

struct EmbeddingOp {
    ids: Vec<u32>,
    shape: Shape,
}

impl Operation<1> for EmbeddingOp {
    const NAME: &'static str = "embedding";

    fn forward<T: Real>(&self, [table]: [View<'_>; 1]) -> Result<(Vec<T>, Shape)> {
        let width = table.dims()[1];
        let table = table.values::<T>()?;
        let mut values = zeros(self.ids.len() * width);
        for_each_chunk(&mut values, chunk_for_rows(width) * width, |start, rows| {
            for (row, &id) in rows.chunks_mut(width.max(1)).zip(&self.ids[start / width.max(1)..]) {
                row.copy_from_slice(&table[id as usize * width..(id as usize + 1) * width]);
            }
        });
        Ok((values, self.shape.clone()))
    }

    fn backward<T: Real>(
        &self,
        [table]: [View<'_>; 1],
        _output: View<'_>,
        gradient: View<'_>,
        _wanted: [bool; 1],
    ) -> Result<Gradients<T, 1>> {
        let (rows, width) = (table.dims()[0], table.dims()[1].max(1));
        let gradient = gradient.values::<T>()?;
        let mut values = zeros(table.count());
        // Each task owns some rows of the table and looks through all numbers for them, in order.
        let rows_per_task = rows.div_ceil(TASKS).max(1);
        for_each_chunk(
            &mut values,
            rows_per_task * width,
            #[inline(always)]
            |start, part| {
                let first = start / width;
                let owned = first..first + part.len() / width;
                for (&id, gradient) in self.ids.iter().zip(gradient.chunks(width)) {
                    if owned.contains(&(id as usize)) {
                        let row = (id as usize - first) * width;
                        for (value, &gradient) in part[row..row + width].iter_mut().zip(gradient) {
                            *value += gradient;
                        }
                    }
                }
            },
        );
        Ok([Some(values)])
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::testing::{check, normal};

    #[test]
    fn repeated_rows_and_every_shape_of_numbers() -> Result<()> {
        let ids = Tensor::new(&[[3_u32, 0, 3], [1, 3, 1]], &Device::Cpu)?;
        let many = Tensor::new((0..900_u32).map(|id| id * id % 40).collect::<Vec<_>>(), &Device::Cpu)?;
        for (dims, ids) in [([4, 5], &ids), ([9, 1], &ids), ([40, 33], &many)] {
            check(&[&dims], &|t| embedding(&t[0], ids), &|t| {
                t[0].index_select(&ids.flatten_all()?, 0)?.reshape([ids.dims(), &dims[1..]].concat())
            });
        }
        Ok(())
    }

    #[test]
    fn numbers_that_do_not_exist_are_errors() -> Result<()> {
        let table = normal("table", &[4, 2]);
        let error = embedding(&table, &Tensor::new(&[4_u32], &Device::Cpu)?).unwrap_err().to_string();
        assert!(error.contains("row 4 of a table of 4"), "{error}");
        assert!(embedding(&table, &Tensor::new(&[1_i64], &Device::Cpu)?).is_err());
        Ok(())
    }
}
