//! The command line that the tests call.

use assert_cmd::Command;

/// The `squall` of this build, or the one that SQUALL_BIN names, with output as it is without any wish of the user's about colours.
pub fn squall() -> Command {
    let own = || env!("CARGO_BIN_EXE_squall").into();
    let mut command = Command::new(std::env::var_os("SQUALL_BIN").unwrap_or_else(own));
    command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    command
}
