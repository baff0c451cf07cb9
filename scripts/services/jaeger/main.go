// SPDX-License-Identifier: Apache-2.0
// The wiring follows that of Jaeger's own all-in-one command.

// A Jaeger for tests: the agent, collector, memory store and query service of Jaeger v1 in one process, without the other
// stores that its all-in-one links in, which are two thirds of its build. It takes all-in-one's flags.
package main

import (
	"context"
	"flag"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	agentApp "github.com/jaegertracing/jaeger/cmd/agent/app"
	agentRep "github.com/jaegertracing/jaeger/cmd/agent/app/reporter"
	agentGrpcRep "github.com/jaegertracing/jaeger/cmd/agent/app/reporter/grpc"
	"github.com/jaegertracing/jaeger/cmd/all-in-one/setupcontext"
	collectorApp "github.com/jaegertracing/jaeger/cmd/collector/app"
	collectorFlags "github.com/jaegertracing/jaeger/cmd/collector/app/flags"
	queryApp "github.com/jaegertracing/jaeger/cmd/query/app"
	"github.com/jaegertracing/jaeger/cmd/query/app/querysvc"
	"github.com/jaegertracing/jaeger/pkg/config"
	"github.com/jaegertracing/jaeger/pkg/healthcheck"
	"github.com/jaegertracing/jaeger/pkg/metrics"
	"github.com/jaegertracing/jaeger/pkg/telemetery"
	"github.com/jaegertracing/jaeger/pkg/tenancy"
	"github.com/jaegertracing/jaeger/plugin/metrics/disabled"
	"github.com/jaegertracing/jaeger/plugin/sampling/strategyprovider/static"
	"github.com/jaegertracing/jaeger/plugin/storage/memory"
	"github.com/spf13/cobra"
	"github.com/spf13/viper"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
)

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	setupcontext.SetAllInOne()
	v, store, sampling := viper.New(), memory.NewFactory(), static.NewFactory()
	cmd := &cobra.Command{Use: "jaeger-for-tests", RunE: func(*cobra.Command, []string) error { return run(v, store, sampling) }}
	config.AddFlags(v, cmd,
		func(f *flag.FlagSet) { f.String("admin.http.host-port", "127.0.0.1:14269", "health check") },
		store.AddFlags, sampling.AddFlags, agentApp.AddFlags, agentRep.AddFlags, agentGrpcRep.AddFlags,
		collectorFlags.AddFlags, queryApp.AddFlags)
	check(cmd.Execute())
}

func run(v *viper.Viper, store *memory.Factory, sampling *static.Factory) error {
	logger, none, hc := must(zap.NewProduction()), metrics.NullFactory, healthcheck.New()
	go func() { check(http.ListenAndServe(v.GetString("admin.http.host-port"), hc.Handler())) }()

	store.InitFromViper(v, logger)
	check(store.Initialize(none, logger))
	reader, writer, deps := must(store.CreateSpanReader()), must(store.CreateSpanWriter()), must(store.CreateDependencyReader())
	sampling.InitFromViper(v, logger)
	check(sampling.Initialize(none, nil, logger))
	provider, aggregator, err := sampling.CreateStrategyProvider()
	check(err)

	cOpts := must(new(collectorFlags.CollectorOptions).InitFromViper(v, logger))
	tm := tenancy.NewManager(&cOpts.GRPC.Tenancy)
	c := collectorApp.New(&collectorApp.CollectorParams{
		ServiceName: "jaeger-collector", Logger: logger, MetricsFactory: none, SpanWriter: writer,
		SamplingProvider: provider, SamplingAggregator: aggregator, HealthCheck: hc, TenancyMgr: tm,
	})
	check(c.Start(cOpts))

	grpcBuilder := must(agentGrpcRep.NewConnBuilder().InitFromViper(v))
	if len(grpcBuilder.CollectorHostPorts) == 0 {
		grpcBuilder.CollectorHostPorts = []string{cOpts.GRPC.HostPort}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	proxy := must(agentApp.CreateCollectorProxy(ctx,
		agentApp.ProxyBuilderOptions{Options: *new(agentRep.Options).InitFromViper(v, logger), Logger: logger, Metrics: none},
		map[agentRep.Type]agentApp.CollectorProxyBuilder{agentRep.GRPC: agentApp.GRPCCollectorProxyBuilder(grpcBuilder)}))
	agent := must(new(agentApp.Builder).InitFromViper(v).CreateAgent(proxy, logger, none))
	check(agent.Run())

	qOpts := must(new(queryApp.QueryOptions).InitFromViper(v, logger))
	query := must(queryApp.NewServer(querysvc.NewQueryService(reader, deps, querysvc.QueryServiceOptions{}),
		must(disabled.NewMetricsReader()), qOpts, tm,
		telemetery.Setting{Logger: logger, TracerProvider: noop.NewTracerProvider(), Metrics: none, ReportStatus: telemetery.HCAdapter(hc)}))
	check(query.Start())
	hc.Ready()

	<-ctx.Done()
	agent.Stop()
	_ = proxy.Close()
	_ = c.Close()
	return query.Close()
}
