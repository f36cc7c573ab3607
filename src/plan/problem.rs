//! What is wrong with a plan, and where: what every check of a plan is made of.

use crate::ids::NodeId;
use crate::plan::{Plan, Target};

/// What is wrong with a plan, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Keys and places from the top of the plan to what is wrong.
    pub path: Vec<String>,
    /// What is wrong, and what was expected.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Problem {
    /// The problem of what has the plan under this key.
    #[must_use]
    pub fn within(mut self, key: &str) -> Problem {
        self.path.insert(0, key.into());
        self
    }
}

/// Nothing, or the first thing that is wrong.
pub type Checked = Result<(), Problem>;

pub(super) fn problem(path: &str, message: impl Into<String>) -> Problem {
    let path = path.split('/').filter(|step| !step.is_empty()).map(str::to_owned).collect();
    Problem { path, message: message.into(), help: None }
}

/// Complains at a path unless the condition holds.
///
/// # Errors
/// The complaint, if the condition does not hold.
pub fn require(condition: bool, path: &str, message: impl FnOnce() -> String) -> Checked {
    if condition { Ok(()) } else { Err(problem(path, message())) }
}

/// Complains about a file of another format, or of another version of it, than these.
///
/// # Errors
/// The complaint, if it is one.
pub fn require_format(format: &str, version: u32, ours: (&str, u32)) -> Checked {
    let path = if format == ours.0 { "version" } else { "format" };
    require((format, version) == ours, path, || {
        format!("expected `{}` version {}, found `{format}` version {version}", ours.0, ours.1)
    })
}

/// Complains about a value that is out of its range.
///
/// # Errors
/// The complaint, if it is.
pub fn between(value: u64, from: u64, to: u64, path: &str, what: &str) -> Checked {
    require((from..=to).contains(&value), path, || {
        format!("{what} must be from {from} to {to}, not {value}")
    })
}

pub(super) fn check_target(plan: &Plan, target: &Target, triggered: bool, path: &str) -> Checked {
    require(*target != Target::Trigger || triggered, path, || {
        "\"trigger\" is the node of the situation that a fault waits for, and this one waits for none".into()
    })?;
    require(!target.is_clients(), path, || {
        "clients are no nodes; they stand at an end of `cut` or `link`, or are the target of `isolate`".into()
    })?;
    let Some(nodes) = target.numbers() else { return Ok(()) };
    require(!nodes.is_empty(), path, || "the list of nodes is empty".into())?;
    for (place, node) in nodes.iter().enumerate() {
        let path = if nodes.len() == 1 { path.to_owned() } else { format!("{path}/{place}") };
        check_node(plan, *node, &path)?;
        require(!nodes[..place].contains(node), &path, || {
            format!("node {} is named twice", node.number())
        })?;
    }
    Ok(())
}

pub(super) fn check_node(plan: &Plan, node: NodeId, path: &str) -> Checked {
    let nodes = plan.cluster.nodes;
    require((1..=nodes).contains(&node.number()), path, || {
        format!("there is no node {}: the cluster has nodes 1 to {nodes}", node.number())
    })
}
