//! Files are written whole: under a temporary name first, so that nothing half-written is ever seen. Only a regular file is ever
//! replaced: what is a device or a pipe is written straight to, and a link stays.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};

/// The names of the standard output. It is written to as it is: opened anew it would begin at its beginning.
const STDOUT: [&str; 3] = ["-", "/dev/stdout", "/dev/fd/1"];

/// Reads a file, whatever the system says of its size: devices and pipes have none.
///
/// # Errors
///
/// As the system says, and [`io::ErrorKind::FileTooLarge`] if it has more than so many bytes.
pub fn read_up_to(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        let message = format!("it has more than {bytes_max} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// Writes a file whole, and a line break behind it.
///
/// # Errors
///
/// As the system says, if the file or its folder cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut output = Output::create(path)?;
    output.write_all(bytes)?;
    output.write_all(b"\n")?;
    output.finish()
}

/// Whether a name is that of the standard output.
pub fn is_stdout(path: &Path) -> bool {
    STDOUT.iter().any(|name| path.as_os_str() == *name)
}

/// A file that is written: seen when it is whole, and never if that does not come to be.
pub enum Output {
    /// The standard output.
    Stdout(BufWriter<io::Stdout>),
    /// What is no regular file, and so is neither replaced nor made whole.
    Straight(BufWriter<File>),
    /// A file under its temporary name, and the name that it gets.
    Whole(BufWriter<File>, Temporary, PathBuf),
}

impl Output {
    /// Begins to write.
    ///
    /// # Errors
    ///
    /// As the system says, if it cannot be written, or its folder cannot be made.
    pub fn create(path: &Path) -> io::Result<Output> {
        if is_stdout(path) {
            return Ok(Output::Stdout(BufWriter::new(io::stdout())));
        }
        match fs::metadata(path) {
            Ok(there) if !there.is_file() => {
                let file = File::options().write(true).open(path)?;
                return Ok(Output::Straight(BufWriter::new(file)));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut path = path.to_owned();
        while let Ok(target) = fs::read_link(&path) {
            path = folder_of(&path).join(target);
        }
        fs::create_dir_all(folder_of(&path))?;
        let temporary = Temporary(temporary_name(&path));
        let file = BufWriter::new(File::create(&temporary.0)?);
        Ok(Output::Whole(file, temporary, path))
    }

    /// Ends it. What was written is durable then, under its name.
    ///
    /// # Errors
    ///
    /// As the system says.
    pub fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        let Output::Whole(file, temporary, path) = self else { return Ok(()) };
        // A name that is durable before its content would be a file that is not whole after a power failure.
        file.get_ref().sync_all()?;
        fs::rename(&temporary.0, &path)?;
        // Not every system has folders that can be opened or synced; the file is there all the same.
        let folder = folder_of(&path);
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(())
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Output::Stdout(out) => out,
            Output::Straight(file) | Output::Whole(file, ..) => file,
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer().flush()
    }
}

/// The temporary name of a file: nothing is there any more when this is dropped.
pub struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // It is not there if the file has its name; that it cannot be removed would hide what went wrong first.
        let _ = fs::remove_file(&self.0);
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// The name under which a file is written until it is whole.
fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_and_not_finished_is_not_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("deep/file");
        let mut output = Output::create(&path).expect("it is writable");
        output.write_all(b"half").expect("it is writable");
        drop(output);
        let left = fs::read_dir(folder.path().join("deep")).expect("it was made").count();
        assert_eq!(left, 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_what_it_leads_to_is_written() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        for (link, target) in [("one", "two"), ("two", "file")] {
            std::os::unix::fs::symlink(target, at(link)).expect("there are links");
        }
        for text in ["not there before", "there before"] {
            write_whole(&at("one"), text.as_bytes()).expect("it is writable");
            assert_eq!(fs::read_to_string(at("file")).expect("it was written").trim_end(), text);
            assert!(at("one").is_symlink() && at("two").is_symlink() && !at("file").is_symlink());
        }
        std::os::unix::fs::symlink("round", at("round")).expect("there are links");
        assert!(write_whole(&at("round"), b"").is_err());
    }
}
