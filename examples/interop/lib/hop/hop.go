// Package hop is one hop in a chain of services, with the interface of the relay: GET /call?next=URL. It prints its address, as the
// relay does.
package hop

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// Seen is what a tracer made of the context, with hexadecimal ids.
type Seen struct {
	Trace   string  `json:"trace"`
	Parent  *string `json:"parent"`
	Server  string  `json:"server"`
	Client  string  `json:"client"`
	Sampled *bool   `json:"sampled,omitempty"`
}

type answer struct {
	Seen
	Received [][2]string `json:"received"`
	Next     any         `json:"next"`
}

// Format is the format that the peer must read and write.
func Format() string { return os.Args[1] }

// Serve serves until the process is killed. The function continues the trace of the headers that it received, calls the next service
// with the headers that it injected, and returns what its tracer made of the context.
func Serve(handle func(received http.Header, call func(outgoing http.Header)) Seen) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		var next any
		seen := handle(request.Header, func(outgoing http.Header) {
			next = get(request.URL.Query().Get("next"), outgoing)
		})
		received := [][2]string{}
		for name, values := range request.Header {
			for _, value := range values {
				received = append(received, [2]string{strings.ToLower(name), value})
			}
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(answer{seen, received, next}); err != nil {
			log.Print(err)
		}
	})))
}

var client = &http.Client{Transport: &http.Transport{Proxy: nil}}

func get(url string, headers http.Header) any {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return map[string]string{"error": err.Error()}
	}
	request.Header = headers
	response, err := client.Do(request)
	if err != nil {
		return map[string]string{"error": err.Error()}
	}
	defer response.Body.Close()
	var body any
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		return map[string]string{"error": err.Error()}
	}
	return map[string]any{"status": response.StatusCode, "body": body}
}

// Hex returns an id in hexadecimal digits.
func Hex(id uint64) string { return strconv.FormatUint(id, 16) }

// Parent returns the id of the parent, or nil if there is none.
func Parent(digits string) *string {
	if strings.Trim(digits, "0") == "" {
		return nil
	}
	return &digits
}
