# What is named otherwise in 0.6.0-alpha, and what it has not.
s/\.raw\.store()/.raw.get_store()/
s/\.raw\.snap()/.raw.get_snap()/
s/RawNode::new(&raft, store, &logger)/RawNode::new(\&raft, store).map(|raw| raw.with_logger(\&logger))/
s/EntryConfChangeV2/EntryConfChange/
s/^    pub in_flight: .*/    pub in_flight: VecDeque<(raft::Ready, WriteId)>,/
s/^    Feature::VoteLease,/    Feature::VoteLease,\n    Feature::Priorities,\n    Feature::JointConsensus,/
/^ *priority: elections/d
/^ *max_uncommitted_size: match/,/^            },/d
/^ *max_committed_size_per_ready: match/,/^            },/d
/^ *("persistence"/d
/^ *("max_committed_size_per_ready"/d
/^ *("max_uncommitted_size"/d
/^const DATA_BYTES/d
/^const UNCOMMITTED_MIN/d
/^const COMMITTED_FEW/d
s/("heartbeat_tick", &\[\(.*\)\]),/("heartbeat_tick", \&[\1] as \&[\&str]),/
