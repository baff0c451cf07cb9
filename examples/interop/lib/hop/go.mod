module interop/hop

go 1.22
