//! The last exchange of a leader and a node that gets no further, and how often it was repeated.

use super::{Endless, Scene, Times};
use crate::ids::{Index, NodeId, Term};
use crate::message::Summary;
use crate::oracle::Shadow;
use crate::record::{Kind, Record};
use crate::report::cite::Cite;
use crate::trace::text::{loss_words, message_words, words};

/// A node lags: what its leader sends it, what it answers, and what the leader makes of that.
pub fn tell(scene: &Scene<'_>, laggard: NodeId) -> Endless {
    let mut endless = Endless::default();
    if !scene.shadow.node(laggard).up {
        stays_down(scene, laggard, &mut endless);
        return endless;
    }
    let Some(leader) = scene.leader() else { return endless };
    if leader == laggard {
        let node = scene.view.node(leader);
        let last = scene.shadow.node(leader).last_index();
        let text = format!(
            "{leader} leads, has a log up to {last}, knows that {} is committed, and has applied {}",
            node.commit, node.applied
        );
        endless.repeated.push(text);
        let peers = scene.shadow.configuration_of(leader).voting();
        for peer in peers.iter().filter(|peer| *peer != leader).take(2) {
            exchange(scene, leader, peer, &mut endless);
        }
        return endless;
    }
    exchange(scene, leader, laggard, &mut endless);
    endless
}

/// The last exchange of a leader and another node, and how often it was so since faults ended.
pub fn exchange(scene: &Scene<'_>, leader: NodeId, other: NodeId, endless: &mut Endless) {
    let asks = |record: &&Record| {
        let Kind::Send { to, message, .. } = record.kind else { return false };
        record.node == Some(leader) && to == other && is_replication(&message)
    };
    let Some(last) = scene.since().iter().rfind(asks) else {
        endless.repeated.push(format!("{leader} sends {other} nothing, though it leads"));
        return;
    };
    let Some(answer) = telling_answer(scene, leader, other, last.number) else {
        return unanswered(scene, last, other, endless);
    };
    let asked = question(scene, answer, leader, other);
    let Some((sent, heard)) = asked.or_else(|| last_heard(scene, last, other)) else { return };
    let term = |node, number| scene.term_at(node, number);
    let (Kind::Send { message: question, .. }, Kind::Deliver { message: reply, .. }) =
        (sent.kind, answer.kind)
    else {
        return;
    };
    let text = format!("sends {other} {}", described(&question));
    endless.lines.push(scene.line(Cite::of(sent), leader, term(leader, sent.number), text));
    let before = scene.shadow_before(heard.number);
    let text = format!(
        "{}; {leader} hears it at {} s",
        replied(&before, leader, other, &question, &reply),
        answer.time
    );
    endless.lines.push(scene.line(Cite::of(heard), other, term(other, heard.number), text));
    let next = scene.records.iter().filter(|record| record.number > answer.number).find(asks);
    let own = term(leader, answer.number);
    let next = match next.map(|next| next.kind) {
        Some(Kind::Send { message, .. }) if is_same(&message, &question) => {
            "sends the same again next".to_owned()
        }
        Some(Kind::Send { message, .. }) => format!("sends {} next", described(&message)),
        _ => "sends nothing any more".into(),
    };
    let later = match reply.term() > own {
        true => format!(
            ", which is of term {}, later than its own, leads on in term {own}",
            reply.term()
        ),
        false => String::new(),
    };
    let text = format!("hears what {other} answers{later}, and {next}");
    endless.lines.push(scene.line(Cite::of(answer), leader, own, text));
    repeated(scene, (leader, &question), (other, &reply), endless);
}

/// How often the same was asked, and the same answered, since faults ended.
fn repeated(
    scene: &Scene<'_>,
    (leader, question): (NodeId, &Summary),
    (other, reply): (NodeId, &Summary),
    endless: &mut Endless,
) {
    let (mut asked, mut answered) = (Times::default(), Times::default());
    for record in scene.since() {
        match record.kind {
            Kind::Send { to, message, .. }
                if (record.node, to) == (Some(leader), other) && is_same(&message, question) =>
            {
                asked.add(record.time);
            }
            Kind::Deliver { from, message, .. }
                if (record.node, from) == (Some(leader), other) && is_same(&message, reply) =>
            {
                answered.add(record.time);
            }
            _ => {}
        }
    }
    let end = scene.records.last().map_or(asked.last, |record| record.time);
    endless.repeated.push(format!(
        "{leader} sent {other} just this {}, until the end at {end} s; it was answered so {}",
        asked.words(),
        answered.words()
    ));
}

