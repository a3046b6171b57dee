module multihub.example

go 1.19
