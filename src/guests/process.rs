//! A guest that is a process: frames over its standard input and output.

use std::io::{self, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use crate::guests::framed::Process;
use crate::node::{Moment, NodeRng};
use crate::time::LocalTime;

/// How long a process may take for a step, on the wall.
pub const STEP_TIME_MAX: Duration = Duration::from_secs(10);
/// How many bytes an output may have.
pub const OUTPUT_BYTES_MAX: u32 = 64 << 20;
/// How much of what a process says on its standard error is kept: the end of it.
const SAID_BYTES_MAX: usize = 2_000;
/// How often the time of a step is looked at.
const LOOKS: u32 = 20;

/// A process that runs the code of one node for one life.
pub struct Piped {
    child: Arc<Mutex<Child>>,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    said: Said,
    steps: Arc<Steps>,
    watch: Thread,
    frame: Vec<u8>,
}

/// What is known of the steps of a process, to whoever watches over them.
#[derive(Debug, Default)]
struct Steps {
    /// Odd while one is under way.
    count: AtomicU64,
    /// One took too long, so the process was ended.
    late: AtomicBool,
    /// The process is not needed any more.
    over: AtomicBool,
}

/// What a process says on its standard error.
struct Said {
    text: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Said {
    fn listen(mut stderr: ChildStderr) -> Said {
        let text = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&text);
        let reader = thread::spawn(move || {
            let mut chunk = [0; 1024];
            while let Ok(read @ 1..) = stderr.read(&mut chunk) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&chunk[..read]);
                let over = kept.len().saturating_sub(SAID_BYTES_MAX);
                kept.drain(..over);
            }
        });
        Said { text, reader }
    }

    /// All of it, once the process has ended. Its own children may live on and hold the other end, so nobody waits for ever.
    fn end(&self) -> String {
        for _ in 0..100 {
            if self.reader.is_finished() {
                break;
            }
            thread::park_timeout(Duration::from_millis(10));
        }
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&text).trim().to_owned()
    }
}

impl Piped {
    /// Starts a process by a command as a shell takes it.
    ///
    /// # Errors
    ///
    /// As the system says.
    pub fn start(command: &str) -> io::Result<Piped> {
        let mut child = Command::new("sh")
            // The shell gives way to the command, so that it is the command that is ended.
            .args(["-c", &format!("exec {command}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (to, from, said) = match (child.stdin.take(), child.stdout.take(), child.stderr.take())
        {
            (Some(to), Some(from), Some(said)) => (to, BufReader::new(from), Said::listen(said)),
            _ => return Err(io::Error::other("the process has no pipes")),
        };
        let (child, steps) = (Arc::new(Mutex::new(child)), Arc::new(Steps::default()));
        let watch = thread::spawn({
            let (child, steps) = (Arc::clone(&child), Arc::clone(&steps));
            move || watch(&child, &steps)
        });
        let watch = watch.thread().clone();
        Ok(Piped { child, to, from, said, steps, watch, frame: Vec::new() })
    }

    fn exchange(&mut self, input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
        // One write, so that the process wakes once.
        self.frame.clear();
        self.frame.extend_from_slice(&(input.len() as u32).to_le_bytes());
        self.frame.extend_from_slice(input);
        self.to.write_all(&self.frame)?;
        let mut len = [0; 4];
        self.from.read_exact(&mut len)?;
        let len = u32::from_le_bytes(len);
        if len > OUTPUT_BYTES_MAX {
            let why = format!("its output has {len} bytes, and {OUTPUT_BYTES_MAX} are allowed");
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        output.clear();
        (&mut self.from).take(u64::from(len)).read_to_end(output)?;
        if output.len() < len as usize { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    /// Why the process died. What it said may differ from run to run, so it comes last.
    fn death(&self, error: &io::Error) -> String {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if error.kind() == io::ErrorKind::InvalidData {
            return error.to_string();
        }
        if self.steps.late.load(Ordering::SeqCst) {
            return format!("it did not answer within {} s", STEP_TIME_MAX.as_secs());
        }
        let status =
            child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        let said = self.said.end();
        let said = if said.is_empty() { said } else { format!("; it said: {said}") };
        format!("its process ended, {status}{said}")
    }
}

/// Ends a process whose step takes too long.
fn watch(child: &Mutex<Child>, steps: &Steps) {
    let (mut seen, mut looks) = (0, 0);
    while !steps.over.load(Ordering::SeqCst) {
        thread::park_timeout(STEP_TIME_MAX / LOOKS);
        let count = steps.count.load(Ordering::SeqCst);
        looks = if count % 2 == 1 && count == seen { looks + 1 } else { 0 };
        seen = count;
        if looks >= LOOKS {
            steps.late.store(true, Ordering::SeqCst);
            let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
            // It may have ended just now.
            let _ = child.kill();
            return;
        }
    }
}

impl Process for Piped {
    fn step(
        &mut self,
        _moment: Moment,
        _rng: &mut NodeRng,
        input: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), String> {
        self.steps.count.fetch_add(1, Ordering::SeqCst);
        let done = self.exchange(input, output);
        self.steps.count.fetch_add(1, Ordering::SeqCst);
        done.map_err(|error| self.death(&error))
    }

    fn wakes_at(&self) -> Option<LocalTime> {
        None
    }

    fn seed(&self, rng: &mut NodeRng) -> [u64; 4] {
        std::array::from_fn(|_| rng.word())
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        self.steps.over.store(true, Ordering::SeqCst);
        self.watch.unpark();
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
    }
}
