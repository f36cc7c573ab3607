module squall.example/etcd

go 1.26

require (
	go.etcd.io/raft/v3 v3.7.0
	google.golang.org/protobuf v1.36.11
	squall.example/guest v0.0.0
)

replace squall.example/guest => ../go
