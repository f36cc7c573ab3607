//! What became of a request: where it went, which entry it made, who applied it, and whether it was answered.

use std::fmt::Write as _;

use super::shares;
use crate::ids::NodeId;
use crate::log::RequestId;
use crate::oracle::PrefixId;
use crate::report::cite::Cite;
use crate::report::requests::{Fate, Made, Requests, Try};
use crate::trace::text::{client, command_words, heard_words};

/// How many tries are told in full, from the first and from the last.
const TRIES: usize = 4;

/// The answer.
pub fn tell(requests: &Requests, wanted: RequestId) -> Result<String, String> {
    let Some(fate) = requests.fate(wanted) else {
        let (serials, clients) = requests.counts(wanted.client);
        let most = match (serials, clients) {
            (0, 0) => "no client asks for anything".to_owned(),
            (0, clients) => {
                format!("client {} asks for nothing; {clients} clients do", wanted.client)
            }
            (serials, _) => format!("client {} makes {serials} requests", wanted.client),
        };
        return Err(format!("there is no request {} in this run; {most}", client(wanted)));
    };
    let name = client(wanted);
    let mut text = match (&fate.answered, fate.gave_up) {
        (Some((node, output, cite)), _) => format!(
            "{name}, {}, was answered by {node}, {cite}: {}\n",
            command_words(fate.command),
            heard_words(*output)
        ),
        (None, Some(cite)) => {
            format!("{name}, {}, was given up, {cite}\n", command_words(fate.command))
        }
        (None, None) => {
            format!("{name}, {}, was never answered\n", command_words(fate.command))
        }
    };
    let tries = fate.tries.len();
    for (place, one) in fate.tries.iter().enumerate() {
        if place >= TRIES && place + TRIES < tries {
            if place == TRIES {
                let _ = writeln!(text, "  ... {} more tries", tries - 2 * TRIES);
            }
            continue;
        }
        let _ = writeln!(text, "  try {}: {}", place + 1, one.words());
    }
    tell_entries(requests, fate, &mut text);
    if let Some(written) = requests.written(wanted) {
        let _ = writeln!(text, "  {written}");
    }
    Ok(text)
}

impl Try {
    /// How far it came.
    fn words(&self) -> String {
        let Try {
            to, asked, arrived, forwarded, forward_arrived, replied, heard, timed_out, ..
        } = self;
        let mut text = format!("{to} was asked {asked}");
        match arrived {
            Some(Cite(number, _)) => _ = write!(text, ", heard it (#{number})"),
            None => text += ", and did not hear it",
        }
        if let Some((leader, _)) = forwarded {
            let _ = write!(text, ", handed it to {leader}");
            text += if forward_arrived.is_some() { "" } else { ", which did not hear it" };
        }
        if let Some((node, applied, why, cite)) = replied {
            let what = if *applied { "answered" } else { "refused it" };
            let _ = write!(text, "; {node} {what}, {cite}: {why}");
        } else if arrived.is_some() {
            text += "; there was no answer";
        }
        match (heard, timed_out) {
            (Some((_, Cite(number, time))), _) => {
                let _ = write!(text, "; the client heard it at {time}s, #{number}");
            }
            (None, Some(Cite(_, time))) => {
                let _ = write!(text, "; the client heard nothing in time, at {time}s");
            }
            (None, None) => {}
        }
        text
    }
}

fn tell_entries(requests: &Requests, fate: &Fate, text: &mut String) {
    if fate.entries.is_empty() {
        let why = match fate.command.writes() {
            true => "no leader made an entry of it",
            false => "it made no entry in the log",
        };
        let _ = writeln!(text, "  {why}");
    }
    for made in &fate.entries {
        let Made { by, index, term, cite } = made;
        let _ = writeln!(text, "  {by} made entry {index} of term {term} of it, {cite}");
        let applied = fate.applied.iter().filter(|it| (it.index, it.term) == (*index, *term));
        let applied: Vec<String> = applied
            .map(|it| {
                let effect = if it.effect { "" } else { ", without effect" };
                format!("{} {}{effect}", it.by, it.cite)
            })
            .collect();
        match applied.as_slice() {
            [] => {
                let _ = writeln!(text, "    nobody applied it; {}", standing(requests, made));
            }
            some => _ = writeln!(text, "    it was applied by {}", some.join(", ")),
        }
    }
}

/// On which disks an entry is in the end.
fn standing(requests: &Requests, made: &Made) -> String {
    let shadow = &requests.shadow;
    let is_it =
        |place: Option<PrefixId>| place.is_some_and(|it| shadow.chain.link(it).term == made.term);
    let has = |id: &NodeId| is_it(shadow.node(*id).durable_at(made.index));
    let holders = shadow.nodes().map(|(id, _)| id).filter(has).collect();
    let (share, enough) = shares(shadow.configuration_of(made.by), holders, "disks");
    let enough = if enough { "a majority" } else { "no majority" };
    format!("in the end it is on {share}, {enough}")
}
