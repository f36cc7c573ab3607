//! The other side of the frames: a node in Rust as a guest, for a module or a process of its own. What it does there is what it does in
//! squall's process, bit for bit.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::rc::Rc;

use crate::guest::{Configures, Features, Setup};
use crate::guests::frames::{
    ABI, Images, OwnSetup, get_maybe_snapshot, get_recovered, get_snapshot, input, output,
    put_maybe_snapshot, put_snapshot,
};
use crate::ids::NodeId;
use crate::machine::Image;
use crate::node::{Answer, Context, Effect, Input, Node, NodeRng, Request, Snapshot, TimerId};
use crate::payload::Payload;
use crate::rng::Rng;
use crate::time::{LocalTime, Shift};
use crate::wire::{Wire, get_bytes, put_bytes};

/// A message that travels as bytes. A snapshot that it carries travels beside them.
pub trait Carried: Clone {
    /// The snapshot that goes with it.
    fn snapshot(&self) -> Option<&Rc<Snapshot>> {
        None
    }

    /// Adds the bytes at the end.
    fn put(&self, to: &mut Vec<u8>);

    /// The message of these bytes, with the snapshot that came with it; none if they are no message.
    fn get(from: &[u8], snapshot: Option<Rc<Snapshot>>) -> Option<Self>;
}

/// What a module says of its Raft.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Description {
    /// The interface: [`ABI`].
    pub abi: &'static str,
    /// The name in plans and reports.
    pub name: String,
    /// The version of the Raft.
    pub version: String,
    /// The features that it does not have.
    pub lacks: Features,
    /// From when on its nodes go by a configuration.
    pub configures: Configures,
    /// Its own options, each with the values that it may have.
    pub options: BTreeMap<String, Vec<String>>,
}

impl Description {
    /// A Raft that lacks nothing and has no options.
    pub fn new(name: &str, version: &str) -> Description {
        Description {
            abi: ABI,
            name: name.into(),
            version: version.into(),
            lacks: Features::NONE,
            configures: Configures::OnAppend,
            options: BTreeMap::new(),
        }
    }
}

/// The images of the host, which a guest knows by number alone.
struct Numbers;

impl Images for Numbers {
    fn number(&mut self, image: &Image) -> u32 {
        image.content().copied().unwrap_or_default()
    }

    fn image(&self, number: u32, bytes: u64, fingerprint: u64) -> Option<Image> {
        Some(Image::new(number, bytes, fingerprint))
    }
}

