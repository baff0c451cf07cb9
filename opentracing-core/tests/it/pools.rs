//! Pools in the statistics.

use std::sync::Arc;
use std::time::Duration;

use opentracing_core::{Metrics, PoolSource, PoolStats, PoolWaits, Tracer};

struct Connections {
    name: &'static str,
    waits: PoolWaits,
}

impl Connections {
    fn new(name: &'static str) -> Arc<Self> {
        Arc::new(Connections { name, waits: PoolWaits::new() })
    }
}

impl PoolSource for Connections {
    fn stats(&self) -> PoolStats {
        assert!(self.name != "broken", "for the test");
        let mut stats = self.waits.stats(self.name);
        (stats.open, stats.idle, stats.max) = (8, 3, 1_000);
        stats
    }
}

fn tracer() -> Tracer {
    Tracer::builder("shop").build_forwarding()
}

#[test]
fn waits_are_counted_by_their_end() {
    let pool = Connections::new("db");
    let tracer = tracer();
    tracer.watch_pool(&pool);
    assert!(pool.waits.start().succeed() < Duration::from_secs(60));
    pool.waits.start().succeed();
    pool.waits.start().time_out();
    pool.waits.start().fail();
    drop(pool.waits.start());
    let waiting = pool.waits.start();
    assert!(waiting.elapsed() < Duration::from_secs(60));
    let stats = tracer.stats().pools;
    assert_eq!(stats.len(), 1);
    let PoolStats { name, open, idle, max, waiting: now, timed_out, failed, cancelled, waits, .. } = &stats[0];
    assert_eq!((name.as_str(), *open, *idle, *max), ("db", 8, 3, 1_000));
    assert_eq!((*now, waits.count(), *timed_out, *failed, *cancelled), (1, 2, 1, 1, 1));
    waiting.succeed();
    assert_eq!(tracer.stats().pools[0].waiting, 0);
}

#[test]
fn a_pool_is_watched_while_it_lives() {
    let tracer = tracer();
    let [first, second] = [Connections::new("first"), Connections::new("second")];
    tracer.watch_pool(&first);
    tracer.watch_pool(&second);
    let names = || tracer.stats().pools.into_iter().map(|pool| pool.name).collect::<Vec<_>>();
    assert_eq!(names(), ["first", "second"]);
    drop(first);
    assert_eq!(names(), ["second"]);
    Tracer::noop().watch_pool(&second);
    assert_eq!(Tracer::noop().stats().pools, []);
}

#[test]
fn a_pool_that_panics_is_left_out() {
    let tracer = tracer();
    let [broken, sound] = [Connections::new("broken"), Connections::new("sound")];
    tracer.watch_pool(&broken);
    tracer.watch_pool(&sound);
    assert_eq!(tracer.stats().pools.len(), 1);
}

#[test]
fn the_report_shows_pools() {
    let tracer = tracer();
    let pool = Connections::new("db.example:5432/shop\n");
    tracer.watch_pool(&pool);
    let line = || {
        let report = tracer.report().to_string();
        report.lines().find(|line| line.starts_with("  pool")).map(str::to_owned).unwrap()
    };
    assert_eq!(line(), "  pool       db.example:5432/shop\\n: 8 of 1,000 open, 3 idle");
    pool.waits.start().time_out();
    pool.waits.start().fail();
    drop(pool.waits.start());
    let _waiting = pool.waits.start();
    assert!(line().ends_with("3 idle, 1 request waiting, 1 timed out, 1 failed, 1 cancelled"), "{}", line());
    pool.waits.start().succeed();
    assert!(line().contains("; 1 waited "), "{}", line());
}

#[test]
fn the_metrics_show_pools() {
    let tracer = tracer();
    assert!(!Metrics::new(tracer.clone()).page(None).text().contains("opentracing_pool"));
    let pools = [Connections::new("db"), Connections::new("db")];
    pools.iter().for_each(|pool| tracer.watch_pool(pool));
    pools[0].waits.start().time_out();
    pools[0].waits.start().succeed();
    let _waiting = pools[1].waits.start();
    let page = Metrics::new(tracer).label("service", "shop").page(None);
    for line in [
        r#"opentracing_pool_open{service="shop",pool="db",state="idle"} 3"#,
        r#"opentracing_pool_open{service="shop",pool="db",state="used"} 5"#,
        r#"opentracing_pool_open{service="shop",pool="db-2",state="idle"} 3"#,
        r#"opentracing_pool_max{service="shop",pool="db"} 1000"#,
        r#"opentracing_pool_waiting{service="shop",pool="db"} 0"#,
        r#"opentracing_pool_waiting{service="shop",pool="db-2"} 1"#,
        r#"opentracing_pool_failed_total{service="shop",pool="db",cause="timeout"} 1"#,
        r#"opentracing_pool_failed_total{service="shop",pool="db",cause="error"} 0"#,
        r#"opentracing_pool_failed_total{service="shop",pool="db",cause="cancelled"} 0"#,
        r#"opentracing_pool_wait_seconds_bucket{service="shop",pool="db",le="+Inf"} 1"#,
        r#"opentracing_pool_wait_seconds_count{service="shop",pool="db"} 1"#,
        "# TYPE opentracing_pool_wait_seconds histogram",
        "# TYPE opentracing_pool_failed_total counter",
    ] {
        assert!(page.text().lines().any(|found| found == line), "{line} is not in {}", page.text());
    }
}
