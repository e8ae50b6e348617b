//! The `runner` program: the experiments that come with Steadfast, run one after another.

use std::process::ExitCode;

// Every operation of the tensor library allocates its result; this allocator makes that cheap.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    runner::main_with(&runner::standard_factory())
}
