//! Options that cannot have an effect, whatever happens in a run: they belong to something that the plan does not have.
//!
//! A plan that gives one is refused ([`check`]), for its author expects something of it. A plan that is drawn or made smaller goes without
//! ([`Plan::leave_out_idle`]). An option that says what *would* happen, as `cluster.wiped`, is none of these.

use crate::config::priority;
use crate::plan::problem::{Checked, Problem, problem};
use crate::plan::{
    Action, ClientGroup, Clients, Fault, LinkException, LinkOptions, NodeOptions, Plan, RaftOptions,
};

/// An option that a plan may give in vain.
struct Row {
    /// Keys from the top of the plan, with slashes between them.
    path: &'static str,
    /// Whether it is given, and has no effect.
    is_idle: fn(&Plan) -> bool,
    /// Takes it out.
    leave: fn(&mut Plan),
    /// Why it has no effect, and what to write.
    why: Why,
}

/// Why an option has no effect, and what to write instead.
type Why = (&'static str, &'static str);

const STARTS_LATE: Why =
    ("clients that start at the end of the run or later ask nothing", "let them start earlier");
const STOPS_LATE: Why =
    ("the run ends before clients stop", "leave it out, or let them stop earlier");
const NO_CLIENTS: Why = ("there are no clients", "set `count` to 1 or more, or leave it out");
const NOBODY_ASKS: Why =
    ("there are neither clients nor single requests", "set `count` to 1 or more, or leave it out");
const NO_SNAPSHOTS: Why =
    ("no snapshots are taken", "set `snapshot_every` to 1 or more, or leave it out");
const NO_ERRORS: Why =
    ("no write ever fails", "give disks `errors`, or have a fault `disk-error` or `disk-full`");
const NO_CHANGES: Why = ("the members never change", "have a fault `change`, or leave it out");
const NO_LINKS: Why = ("a cluster of one node has no links", "leave it out, or have more nodes");

const NO_THIRD: Why = (
    "a message that goes astray arrives at a third node, and there is none",
    "leave it out, or have more nodes",
);
const NOBODY_THINKS: Why =
    ("clients that ask at a rate do not think", "leave it out, or leave `rate` out");

fn nobody_loops(plan: &Plan) -> bool {
    plan.clients_count() == 0
}

fn nobody_asks(plan: &Plan) -> bool {
    nobody_loops(plan) && plan.requests.is_empty()
}

fn asks_at_a_rate(plan: &Plan) -> bool {
    plan.clients.rate.is_some()
}

/// Why something of a group has no effect, and which key it is.
fn idle_group(plan: &Plan, group: &ClientGroup) -> Option<(&'static str, Why)> {
    if group.over(&plan.clients).start >= plan.horizon {
        return Some(("start", STARTS_LATE));
    }
    if group.stop.is_some_and(|stop| stop > plan.horizon) {
        return Some(("stop", STOPS_LATE));
    }
    let thinks = group.think.is_some() && group.rate.is_some();
    thinks.then_some(("think", NOBODY_THINKS))
}

/// Whether a fault is about the links of clients alone.
fn is_about_clients(fault: &Fault) -> bool {
    fault.targets().iter().any(|(_, target)| target.is_clients())
}

fn cuts_off_clients(fault: &Fault) -> bool {
    matches!(&fault.action, Action::Isolate(isolate) if isolate.clients)
}

/// The bound of liveness is made of such times, too.
fn nobody_waits(plan: &Plan) -> bool {
    nobody_asks(plan) && plan.liveness.is_none()
}

fn takes_no_snapshots(plan: &Plan) -> bool {
    plan.config().snapshot_every == 0
}

fn never_fails(plan: &Plan) -> bool {
    !plan.writes_may_fail()
}

fn keeps_members(plan: &Plan) -> bool {
    !plan.changes_members()
}

fn has_no_links(plan: &Plan) -> bool {
    plan.cluster.nodes == 1
}

/// Rows for keys of one table that have no effect for one reason. A key is given where it differs from the table's default.
macro_rules! rows {
    ($($table:ident: $type:ty, $when:ident, $why:ident: $($key:ident)+;)+) => {
        &[$($(Row {
            path: concat!(stringify!($table), "/", stringify!($key)),
            is_idle: |plan| plan.$table.$key != <$type>::default().$key && $when(plan),
            leave: |plan| plan.$table.$key = <$type>::default().$key,
            why: $why,
        },)+)+]
    };
}

