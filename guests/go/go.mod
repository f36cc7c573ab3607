module squall.example/guest

go 1.25