/// One node behind frames, on the guest's side.
pub struct Exported<N: Node> {
    make: fn(&Setup<'_>) -> N,
    describe: fn() -> Description,
    node: Option<N>,
    rng: NodeRng,
    effects: Vec<Effect<N::Message>>,
    /// Where the host puts an input.
    input: Vec<u8>,
    output: Vec<u8>,
}

impl<N: Node<Message: Carried>> Exported<N> {
    /// A node that is made when it boots, with randomness that comes word by word.
    pub fn new(
        make: fn(&Setup<'_>) -> N,
        describe: fn() -> Description,
        word: fn() -> u64,
    ) -> Exported<N> {
        let rng = NodeRng::outside(word);
        let (effects, input, output) = (Vec::new(), Vec::new(), Vec::new());
        Exported { make, describe, node: None, rng, effects, input, output }
    }

    /// A place for at least so many bytes of input.
    pub fn buffer(&mut self, len: usize) -> &mut [u8] {
        self.input.resize(len.max(self.input.len()), 0);
        &mut self.input
    }

    /// Takes the first bytes of the buffer as an input, and gives the output.
    ///
    /// # Panics
    ///
    /// If the input is none, or the node panics.
    pub fn step(&mut self, len: usize) -> &[u8] {
        let bytes = std::mem::take(&mut self.input);
        self.output.clear();
        self.take(&mut &bytes[..len]).expect("the host gives an input as the interface says");
        self.input = bytes;
        &self.output
    }

    fn take(&mut self, from: &mut &[u8]) -> Option<()> {
        let (now, steady) = (LocalTime::get(from)?, LocalTime::get(from)?);
        let kind = u8::get(from)?;
        if kind == input::DESCRIBE {
            let text = serde_json::to_vec(&(self.describe)()).ok()?;
            record(output::DESCRIPTION, &mut self.output, |to| to.extend_from_slice(&text));
            return Some(());
        }
        let what = match kind {
            input::BOOT => {
                let seed = [(); 4].map(|()| u64::get(from).unwrap_or_default());
                if seed != [0; 4] {
                    self.rng = NodeRng::new(Rng::of_words(seed), vec![], vec![], vec![]);
                }
                let setup = OwnSetup::get(from)?;
                self.node = Some((self.make)(&setup.borrow()));
                Input::Boot(Box::new(get_recovered(from, &Numbers)?))
            }
            kind => read(kind, from)?,
        };
        let jumped = Shift(now.0.wrapping_sub(steady.0).cast_signed());
        let (rng, effects) = (&mut self.rng, &mut self.effects);
        let node = self.node.as_mut()?;
        node.step(what, &mut Context { now, jumped, rng, effects });
        let status = node.status();
        record(output::STATUS, &mut self.output, |to| status.put(to));
        for effect in self.effects.drain(..) {
            write::<N>(&effect, &mut self.output);
        }
        Some(())
    }
}

/// Serves one node over standard input and output, until that ends: the `main` of a guest that is a process.
///
/// # Errors
///
/// As the system says of either.
pub fn serve<N: Node<Message: Carried>>(
    make: fn(&Setup<'_>) -> N,
    describe: fn() -> Description,
) -> io::Result<()> {
    let (mut from, mut to) = (io::stdin().lock(), io::stdout().lock());
    // The boot brings a seed.
    let mut guest = Exported::new(make, describe, || 0);
    let (mut len, mut frame) = ([0; 4], Vec::new());
    loop {
        match from.read_exact(&mut len) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        }
        let len = u32::from_le_bytes(len) as usize;
        from.read_exact(&mut guest.buffer(len)[..len])?;
        let output = guest.step(len);
        frame.clear();
        put_bytes(output, &mut frame);
        to.write_all(&frame)?;
        to.flush()?;
    }
}

/// Makes a module of a node: what it exports, and where its random words come from. It takes the type of the node, a function that makes
/// one from a [`Setup`], and one that gives its [`Description`].
///
/// The crate is a `cdylib` for `wasm32-wasip1`.
#[macro_export]
macro_rules! export_node {
    ($node:ty, $make:expr, $describe:expr) => {
        #[cfg(target_family = "wasm")]
        mod squall_guest {
            use super::*;

            type Guest = $crate::guests::export::Exported<$node>;

            #[link(wasm_import_module = "wasi_snapshot_preview1")]
            unsafe extern "C" {
                fn random_get(place: *mut u64, len: usize) -> u16;
            }

            fn word() -> u64 {
                let mut word = 0;
                // It writes the eight bytes of one word.
                let failed = unsafe { random_get(&mut word, 8) };
                assert_eq!(failed, 0, "the host has randomness");
                word
            }

            std::thread_local! {
                static GUEST: std::cell::RefCell<Guest> =
                    std::cell::RefCell::new(Guest::new($make, $describe, word));
            }

            #[unsafe(no_mangle)]
            extern "C" fn buf(len: usize) -> *mut u8 {
                GUEST.with_borrow_mut(|guest| guest.buffer(len).as_mut_ptr())
            }

            #[unsafe(no_mangle)]
            extern "C" fn step(len: usize) -> u64 {
                GUEST.with_borrow_mut(|guest| {
                    let output = guest.step(len);
                    (output.as_ptr() as u64) << 32 | output.len() as u64
                })
            }
        }
    };
}

/// Reads an input other than the first two.
fn read<M: Carried>(kind: u8, from: &mut &[u8]) -> Option<Input<M>> {
    Some(match kind {
        input::RECEIVE => {
            let sender = NodeId::get(from)?;
            let snapshot = get_maybe_snapshot(from, &Numbers)?;
            Input::Receive { from: sender, message: M::get(get_bytes(from)?, snapshot)? }
        }
        input::REQUEST => {
            let (id, command) = Payload::get(from)?.content();
            Input::Request(Request { id, command })
        }
        input::TRANSFER => Input::Transfer(Wire::get(from)?),
        input::CHANGE => Input::Change(Wire::get(from)?),
        input::TIMER => Input::TimerFired(TimerId(Wire::get(from)?)),
        input::DURABLE => Input::Durable(Wire::get(from)?),
        input::WRITE_FAILED => Input::WriteFailed(Wire::get(from)?),
        input::APPLIED => Input::Applied { index: Wire::get(from)?, output: Wire::get(from)? },
        input::READ => {
            let (request, relay, output) = (Wire::get(from)?, Wire::get(from)?, Wire::get(from)?);
            Input::Read { request, relay, output }
        }
        input::SNAPSHOT_SAVED => Input::SnapshotSaved(get_snapshot(from, &Numbers)?),
        _ => return None,
    })
}

/// Adds a record: its kind, its length, and a body.
fn record(kind: u8, to: &mut Vec<u8>, put: impl FnOnce(&mut Vec<u8>)) {
    kind.put(to);
    let at = to.len();
    0_u32.put(to);
    put(to);
    let len = (to.len() - at - 4) as u32;
    to[at..at + 4].copy_from_slice(&len.to_le_bytes());
}

/// Adds the record of an effect.
fn write<N: Node<Message: Carried>>(effect: &Effect<N::Message>, output: &mut Vec<u8>) {
    record(kind_of(effect), output, |to| match effect {
        Effect::Send { to: receiver, message, after } => {
            receiver.put(to);
            after.put(to);
            put_maybe_snapshot(message.snapshot(), &mut Numbers, to);
            let mut summary = Vec::with_capacity(40);
            N::summary(message).put(&mut summary);
            put_bytes(&summary, to);
            message.put(to);
        }
        Effect::SaveVote { write, term, vote } => {
            write.put(to);
            term.put(to);
            vote.put(to);
        }
        Effect::Append { write, first, entries } => {
            write.put(to);
            first.put(to);
            entries.put(to);
        }
        Effect::Truncate { write, from: index } | Effect::Compact { write, upto: index } => {
            write.put(to);
            index.put(to);
        }
        Effect::TakeSnapshot { index, term, members } => {
            index.put(to);
            term.put(to);
            members.put(to);
        }
        Effect::SaveSnapshot(snapshot) | Effect::Restore(snapshot) => {
            put_snapshot(snapshot, &mut Numbers, to);
        }
        Effect::Discard { write, index, term } => {
            write.put(to);
            index.put(to);
            term.put(to);
        }
        Effect::SetTimer { timer, at } => {
            timer.0.put(to);
            at.put(to);
        }
        Effect::CancelTimer { timer } => timer.0.put(to),
        Effect::Apply { index, entry, answer } => {
            index.put(to);
            entry.put(to);
            answer.put(to);
        }
        Effect::Read { request, relay } => {
            request.payload().put(to);
            relay.put(to);
        }
        Effect::Reply { request, answer } => {
            request.put(to);
            match answer {
                Answer::Applied(output) => {
                    true.put(to);
                    output.put(to);
                }
                Answer::Refused(hint) => {
                    false.put(to);
                    hint.put(to);
                }
            }
        }
        Effect::Stop | Effect::WriteAgain | Effect::SyncAgain | Effect::RefuseChange => {}
    });
}

const fn kind_of<M>(effect: &Effect<M>) -> u8 {
    match effect {
        Effect::Send { .. } => output::SEND,
        Effect::SaveVote { .. } => output::SAVE_VOTE,
        Effect::Append { .. } => output::APPEND,
        Effect::Truncate { .. } => output::TRUNCATE,
        Effect::TakeSnapshot { .. } => output::TAKE_SNAPSHOT,
        Effect::SaveSnapshot(_) => output::SAVE_SNAPSHOT,
        Effect::Compact { .. } => output::COMPACT,
        Effect::Discard { .. } => output::DISCARD,
        Effect::Restore(_) => output::RESTORE,
        Effect::SetTimer { .. } => output::SET_TIMER,
        Effect::CancelTimer { .. } => output::CANCEL_TIMER,
        Effect::Apply { .. } => output::APPLY,
        Effect::Read { .. } => output::READ,
        Effect::Reply { .. } => output::REPLY,
        Effect::Stop => output::STOP,
        Effect::WriteAgain => output::WRITE_AGAIN,
        Effect::SyncAgain => output::SYNC_AGAIN,
        Effect::RefuseChange => output::REFUSE_CHANGE,
    }
}
