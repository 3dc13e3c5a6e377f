//! The binary: parses the command line and calls one function.

use std::process::ExitCode;

/// The system's allocator keeps the 19 MiB of every password hash in the arena of its thread: 680 MB after many sign-ins.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mind::cli::run()
}
