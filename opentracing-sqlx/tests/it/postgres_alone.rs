//! `COPY`, notifications and advisory locks of PostgreSQL.

use futures_util::TryStreamExt;
use opentracing_core::mock::MockTracer;
use opentracing_core::{InSpan, OwnedSpan, SpanKind};
use opentracing_sqlx::{TracingPgAdvisoryLock, TracingPgListener};
use sqlx::Either;

use crate::databases::postgres::*;
use crate::support::{error, names, only_span, poll_once, span, tag};

/// A name that no other test and no other run uses.
fn unique(name: &str) -> String {
    format!("{name}_{}", std::process::id())
}

fn outcome(span: &OwnedSpan) -> Option<String> {
    tag(span, "sqlx.outcome")
}

#[tokio::test]
async fn copy_in_counts_bytes_and_rows() {
    let mock = MockTracer::new();
    let Some(pool) = open(&mock, 1).await else { return };
    let mut connection = pool.acquire().await.unwrap();
    let work = async {
        let mut copy = connection.copy_in_raw("COPY users FROM STDIN (FORMAT csv)").await.unwrap();
        assert!(copy.is_textual() && copy.column_is_textual(0));
        assert_eq!(copy.num_columns(), 2);
        copy.send(&b"4,edith\n"[..]).await.unwrap().send(&b"5,frances\n"[..]).await.unwrap();
        assert_eq!(copy.finish().await.unwrap(), 2);
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&mut *connection).await.unwrap();
        assert_eq!(count, 5);
    };
    work.in_span(mock.tracer().span("import").start()).await;
    mock.assert_tree(
        "
        import
          COPY users (client)
          SELECT users (client)
    ",
    );
    let copy = span(&mock, "COPY users");
    let tags = ["sqlx.copied_bytes", "sqlx.rows_affected", "db.collection.name"].map(|key| tag(&copy, key));
    assert_eq!(tags, [Some("18".to_owned()), Some("2".to_owned()), Some("users".to_owned())]);
    assert_eq!(tag(&span(&mock, "SELECT users"), "sqlx.behind_cancelled"), None);
}

#[tokio::test]
async fn copy_in_fails_with_the_database() {
    let mock = MockTracer::new();
    let Some(pool) = open(&mock, 1).await else { return };
    let mut transaction = pool.begin().await.unwrap();
    transaction.copy_in_raw("COPY nowhere FROM STDIN").await.map(drop).unwrap_err();
    transaction.rollback().await.unwrap();
    assert_eq!(error(&span(&mock, "COPY nowhere")).0, "database");
    let mut transaction = pool.begin().await.unwrap();
    let mut copy = transaction.copy_in_raw("COPY users FROM STDIN").await.unwrap();
    copy.send(&b"1\tada\n"[..]).await.unwrap();
    copy.finish().await.unwrap_err();
    mock.reset();
    transaction.commit().await.unwrap();
    assert_eq!(outcome(&span(&mock, "COMMIT")).as_deref(), Some("rolled_back"));
}

#[tokio::test]
async fn copy_in_can_be_aborted_or_dropped() {
    let mock = MockTracer::new();
    let Some(pool) = open(&mock, 1).await else { return };
    let mut connection = pool.acquire().await.unwrap();
    let mut copy = connection.copy_in_raw("COPY users FROM STDIN").await.unwrap();
    copy.send(&b"4\tedith\n"[..]).await.unwrap();
    copy.abort("enough").await.unwrap();
    let aborted = only_span(&mock);
    assert_eq!((outcome(&aborted).as_deref(), aborted.is_failed), (Some("aborted"), false));
    assert_eq!(tag(&aborted, "sqlx.copied_bytes").as_deref(), Some("8"));
    mock.reset();
    let mut copy = connection.copy_in_raw("COPY users FROM STDIN").await.unwrap();
    copy.send(&b"4\tedith\n"[..]).await.unwrap();
    drop(copy);
    let dropped = only_span(&mock);
    assert_eq!(outcome(&dropped).as_deref(), Some("cancelled"));
    assert_eq!(dropped.logs[0].field("message"), Some("dropped before the copy was finished".into()));
    // sqlx reports the aborted copy to the next statement.
    sqlx::query(BY_ID).bind(1).fetch_one(&mut *connection).await.unwrap_err();
    assert_eq!(tag(&span(&mock, "SELECT users"), "sqlx.behind_cancelled").as_deref(), Some("true"));
}