/// What comes first may leave out what others go by.
const ROWS: &[&[Row]] = &[
    &[
        Row {
            path: "clients/start",
            is_idle: |plan| plan.clients.count > 0 && plan.clients.start >= plan.horizon,
            leave: |plan| plan.clients.count = 0,
            why: STARTS_LATE,
        },
        Row {
            path: "clients/stop",
            is_idle: |plan| plan.clients.stop.is_some_and(|stop| stop > plan.horizon),
            leave: |plan| plan.clients.stop = None,
            why: STOPS_LATE,
        },
    ],
    rows! {
        clients: Clients, asks_at_a_rate, NOBODY_THINKS: think;
        clients: Clients, nobody_loops, NO_CLIENTS: think rate mix keys start stop;
        clients: Clients, nobody_asks, NOBODY_ASKS: ask attempts loss sessions;
        clients: Clients, nobody_waits, NOBODY_ASKS: timeout retry_after latency;
        raft: RaftOptions, takes_no_snapshots, NO_SNAPSHOTS: snapshot_trailing snapshot_chunk;
        raft: RaftOptions, never_fails, NO_ERRORS: on_write_error;
        raft: RaftOptions, keeps_members, NO_CHANGES: strict_change;
        network: LinkOptions, has_no_links, NO_LINKS: latency loss duplicate fifo bandwidth;
        network: LinkOptions, has_no_third, NO_THIRD: misdeliver;
    },
];

/// Refuses a plan that gives an option in vain.
///
/// # Errors
/// The first such option.
pub fn check(plan: &Plan) -> Checked {
    if let Some(row) = ROWS.iter().copied().flatten().find(|row| (row.is_idle)(plan)) {
        return Err(refused(row.path, row.why));
    }
    for (place, group) in plan.client_groups.iter().enumerate() {
        if let Some((key, why)) = idle_group(plan, group) {
            return Err(refused(&format!("client_groups/{place}/{key}"), why));
        }
    }
    for (place, fault) in plan.faults.iter().enumerate() {
        if matches!(&fault.action, Action::Link(link) if link.misdeliver.is_some())
            && has_no_third(plan)
        {
            return Err(refused(&format!("faults/{place}/link/misdeliver"), NO_THIRD));
        }
        let is_idle = is_about_clients(fault) || cuts_off_clients(fault);
        if nobody_asks(plan) && is_idle {
            let path = format!("faults/{place}/{}", fault.kind().name());
            return Err(refused(&path, NOBODY_ASKS));
        }
    }
    for (place, link) in plan.links.iter().enumerate() {
        if has_no_links(plan) {
            return Err(refused(&format!("links/{place}"), NO_LINKS));
        }
        if is_plain_link(link) {
            let why = (
                "it says nothing of these links",
                "give a latency, loss, duplicate, fifo, bandwidth or misdeliver",
            );
            return Err(refused(&format!("links/{place}"), why));
        }
        if link.misdeliver.is_some() && has_no_third(plan) {
            return Err(refused(&format!("links/{place}/misdeliver"), NO_THIRD));
        }
    }
    for (place, node) in plan.nodes.iter().enumerate() {
        if *node == NodeOptions::new(node.id) {
            let why = ("it says nothing of this node", "leave it out, or say what differs");
            return Err(refused(&format!("nodes/{place}"), why));
        }
        if node.election_priority.is_some() && prefers_nobody(plan) {
            let why =
                ("no two nodes have different priorities", "give other nodes lower or higher ones");
            return Err(refused(&format!("nodes/{place}/election_priority"), why));
        }
    }
    Ok(())
}

fn refused(path: &str, (because, help): Why) -> Problem {
    Problem { help: Some(help.into()), ..problem(path, format!("this has no effect: {because}")) }
}

fn is_plain_link(link: &LinkException) -> bool {
    let (from, to) = (link.from.clone(), link.to.clone());
    let (kind, larger_than) = (link.kind.clone(), link.larger_than);
    *link == LinkException { from, to, kind, larger_than, ..LinkException::default() }
}

/// A message that goes astray needs a third node to arrive at.
fn has_no_third(plan: &Plan) -> bool {
    plan.cluster.nodes < 3
}

/// Whether all priorities are one. A Raft that is not squall's may go by one that only some nodes have.
fn prefers_nobody(plan: &Plan) -> bool {
    let mut priorities =
        plan.node_ids().map(|id| plan.node(id).and_then(|node| node.election_priority));
    let given = || plan.nodes.iter().filter_map(|node| node.election_priority);
    let own = given().next();
    own != Some(priority::NEVER)
        && given().all(|other| Some(other) == own)
        && (plan.is_for_squalls_own() || priorities.all(|other| other == own))
}

