//! The guest as a process: `squall fuzz --guest 'cmd: guests/own-raft/target/release/own-raft'`.

fn main() -> std::io::Result<()> {
    squall::export::serve(own_raft::OwnRaft::new, own_raft::describe)
}
