// Checks what people deploy: Compose files as `docker compose config` loads them, and Grafana dashboards by Grafana's schema.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// compose fails on keys, types and references that the Compose specification does not know.
func compose(file string) error {
	options, err := cli.NewProjectOptions([]string{file}, cli.WithName("lint"))
	if err != nil {
		return err
	}
	_, err = options.LoadProject(context.Background())
	return err
}

// grafana fails on unknown fields, panels and values.
func grafana(file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !json.Valid(raw) {
		return fmt.Errorf("not JSON")
	}
	var board dashboard.Dashboard
	if err := found(board.UnmarshalJSONStrict(raw)); err != nil {
		return err
	}
	return found(board.Validate())
}

// found leaves out a list of errors that is empty, which the schema returns for panels without any.
func found(err error) error {
	var errs cog.BuildErrors
	if errors.As(err, &errs) && len(errs) == 0 {
		return nil
	}
	return err
}

func main() {
	checks := map[string]func(string) error{"compose": compose, "grafana": grafana}
	if len(os.Args) < 3 || checks[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: deploylint compose|grafana FILE…")
		os.Exit(2)
	}
	plugins.RegisterDefaultPlugins()
	failed := false
	for _, file := range os.Args[2:] {
		if err := checks[os.Args[1]](file); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}