impl Plan {
    /// Leaves out the options that have no effect.
    pub fn leave_out_idle(&mut self) {
        for row in ROWS.iter().copied().flatten() {
            if (row.is_idle)(self) {
                (row.leave)(self);
            }
        }
        let (all, horizon) = (self.clone(), self.horizon);
        self.client_groups.retain(|group| group.over(&all.clients).start < horizon);
        for group in &mut self.client_groups {
            group.stop = group.stop.filter(|stop| *stop <= horizon);
            group.think = group.think.filter(|_| group.rate.is_none());
        }
        let named = self.client_groups.clone();
        let is_there = |target: &crate::plan::Target| match target {
            crate::plan::Target::Clients(name) if !name.is_empty() => {
                named.iter().any(|group| group.name == *name)
            }
            _ => true,
        };
        let silent = nobody_asks(self);
        self.faults.retain(|fault| {
            let all_there = fault.targets().iter().all(|(_, target)| is_there(target));
            all_there && !(silent && is_about_clients(fault))
        });
        for fault in &mut self.faults {
            if let Action::Isolate(isolate) = &mut fault.action {
                isolate.clients &= !silent;
            }
        }
        let unlinked = has_no_links(self);
        if has_no_third(self) {
            self.links.iter_mut().for_each(|link| link.misdeliver = None);
            for fault in &mut self.faults {
                if let Action::Link(link) = &mut fault.action {
                    link.misdeliver = None;
                }
            }
        }
        self.links.retain(|link| !unlinked && !is_plain_link(link));
        if prefers_nobody(self) {
            self.nodes.iter_mut().for_each(|node| node.election_priority = None);
        }
        self.nodes.retain(|node| *node != NodeOptions::new(node.id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::scenario;

    fn complaint(text: &str) -> String {
        let text = format!("horizon = \"1s\"\n{text}");
        scenario::from_toml(&text).expect_err("it is idle").to_string()
    }

    #[test]
    fn what_has_no_effect_is_refused_and_left_out() {
        let idle = [
            ("raft = { snapshot_trailing = 5 }", "no snapshots are taken"),
            ("raft = { snapshot_chunk = 5 }", "no snapshots are taken"),
            ("clients = { count = 0, keys = 3 }", "there are no clients"),
            ("clients = { count = 0, timeout = \"2s\" }", "neither clients nor single requests"),
            ("clients = { start = \"1s\" }", "end of the run"),
            ("clients = { stop = \"2s\" }", "the run ends before"),
            ("raft = { on_write_error = \"retry\" }", "no write ever fails"),
            ("raft = { strict_change = true }", "the members never change"),
            ("cluster = { nodes = 1 }\nnetwork = { loss = \"1%\" }", "no links"),
            ("cluster = { nodes = 1 }\nlinks = [{ loss = \"1%\" }]", "no links"),
            ("clients = { rate = \"9/s\", think = \"9ms\" }", "do not think"),
            ("clients = { count = 0, rate = \"9/s\" }", "there are no clients"),
            ("client_groups = [{ name = \"a\", count = 1, start = \"1s\" }]", "end of the run"),
            ("client_groups = [{ name = \"a\", count = 1, stop = \"9s\" }]", "the run ends before"),
            (
                "client_groups = [{ name = \"a\", count = 1, think = \"1s\", rate = \"9/s\" }]",
                "do not think",
            ),
            (
                "clients = { count = 0 }\nfaults = [{ at = \"0s\", isolate = { target = \"clients\" } }]",
                "neither clients nor single requests",
            ),
            (
                "clients = { count = 0 }\nfaults = [{ at = \"0s\", isolate = { target = 1, clients = true } }]",
                "neither clients nor single requests",
            ),
            ("links = [{ from = 1 }]", "nothing of these links"),
            ("links = [{ kind = [\"vote\"] }]", "nothing of these links"),
            ("cluster = { nodes = 2 }\nnetwork = { misdeliver = \"1%\" }", "a third node"),
            ("cluster = { nodes = 2 }\nlinks = [{ misdeliver = \"1%\" }]", "a third node"),
            (
                "cluster = { nodes = 2 }\nfaults = [{ at = \"0s\", link = { misdeliver = \"1%\" } }]",
                "a third node",
            ),
            ("nodes = [{ id = 2 }]", "nothing of this node"),
            ("nodes = [{ id = 2, election_priority = 5 }]", "no two nodes"),
        ];
        for (text, why) in idle {
            let complaint = complaint(text);
            assert!(
                complaint.contains("this has no effect") && complaint.contains(why),
                "{text}: {complaint}"
            );
            let table: toml::Table = toml::from_str(&format!("horizon = \"1s\"\n{text}")).unwrap();
            let mut plan: Plan = table.try_into().unwrap();
            plan.leave_out_idle();
            assert_eq!(check(&plan), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_has_an_effect_is_not() {
        let useful = [
            "raft = { snapshot_every = 9, snapshot_trailing = 5, snapshot_chunk = 5 }",
            "cluster = { profile = \"etcd\" }\nraft = { snapshot_trailing = 5 }",
            "clients = { count = 0, timeout = \"2s\" }\nrequests = [{ at = \"1s\", to = 1, command = { get = { key = 1 } } }]",
            "nodes = [{ id = 2, election_priority = 0 }]",
            "nodes = [{ id = 2, election_priority = 5 }, { id = 3, election_priority = 6 }]",
        ];
        for text in useful {
            let text = format!("horizon = \"1s\"\n{text}");
            scenario::from_toml(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        }
    }
}
