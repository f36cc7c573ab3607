//! A node behind frames: a module or a process takes each input as bytes, and gives as bytes what it wants.

use std::collections::VecDeque;
use std::panic::panic_any;
use std::rc::Rc;

use crate::guests::frames::get_maybe_snapshot;
use crate::guests::frames::{
    Images, OwnSetup, get_snapshot, input, output, put_maybe_snapshot, put_recovered, put_snapshot,
};
use crate::ids::{Index, NodeId, Term};
use crate::log::Entry;
use crate::machine::Image;
use crate::message::{Label, Summary};
use crate::node::{
    Answer, Context, Effect, Input, Moment, Node, NodeRng, Request, Snapshot, Status, TimerId,
};
use crate::payload::Payload;
use crate::time::LocalTime;
use crate::wire::{Wire, get_bytes, put_bytes};

/// What runs the code of one node for one life.
pub trait Process {
    /// Takes an input and gives the output. The moment and the randomness are the node's.
    ///
    /// # Errors
    ///
    /// Why it died, in words.
    fn step(
        &mut self,
        moment: Moment,
        rng: &mut NodeRng,
        input: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), String>;

    /// When it wants to be woken, by the node's steady clock, if nothing comes before.
    fn wakes_at(&self) -> Option<LocalTime>;

    /// Four words for a node that has no other randomness; zeros for one that has.
    fn seed(&self, _rng: &mut NodeRng) -> [u64; 4] {
        [0; 4]
    }
}

/// Why a guest's process died: what a node panics with, in place of a panic of its own. Nothing in it is a place in squall's code.
#[derive(Debug)]
pub struct Died(pub String);

/// How many images a node may name: those that were named last.
const IMAGES_MAX: usize = 64;

/// The timer for the time at which a process wants to be woken.
const WAKE: TimerId = TimerId(u32::MAX);

/// A message of a guest: bytes, what it says of them, and the snapshot that goes with it.
#[derive(Clone, Debug)]
pub struct Opaque {
    summary: Summary,
    snapshot: Option<Rc<Snapshot>>,
    bytes: Rc<[u8]>,
}

/// A node whose code runs behind frames.
pub struct Framed {
    setup: OwnSetup,
    process: Box<dyn Process>,
    images: Named,
    status: Status,
    /// When it is to be woken.
    wakes_at: Option<LocalTime>,
    input: Vec<u8>,
    output: Vec<u8>,
}

/// The images that a node has named or been told of, each by its number.
#[derive(Debug, Default)]
struct Named {
    images: VecDeque<(u32, Image)>,
    last: u32,
}

impl Images for Named {
    fn number(&mut self, image: &Image) -> u32 {
        if let Some((number, _)) = self.images.iter().rev().find(|(_, known)| known.is_same(image))
        {
            return *number;
        }
        self.last += 1;
        if self.images.len() == IMAGES_MAX {
            self.images.pop_front();
        }
        self.images.push_back((self.last, image.clone()));
        self.last
    }

    fn image(&self, number: u32, _bytes: u64, _fingerprint: u64) -> Option<Image> {
        let mut images = self.images.iter();
        images.find(|(known, _)| *known == number).map(|(_, image)| image.clone())
    }
}

impl Framed {
    /// A node that runs in this process, which has just been started.
    pub fn new(setup: OwnSetup, process: Box<dyn Process>) -> Framed {
        Framed {
            setup,
            process,
            images: Named::default(),
            status: Status::default(),
            wakes_at: None,
            input: Vec::new(),
            output: Vec::new(),
        }
    }

    /// Writes an input behind its head.
    fn write(&mut self, what: &Input<Opaque>, rng: &mut NodeRng) {
        let (to, images) = (&mut self.input, &mut self.images);
        match what {
            Input::Boot(recovered) => {
                input::BOOT.put(to);
                self.process.seed(rng).iter().for_each(|word| word.put(to));
                self.setup.put(to);
                put_recovered(recovered, images, to);
            }
            Input::Receive { from, message } => {
                input::RECEIVE.put(to);
                from.put(to);
                put_maybe_snapshot(message.snapshot.as_ref(), images, to);
                put_bytes(&message.bytes, to);
            }
            Input::Stray { .. } => {}
            Input::Request(request) => {
                input::REQUEST.put(to);
                request.payload().put(to);
            }
            Input::Transfer(node) => {
                input::TRANSFER.put(to);
                node.put(to);
            }
            Input::Change(change) => {
                input::CHANGE.put(to);
                change.put(to);
            }
            Input::TimerFired(WAKE) => input::WAKE.put(to),
            Input::TimerFired(timer) => {
                input::TIMER.put(to);
                timer.0.put(to);
            }
            Input::Durable(write) => {
                input::DURABLE.put(to);
                write.put(to);
            }
            Input::WriteFailed(write) => {
                input::WRITE_FAILED.put(to);
                write.put(to);
            }
            Input::Applied { index, output } => {
                input::APPLIED.put(to);
                index.put(to);
                output.put(to);
            }
            Input::Read { request, relay, output } => {
                input::READ.put(to);
                request.put(to);
                relay.put(to);
                output.put(to);
            }
            Input::SnapshotSaved(snapshot) => {
                input::SNAPSHOT_SAVED.put(to);
                put_snapshot(snapshot, images, to);
            }
        }
    }

