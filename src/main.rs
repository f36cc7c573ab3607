//! The `squall` command: parse, dispatch, exit code.

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use squall::cli::Cli;
use squall::cli::exit::Code;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // Nobody is left to tell if this cannot be printed.
            let _ = error.print();
            return ExitCode::from(if help { Code::Clean } else { Code::Usage } as u8);
        }
    };
    let result = std::panic::catch_unwind(|| cli.dispatch());
    let code = match result {
        Ok(Ok(code)) => code,
        Ok(Err(failure)) => {
            if !failure.text.is_empty() {
                anstream::eprintln!("{}", failure.text);
            }
            failure.code
        }
        Err(_) => {
            anstream::eprintln!(
                "error: this is a bug in squall; please report it with the command that you typed"
            );
            Code::Internal
        }
    };
    ExitCode::from(code as u8)
}