#[tokio::test]
async fn copy_in_reads_from_a_reader() {
    let mock = MockTracer::new();
    let Some(pool) = open(&mock, 1).await else { return };
    let mut copy = pool.copy_in_raw("COPY users FROM STDIN").await.unwrap();
    copy.read_from(&b"4\tedith\n"[..]).await.unwrap();
    assert_eq!(copy.finish().await.unwrap(), 1);
    let copy = only_span(&mock);
    assert_eq!(tag(&copy, "sqlx.copied_bytes"), None);
    assert_eq!(tag(&copy, "sqlx.rows_affected").as_deref(), Some("1"));
}

#[tokio::test]
async fn copy_out_lasts_to_the_end_of_the_data() {
    let mock = MockTracer::new();
    let Some(pool) = open(&mock, 1).await else { return };
    let mut connection = pool.acquire().await.unwrap();
    {
        let mut data = connection.copy_out_raw("COPY users TO STDOUT").await.unwrap();
        assert_eq!(names(&mock), [""; 0]);
        while data.try_next().await.unwrap().is_some() {}
    }
    let copy = only_span(&mock);
    assert_eq!(tag(&copy, "sqlx.copied_bytes").as_deref(), Some("24"));
    assert_eq!((outcome(&copy), copy.is_failed), (None, false));
    mock.reset();
    {
        let mut data = connection.copy_out_raw("COPY users TO STDOUT").await.unwrap();
        data.try_next().await.unwrap();
    }
    assert_eq!(outcome(&only_span(&mock)).as_deref(), Some("cancelled"));
    // sqlx cannot use it any more.
    connection.close().await.unwrap();
    mock.reset();
    let data: Vec<_> = pool.copy_out_raw("COPY users TO STDOUT").await.unwrap().try_collect().await.unwrap();
    assert_eq!((data.len(), only_span(&mock).is_failed), (3, false));
    mock.reset();
    pool.copy_out_raw("COPY nowhere TO STDOUT").await.map(drop).unwrap_err();
    assert!(only_span(&mock).is_failed);
}

#[tokio::test]
async fn each_notification_has_a_consumer_span() {
    let mock = MockTracer::new();
    let Some(pool) = open(&mock, 2).await else { return };
    let channel = unique("orders");
    let mut listener = TracingPgListener::connect_with(&pool).await.unwrap();
    listener.listen(&channel).await.unwrap();
    listener.listen_all(["a\"b", "c"]).await.unwrap();
    assert_eq!(mock.finished_spans().len(), 2);
    for payload in ["first", "second", "third"] {
        sqlx::query("SELECT pg_notify($1, $2)").bind(&channel).bind(payload).execute(&pool).await.unwrap();
    }
    mock.reset();
    let work = async {
        let first = listener.recv().await.unwrap();
        assert_eq!((first.channel(), first.payload()), (channel.as_str(), "first"));
        first.handle(async { drop(sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap()) }).await;
        drop(listener.try_recv().await.unwrap());
        let failed = listener.recv().await.unwrap();
        failed.handle(async { Err::<(), _>("out of stock") }).await.unwrap_err();
    };
    work.in_span(mock.tracer().span("loop").start()).await;
    mock.assert_tree(&format!(
        "
        loop
        process {channel} (consumer)
          SELECT users (client)
        process {channel} (consumer)
        process {channel} (consumer) !
    "
    ));
    let spans = mock.finished_spans();
    let first = spans.iter().find(|span| span.kind == SpanKind::Consumer).unwrap();
    assert_eq!(tag(first, "message_bus.destination"), Some(channel.clone()));
    assert_eq!(tag(first, "messaging.message.body.size").as_deref(), Some("5"));
    assert_eq!(tag(first, "component").as_deref(), Some("sqlx"));
    assert_eq!(tag(first, "db.system.name").as_deref(), Some("postgresql"));
    listener.unlisten(&channel).await.unwrap();
    listener.unlisten_all().await.unwrap();
    assert!(listener.next_buffered().is_none());
    assert_eq!(mock.finished_spans().iter().filter(|span| &*span.operation_name == "UNLISTEN").count(), 2);
}

