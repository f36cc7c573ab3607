module squall.example/go-raft

go 1.25

require squall.example/guest v0.0.0

replace squall.example/guest => ../go
