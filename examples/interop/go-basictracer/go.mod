module interop/go-basictracer

go 1.25

require (
	github.com/opentracing/basictracer-go v1.1.0
	github.com/opentracing/opentracing-go v1.2.0
	interop/hop v0.0.0
)

require github.com/gogo/protobuf v1.3.1 // indirect

replace interop/hop => ../lib/hop