/// What was sent last, where nothing is answered.
fn unanswered(scene: &Scene<'_>, sent: &Record, other: NodeId, endless: &mut Endless) {
    let (Kind::Send { id: wanted, message, .. }, Some(leader)) = (sent.kind, sent.node) else {
        return;
    };
    let fate = scene.since().iter().find_map(|record| match record.kind {
        Kind::Deliver { id, .. } if id == wanted => Some("hears it, and does not answer".into()),
        Kind::Drop { id, why, .. } if id == wanted => {
            Some(format!("does not hear it: {}", loss_words(why)))
        }
        _ => None,
    });
    let fate = fate.unwrap_or_else(|| "has not heard it yet".into());
    let text = format!("sends {other} {}; {other} {fate}", described(&message));
    let term = scene.term_at(leader, sent.number);
    endless.lines.push(scene.line(Cite::of(sent), leader, term, text));
    let mut times = Times::default();
    let asks = |record: &&Record| {
        let Kind::Send { to, message, .. } = record.kind else { return false };
        (record.node, to) == (sent.node, other) && is_replication(&message)
    };
    scene.since().iter().filter(asks).for_each(|record| times.add(record.time));
    endless
        .repeated
        .push(format!("{leader} sent {other} something {}, and heard no answer", times.words()));
}

/// The answer that tells most of the later half of the time since faults ended: of the last of each kind, a refusal first; one upon which
/// something was sent, if there is one, for that shows what the leader makes of it.
fn telling_answer<'a>(
    scene: &'a Scene<'_>,
    leader: NodeId,
    other: NodeId,
    last_sent: u64,
) -> Option<&'a Record> {
    let since = scene.since();
    let half = since.first()?.time.0.midpoint(since.last()?.time.0);
    let rank = |message: &Summary| match message {
        Summary::Conflict { .. } => Some(4),
        Summary::SnapshotReply { .. } => Some(3),
        Summary::Appended { .. } => Some(2),
        Summary::Other { reply: true, .. } => Some(1),
        _ => None,
    };
    let ranked = since.iter().filter_map(|record| {
        let Kind::Deliver { from, message, .. } = record.kind else { return None };
        let is_it = (record.node, from) == (Some(leader), other) && record.time.0 >= half;
        is_it.then(|| rank(&message)).flatten().map(|rank| (rank, record))
    });
    let by_telling = |(rank, record): &(i32, &Record)| {
        let is_followed = record.number < last_sent;
        (is_followed, *rank, record.number)
    };
    ranked.max_by_key(by_telling).map(|(_, record)| record)
}

/// What an answer answers: as it was sent, and as it was heard.
fn question<'a>(
    scene: &'a Scene<'_>,
    answer: &Record,
    leader: NodeId,
    other: NodeId,
) -> Option<(&'a Record, &'a Record)> {
    let Kind::Deliver { id: answer, .. } = answer.kind else { return None };
    let is_answer = |record: &&Record| matches!(record.kind, Kind::Send { id, .. } if id == answer);
    let replied = scene.records.iter().rfind(is_answer)?;
    let heard = scene.records.iter().rfind(|record| {
        let Kind::Deliver { from, message, .. } = record.kind else { return false };
        (record.node, from) == (Some(other), leader)
            && is_replication(&message)
            && record.event <= replied.event
    })?;
    let Kind::Deliver { id: heard_id, .. } = heard.kind else { return None };
    let sent = scene
        .records
        .iter()
        .rfind(|record| matches!(record.kind, Kind::Send { id, .. } if id == heard_id))?;
    Some((sent, heard))
}

fn last_heard<'a>(
    scene: &'a Scene<'_>,
    sent: &'a Record,
    other: NodeId,
) -> Option<(&'a Record, &'a Record)> {
    let Kind::Send { id: wanted, .. } = sent.kind else { return None };
    let heard = scene.records.iter().find(|record| {
        record.node == Some(other)
            && matches!(record.kind, Kind::Deliver { id, .. } if id == wanted)
    })?;
    Some((sent, heard))
}