    /// Reads all records of the output, and adds the effects that they ask for.
    fn read(&mut self, ctx: &mut Context<'_, Opaque>) -> Result<(), String> {
        let output = std::mem::take(&mut self.output);
        let mut rest = output.as_slice();
        while !rest.is_empty() {
            let at = output.len() - rest.len();
            let kind = rest[0];
            let body = rest.split_off(..1).and_then(|_| get_bytes(&mut rest));
            let mut body =
                body.ok_or_else(|| format!("its output ends within the record at byte {at}"))?;
            let read = self.record(kind, &mut body, ctx);
            if read.is_none() || !body.is_empty() {
                let why = if read.is_none() { "is malformed" } else { "is too long" };
                return Err(format!("the record of kind {kind} at byte {at} of its output {why}"));
            }
        }
        self.output = output;
        Ok(())
    }

    /// Reads one record.
    fn record(&mut self, kind: u8, from: &mut &[u8], ctx: &mut Context<'_, Opaque>) -> Option<()> {
        if kind == output::STATUS {
            self.status = Wire::get(from)?;
            return Some(());
        }
        let effect = effect(kind, from, &mut self.images, self.status.term)?;
        ctx.emit(effect);
        Some(())
    }

    /// Sees to it that the process is woken when it wants to be.
    fn set_wake(&mut self, ctx: &mut Context<'_, Opaque>) {
        let wakes_at = self.process.wakes_at();
        if wakes_at == self.wakes_at {
            return;
        }
        self.wakes_at = wakes_at;
        ctx.emit(match wakes_at {
            Some(steady) => {
                let at = LocalTime(steady.0.saturating_add_signed(ctx.jumped.0));
                Effect::SetTimer { timer: WAKE, at }
            }
            None => Effect::CancelTimer { timer: WAKE },
        });
    }
}

/// Reads an effect. The term is for a message that says nothing of itself.
fn effect(kind: u8, from: &mut &[u8], images: &mut Named, term: Term) -> Option<Effect<Opaque>> {
    Some(match kind {
        output::SEND => {
            let (to, after) = (NodeId::get(from)?, Wire::get(from)?);
            let snapshot = get_maybe_snapshot(from, images)?;
            let mut summary = get_bytes(from)?;
            let bytes = std::mem::take(from);
            let name = Label::new("message");
            let unsaid = Summary::Other { name, term, bytes: bytes.len() as u32, reply: false };
            let said = if summary.is_empty() { unsaid } else { Summary::get(&mut summary)? };
            let message = Opaque { summary: said, snapshot, bytes: bytes.into() };
            Effect::Send { to, message, after }
        }
        output::SAVE_VOTE => {
            let (write, term, vote) = (Wire::get(from)?, Wire::get(from)?, Wire::get(from)?);
            Effect::SaveVote { write, term, vote }
        }
        output::APPEND => {
            let (write, first, entries) = (Wire::get(from)?, Wire::get(from)?, Wire::get(from)?);
            Effect::Append { write, first, entries }
        }
        output::TRUNCATE => Effect::Truncate { write: Wire::get(from)?, from: Index::get(from)? },
        output::TAKE_SNAPSHOT => {
            let (index, term, members) = (Wire::get(from)?, Wire::get(from)?, Wire::get(from)?);
            Effect::TakeSnapshot { index, term, members }
        }
        output::SAVE_SNAPSHOT => Effect::SaveSnapshot(get_snapshot(from, images)?),
        output::RESTORE => Effect::Restore(get_snapshot(from, images)?),
        output::COMPACT => Effect::Compact { write: Wire::get(from)?, upto: Wire::get(from)? },
        output::DISCARD => {
            let (write, index, term) = (Wire::get(from)?, Wire::get(from)?, Wire::get(from)?);
            Effect::Discard { write, index, term }
        }
        output::SET_TIMER => {
            let (timer, at) = (TimerId(Wire::get(from)?), Wire::get(from)?);
            (timer != WAKE).then_some(Effect::SetTimer { timer, at })?
        }
        output::CANCEL_TIMER => Effect::CancelTimer { timer: TimerId(Wire::get(from)?) },
        output::APPLY => {
            let (index, entry, answer) = (Wire::get(from)?, Entry::get(from)?, Wire::get(from)?);
            Effect::Apply { index, entry, answer }
        }
        output::READ => {
            let (id, command) = Payload::get(from)?.content();
            Effect::Read { request: Request { id, command }, relay: Wire::get(from)? }
        }
        output::REPLY => {
            let (request, applied) = (Wire::get(from)?, bool::get(from)?);
            let answer = match applied {
                true => Answer::Applied(Wire::get(from)?),
                false => Answer::Refused(Wire::get(from)?),
            };
            Effect::Reply { request, answer }
        }
        output::STOP => Effect::Stop,
        output::WRITE_AGAIN => Effect::WriteAgain,
        output::SYNC_AGAIN => Effect::SyncAgain,
        output::REFUSE_CHANGE => Effect::RefuseChange,
        _ => return None,
    })
}

impl Node for Framed {
    type Message = Opaque;

    fn step(&mut self, what: Input<Opaque>, ctx: &mut Context<'_, Opaque>) {
        // Its transport, for which this stands, looks at addresses.
        if let Input::Stray { .. } = what {
            return;
        }
        let moment = ctx.moment();
        if let Input::TimerFired(WAKE) = what {
            self.wakes_at = None;
        }
        self.input.clear();
        moment.now.put(&mut self.input);
        moment.steady.put(&mut self.input);
        self.write(&what, ctx.rng);
        self.output.clear();
        let (input, output) = (&self.input, &mut self.output);
        let done = self.process.step(moment, ctx.rng, input, output);
        if let Err(why) = done.and_then(|()| self.read(ctx)) {
            panic_any(Died(why));
        }
        self.set_wake(ctx);
    }

    fn status(&self) -> Status {
        self.status
    }

    fn summary(message: &Opaque) -> Summary {
        message.summary
    }
}
