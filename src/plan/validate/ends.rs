//! Checks the clients of a plan, and whom its faults name: nodes, or clients at an end of a link.

use super::PERIOD_MIN;
use crate::plan::problem::{Checked, Problem, between, check_node, check_target, problem, require};
use crate::plan::{Action, Ask, Clients, Fault, LinkException, Plan, Target, When};
use crate::time::Span;

/// The most clients.
pub const CLIENTS_MAX: u32 = 1_000;
/// The most groups of clients beside those of `[clients]`.
pub const GROUPS_MAX: usize = 31;
/// The most sessions that a state machine keeps.
pub const SESSIONS_MAX: u64 = 20_000;
/// The most keys that clients use.
pub const KEYS_MAX: u32 = 65_536;

pub(super) fn check_clients(plan: &Plan) -> Checked {
    check_group(plan, &plan.clients, "clients")?;
    let groups = plan.client_groups.len();
    require(groups <= GROUPS_MAX, "client_groups", || {
        format!("{groups} groups of clients are more than {GROUPS_MAX}")
    })?;
    for (place, group) in plan.client_groups.iter().enumerate() {
        let path = format!("client_groups/{place}");
        let (name, is_plain) = (&group.name, |it: char| it.is_ascii_alphanumeric() || it == '-');
        require(!name.is_empty() && name.chars().all(is_plain), &format!("{path}/name"), || {
            "the name of a group is made of letters, digits and hyphens".into()
        })?;
        let twice = plan.client_groups[..place].iter().any(|other| other.name == *name);
        require(!twice, &format!("{path}/name"), || format!("two groups are called `{name}`"))?;
        require(group.count > 0, &format!("{path}/count"), || {
            "a group has one client or more; leave it out for none".into()
        })?;
        check_group(plan, &group.over(&plan.clients), &path)?;
    }
    let (count, most) = (plan.clients_count(), CLIENTS_MAX);
    require(count <= most, "client_groups", || {
        format!("{count} clients in all groups are more than {most}")
    })
}

/// Checks what a group is like, with all that it takes from `[clients]`.
fn check_group(plan: &Plan, clients: &Clients, path: &str) -> Checked {
    let at = |key: &str| format!("{path}/{key}");
    between(clients.count.into(), 0, CLIENTS_MAX.into(), &at("count"), "the number of clients")?;
    between(clients.keys.into(), 1, KEYS_MAX.into(), &at("keys"), "the number of keys")?;
    between(clients.attempts.into(), 1, 1_000_000, &at("attempts"), "the number of tries")?;
    require(clients.mix.total() > 0, &at("mix"), || {
        "the weights of the mix must not all be 0; for no requests, set count = 0".into()
    })?;
    let sessions = clients.sessions.unwrap_or(1);
    between(sessions.into(), 1, SESSIONS_MAX, &at("sessions"), "the number of sessions")?;
    require(clients.timeout > Span::ZERO, &at("timeout"), || {
        "clients need some time to wait for an answer".into()
    })?;
    require(clients.stop.is_none_or(|stop| stop > clients.start), &at("stop"), || {
        format!("clients stop before they start, at {}", clients.start)
    })?;
    let often = clients.rate.is_some_and(|rate| rate.0.scale() < PERIOD_MIN);
    require(!often, &at("rate"), || {
        format!("requests come no more often than every {PERIOD_MIN}, or 10000/s")
    })?;
    if let Ask::Nodes(nodes) = &clients.ask {
        require(!nodes.is_empty(), &at("ask"), || "the list of nodes is empty".into())?;
        for (place, node) in nodes.iter().enumerate() {
            check_node(plan, *node, &at("ask"))?;
            require(!nodes[..place].contains(node), &at("ask"), || {
                format!("node {} is named twice", node.number())
            })?;
        }
    }
    Ok(())
}

/// Checks whom a fault names.
pub(super) fn check_targets(plan: &Plan, fault: &Fault, path: &str) -> Checked {
    let triggered = matches!(fault.when, When::On(_));
    for (place, (key, target)) in fault.targets().into_iter().enumerate() {
        let key = if key == "groups" { format!("groups/{place}") } else { key.to_owned() };
        let path = format!("{path}/{key}");
        match target {
            Target::Clients(name) if may_name_clients(fault) => check_name(plan, name, &path)?,
            _ => check_target(plan, target, triggered, &path)?,
        }
    }
    match &fault.action {
        Action::Cut(cut) => {
            one_end(&cut.from, &cut.to, path)?;
            let of_clients = cut.from.is_clients() || cut.to.is_clients();
            require(!of_clients || cut.selection().is_all(), path, || {
                "messages of clients have no kinds and no sizes; cut them all".into()
            })?;
            cut.selection().check(&plan.guest, path)
        }
        Action::Link(link) => {
            one_end(&link.from, &link.to, path)?;
            check_client_link(link, path)?;
            check_selection(plan, link, path)
        }
        Action::Isolate(isolate) => require(
            !isolate.clients || !fault.target.is_clients(),
            &format!("{path}/clients"),
            || {
                "clients do not hear each other; `clients` is for nodes that are cut off from them"
                    .into()
            },
        ),
        _ => Ok(()),
    }
}

fn may_name_clients(fault: &Fault) -> bool {
    matches!(fault.action, Action::Cut(_) | Action::Link(_) | Action::Isolate(_))
}

fn check_name(plan: &Plan, name: &str, path: &str) -> Checked {
    let names = || plan.client_groups.iter().map(|group| group.name.as_str());
    if name.is_empty() || names().any(|other| other == name) {
        return Ok(());
    }
    let meant = crate::closest::closest(name, names());
    let help = meant.map(|meant| format!("did you mean \"clients:{meant}\"?"));
    let message =
        format!("there is no group of clients called `{name}`; [[client_groups]] has them");
    Err(Problem { help, ..problem(path, message) })
}

fn one_end(from: &Target, to: &Target, path: &str) -> Checked {
    require(!(from.is_clients() && to.is_clients()), &format!("{path}/to"), || {
        "clients do not talk to each other; name nodes at one end".into()
    })
}

/// Checks which messages a link, or a change of one, is about. What all messages of a link share is no matter of some of them.
pub(super) fn check_selection(plan: &Plan, link: &LinkException, path: &str) -> Checked {
    link.selection().check(&plan.guest, path)?;
    let shared = link.fifo.is_some() || link.bandwidth.is_some() || link.misdeliver.is_some();
    require(link.selection().is_all() || !shared, path, || {
        "some of the messages have a `latency`, `loss` or `duplicate` of their own; order, bandwidth and `misdeliver` are the whole link's"
            .into()
    })
}

/// Between a client and a node a message arrives once, by itself.
fn check_client_link(link: &LinkException, path: &str) -> Checked {
    let plain = LinkException {
        from: link.from.clone(),
        to: link.to.clone(),
        latency: link.latency,
        loss: link.loss,
        ..LinkException::default()
    };
    require(!(link.from.is_clients() || link.to.is_clients()) || *link == plain, path, || {
        "links of clients have a `latency` and a `loss`, and nothing else".into()
    })
}
