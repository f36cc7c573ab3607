//! The `squall` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    squall::command_line(&[])
}
