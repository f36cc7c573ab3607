//! The command line that the tests call.

use assert_cmd::Command;

/// The `squall` of this build, with output as it is without any wish of the user's about colours.
pub fn squall() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_squall"));
    command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    command
}
