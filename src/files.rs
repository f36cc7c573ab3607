//! Files are written whole: under a temporary name first, so that nothing half-written is ever seen.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes a file under a temporary name, and renames it.
///
/// # Errors
///
/// As the system says, if the file or its folder cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let temporary = temporary_name(path);
    let mut file = fs::File::create(&temporary)?;
    file.write_all(bytes)?;
    file.write_all(b"\n")?;
    // A name that is durable before its content would be a file that is not whole after a power failure.
    file.sync_all()?;
    drop(file);
    fs::rename(&temporary, path)
}

/// The name under which a file is written until it is whole.
pub fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    name.into()
}