/// What a node answered, and why, by what it was when it heard the question.
fn replied(
    before: &Shadow,
    leader: NodeId,
    other: NodeId,
    question: &Summary,
    reply: &Summary,
) -> String {
    let own = before.node(other);
    match *reply {
        Summary::Conflict { .. } if own.term > question.term() => format!(
            "refuses it, for it is in term {}, later than term {} of {leader}",
            own.term,
            question.term()
        ),
        Summary::Conflict { conflict_index, .. } => {
            let why = match *question {
                Summary::AppendEntries { prev_index, prev_term, .. } => {
                    mismatch(before, other, prev_index, prev_term)
                }
                _ => "it does not fit its log".into(),
            };
            let from = match conflict_index {
                Index::ZERO => String::new(),
                index => format!(", and wants to go on from {index}"),
            };
            format!("refuses it: {why}{from}")
        }
        Summary::Appended { match_index, .. } => {
            format!("answers that its log matches up to {match_index}")
        }
        Summary::SnapshotReply { last_index, installed: true, .. } => {
            format!("answers that it has all up to {last_index}, by its snapshot")
        }
        Summary::SnapshotReply { last_index, received, .. } => {
            format!("answers that it has {received} bytes of the snapshot up to {last_index}")
        }
        _ => format!("answers: {}", message_words(reply)),
    }
}

fn mismatch(before: &Shadow, other: NodeId, index: Index, term: Term) -> String {
    let own = before.node(other);
    match own.at(index) {
        None => format!("it has no entry {index}, for its log ends with {}", own.last_index()),
        Some(place) => {
            let has = before.chain.link(place).term;
            match has == term {
                true => "though its log fits".into(),
                false => format!("its entry {index} is of term {has}, not {term}"),
            }
        }
    }
}

/// Why a node is down, and stays so.
fn stays_down(scene: &Scene<'_>, id: NodeId, endless: &mut Endless) {
    let falls = |record: &&Record| {
        record.node == Some(id)
            && matches!(
                record.kind,
                Kind::Crash(_) | Kind::Stop | Kind::Refuse { .. } | Kind::Broken { .. }
            )
    };
    let falls: Vec<&Record> = scene.records.iter().filter(falls).collect();
    for record in falls.iter().rev().take(2) {
        let term = scene.term_at(id, record.number);
        endless.lines.push(scene.line(
            Cite::of(record),
            id,
            term,
            words(&record.kind, record.node),
        ));
    }
    endless.repeated.push(format!("{id} does not start again"));
}

/// Whether a message is one by which a leader brings another up to date.
fn is_replication(message: &Summary) -> bool {
    matches!(
        message,
        Summary::AppendEntries { .. }
            | Summary::InstallSnapshot { .. }
            | Summary::Other { reply: false, .. }
    )
}

/// Whether two messages say the same, but for what is committed.
fn is_same(one: &Summary, other: &Summary) -> bool {
    match (*one, *other) {
        (
            Summary::AppendEntries { term, prev_index, entries, .. },
            Summary::AppendEntries { term: of, prev_index: behind, entries: count, .. },
        ) => (term, prev_index, entries == 0) == (of, behind, count == 0),
        (
            Summary::InstallSnapshot { term, offset, .. },
            Summary::InstallSnapshot { term: of, offset: at, .. },
        ) => (term, offset) == (of, at),
        (one, other) => one == other,
    }
}

/// What a leader sends.
fn described(message: &Summary) -> String {
    match *message {
        Summary::AppendEntries { prev_index, prev_term, entries: 0, .. } => {
            format!("a heartbeat behind entry {prev_index} of term {prev_term}")
        }
        Summary::AppendEntries { prev_index, prev_term, entries, .. } => {
            let (first, last) = (prev_index.next(), prev_index.plus(u64::from(entries)));
            let which = match first == last {
                true => format!("entry {first}"),
                false => format!("entries {first} to {last}"),
            };
            format!("{which}, behind entry {prev_index} of term {prev_term}")
        }
        Summary::InstallSnapshot { last_index, offset, bytes, .. } => {
            format!("{bytes} bytes, from {offset} on, of its snapshot up to {last_index}")
        }
        ref message => message_words(message),
    }
}

impl Scene<'_> {
    /// The cluster before a record.
    fn shadow_before(&self, number: u64) -> Shadow {
        let mut shadow = Shadow::of(self.plan);
        for record in self.records.iter().take_while(|record| record.number < number) {
            shadow.observe(record);
        }
        shadow
    }
}