#[tokio::test]
async fn a_stream_of_notifications_has_their_spans() {
    let mock = MockTracer::new();
    let Some(pool) = open(&mock, 2).await else { return };
    let channel = unique("stream");
    let mut listener = TracingPgListener::connect_with(&pool).await.unwrap();
    listener.listen(&channel).await.unwrap();
    sqlx::query("SELECT pg_notify($1, '')").bind(&channel).execute(&pool).await.unwrap();
    mock.reset();
    let mut notification = listener.into_stream().try_next().await.unwrap().unwrap();
    notification.span_mut().set_tag("seen", true);
    assert_eq!(notification.into_inner().payload(), "");
    assert_eq!(tag(&only_span(&mock), "seen").as_deref(), Some("true"));
}

#[tokio::test]
async fn advisory_locks_are_traced_and_released() {
    let mock = MockTracer::new();
    let Some(pool) = open(&mock, 2).await else { return };
    let lock = TracingPgAdvisoryLock::new(unique("released"));
    assert!(lock.key().as_bigint().is_some());
    let mut guard = lock.acquire(pool.acquire().await.unwrap()).await.unwrap();
    sqlx::query(BY_ID).bind(1).fetch_one(&mut *guard).await.unwrap();
    let other = match lock.try_acquire(pool.acquire().await.unwrap()).await.unwrap() {
        Either::Left(_) => panic!("the lock is held"),
        Either::Right(connection) => connection,
    };
    let connection = guard.release_now().await.unwrap();
    assert_eq!(names(&mock), ["SELECT", "SELECT users", "SELECT", "SELECT"]);
    let texts =
        ["SELECT pg_advisory_lock($1)", BY_ID, "SELECT pg_try_advisory_lock($1)", "SELECT pg_advisory_unlock($1)"];
    let mut spans = mock.finished_spans();
    spans.sort_by_key(|span| span.start_unix_ns);
    assert_eq!(spans.iter().map(|span| tag(span, "db.statement").unwrap()).collect::<Vec<_>>(), texts);
    // It is free now.
    assert!(matches!(lock.try_acquire(other).await.unwrap(), Either::Left(_)));
    drop(connection);
}

#[tokio::test]
async fn dropping_a_guard_releases_the_lock() {
    let mock = MockTracer::new();
    let Some(pool) = open(&mock, 2).await else { return };
    let lock = TracingPgAdvisoryLock::new(unique("dropped"));
    let (mut first, mut second) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    drop(lock.acquire(&mut *first).await.unwrap());
    // The release is sent with the next statement.
    sqlx::query(BY_ID).bind(1).fetch_one(&mut *first).await.unwrap();
    let held = match lock.try_acquire(&mut *second).await.unwrap() {
        Either::Left(guard) => guard.leak(),
        Either::Right(_) => panic!("the lock is free"),
    };
    assert!(matches!(lock.try_acquire(&mut *first).await.unwrap(), Either::Right(_)));
    let (held, was_held) = lock.force_release(held).await.unwrap();
    assert!(was_held);
    sqlx::query(BY_ID).bind(1).fetch_one(held).await.unwrap();
    // In a transaction, and with two locks on one connection.
    let mut transaction = first.begin().await.unwrap();
    let mut guard = lock.acquire(&mut *transaction).await.unwrap();
    let inner = TracingPgAdvisoryLock::new(unique("inner")).acquire(&mut *guard).await.unwrap();
    drop(inner);
    guard.release_now().await.unwrap();
    transaction.commit().await.unwrap();
    assert!(matches!(lock.try_acquire(&mut *second).await.unwrap(), Either::Left(_)));
}

#[tokio::test]
async fn a_lock_that_is_not_waited_for_leaves_the_connection_usable() {
    let mock = MockTracer::new();
    let Some(pool) = open(&mock, 2).await else { return };
    let lock = TracingPgAdvisoryLock::new(unique("given_up"));
    let (mut first, mut second) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    let guard = lock.acquire(&mut *first).await.unwrap();
    mock.reset();
    poll_once(lock.acquire(&mut *second));
    assert_eq!(outcome(&only_span(&mock)).as_deref(), Some("cancelled"));
    drop(guard);
    sqlx::query(BY_ID).bind(1).fetch_one(&mut *first).await.unwrap();
    sqlx::query(BY_ID).bind(1).fetch_one(&mut *second).await.unwrap();
    assert!(mock.finished_spans().iter().any(|span| tag(span, "sqlx.behind_cancelled").is_some()));
    assert!(matches!(lock.try_acquire(&mut *first).await.unwrap(), Either::Left(_)));
}
