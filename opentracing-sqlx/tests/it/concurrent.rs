//! Many statements at once.

use std::collections::HashMap;

use opentracing_core::InSpan;
use opentracing_core::mock::MockTracer;

use crate::support::{returned, tag};

/// Runs queries on a multi-threaded runtime with a pool of eight connections.
macro_rules! concurrent_queries {
    ($feature:literal $database:ident) => {
        #[cfg(feature = $feature)]
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $database() {
            use crate::databases::$database::*;

            let mock = MockTracer::new();
            let Some(pool) = open(&mock, 8).await else { return };
            let tasks: Vec<_> = (0..QUERIES)
                .map(|number| {
                    let (pool, name) = (pool.clone(), format!("request {number}"));
                    let span = mock.tracer().span(&name).tag("number", number).start();
                    let work = async move {
                        sqlx::query_scalar::<_, String>(BY_ID).bind(1 + number % 3).fetch_one(&pool).await
                    };
                    tokio::spawn(work.in_span(span))
                })
                .collect();
            for (number, task) in tasks.into_iter().enumerate() {
                assert_eq!(task.await.unwrap().unwrap(), ["ada", "grace", "barbara"][number % 3]);
            }
            check_parents(&mock);
            assert!(pool.size() <= 8);
        }
    };
}
concurrent_queries!("sqlite" sqlite);
concurrent_queries!("postgres" postgres);
concurrent_queries!("mysql" mysql);

const QUERIES: i32 = 2_000;

#[track_caller]
fn check_parents(mock: &MockTracer) {
    let spans = mock.wait_for(2 * QUERIES as usize);
    let (queries, requests): (Vec<_>, Vec<_>) = spans.iter().partition(|span| &*span.operation_name == "SELECT users");
    let mut below: HashMap<_, u32> = HashMap::new();
    for query in &queries {
        assert_eq!(returned(query), Some(1.into()));
        assert!(tag(query, "sqlx.pool_wait_ms").is_some() && !query.is_failed && tag(query, "sqlx.outcome").is_none());
        *below.entry((query.context.trace_id(), query.parent_id)).or_default() += 1;
    }
    assert_eq!((queries.len(), requests.len()), (QUERIES as usize, QUERIES as usize));
    for request in requests {
        assert_eq!(below.get(&(request.context.trace_id(), Some(request.context.span_id()))), Some(&1), "{request:?}");
    }
    assert_eq!(mock.tracer().stats().lost(), 0);
}
