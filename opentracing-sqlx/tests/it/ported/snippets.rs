// How public code uses sqlx with PostgreSQL. Compiled twice, with the imports of sqlx and with those of this crate, and run both ways.

// 1
async fn one_executor(db: impl PgExecutor<'_>) -> Result<i32> {
    sqlx::query_scalar("SELECT 1").fetch_one(db).await
}

// 2
async fn generic_executor<'e, E: Executor<'e, Database = Postgres>>(db: E) -> Result<i64> {
    sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(db).await
}

// 3, 4, 5
async fn dereferenced(pool: &PgPool) -> Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query("UPDATE users SET name = name").execute(&mut *tx).await?;
    sqlx::query("UPDATE users SET name = name").execute(tx.deref_mut()).await?;
    let borrowed = &mut tx;
    sqlx::query("UPDATE users SET name = name").execute(&mut **borrowed).await?;
    tx.commit().await
}

// 6, 7
async fn text_on_a_handle(pool: &PgPool) -> Result<u64> {
    let mut tx = pool.begin().await?;
    tx.execute("UPDATE users SET name = name").await?;
    tx.rollback().await?;
    Ok(pool.execute("SELECT id FROM users").await?.rows_affected())
}

struct User {
    id: i32,
    name: String,
}

// 8, 9, 10
async fn macros(pool: &PgPool) -> Result<(String, i64)> {
    let ada = sqlx::query!("SELECT id, name FROM users WHERE id = $1", 1).fetch_one(pool).await?;
    let same = sqlx::query_as!(User, "SELECT id, name FROM users WHERE id = $1", ada.id).fetch_one(pool).await?;
    let count = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM users"#).fetch_one(pool).await?;
    assert_eq!(same.id, 1);
    Ok((same.name, count))
}

// 11
async fn built_query(pool: &PgPool) -> Result<Vec<(i32,)>> {
    let mut query: QueryBuilder<Postgres> = QueryBuilder::new("SELECT id FROM users WHERE id IN (");
    let mut ids = query.separated(", ");
    ids.push_bind(1);
    ids.push_bind(3);
    query.push(") ORDER BY id");
    query.build_query_as().fetch_all(pool).await
}

// 12: the state of an axum router, and an extractor that takes a connection from it.
#[derive(Clone)]
struct AppState {
    pool: PgPool,
}

struct DatabaseConnection(PoolConnection<Postgres>);

impl DatabaseConnection {
    async fn from_request<S: Clone + Send + Sync + 'static>(state: &S) -> Result<Self>
    where
        PgPool: for<'a> From<&'a S>,
    {
        Ok(DatabaseConnection(PgPool::from(state).acquire().await?))
    }
}

impl From<&AppState> for PgPool {
    fn from(state: &AppState) -> PgPool {
        state.pool.clone()
    }
}

// 13
struct UnitOfWork {
    tx: Transaction<'static, Postgres>,
}

impl UnitOfWork {
    async fn begin(pool: &PgPool) -> Result<Self> {
        Ok(UnitOfWork { tx: pool.begin().await? })
    }

    async fn rename(&mut self, id: i32, name: &str) -> Result<()> {
        let rename = sqlx::query("UPDATE users SET name = $2 WHERE id = $1").bind(id).bind(name);
        rename.execute(&mut *self.tx).await.map(drop)
    }

    async fn roll_back(self) -> Result<()> {
        self.tx.rollback().await
    }
}

// 14
async fn shared_transaction(pool: &PgPool) -> Result<()> {
    let shared = Arc::new(Mutex::new(Some(pool.begin().await?)));
    let task = tokio::spawn({
        let shared = shared.clone();
        async move {
            let mut guard = shared.lock().await;
            let Some(tx) = guard.as_mut() else { return Ok(()) };
            sqlx::query("UPDATE users SET name = name").execute(&mut **tx).await.map(drop)
        }
    });
    task.await.expect("the task does not panic")?;
    match shared.lock().await.take() {
        Some(tx) => tx.commit().await,
        None => Ok(()),
    }
}

// 15: what async_trait expands to.
trait Users: Send + Sync {
    fn name<'a>(&'a self, id: i32) -> Pin<Box<dyn Future<Output = Result<String>> + Send + 'a>>;
}

struct PgUsers {
    pool: PgPool,
}

impl Users for PgUsers {
    fn name<'a>(&'a self, id: i32) -> Pin<Box<dyn Future<Output = Result<String>> + Send + 'a>> {
        Box::pin(async move {
            sqlx::query_scalar("SELECT name FROM users WHERE id = $1").bind(id).fetch_one(&self.pool).await
        })
    }
}

// 16
fn streamed(pool: &PgPool) -> impl Stream<Item = Result<(i32,)>> + '_ {
    sqlx::query_as("SELECT id FROM users ORDER BY id").fetch(pool)
}

// 17
async fn concurrent(pool: &PgPool) -> Result<(i64, i32)> {
    tokio::try_join!(generic_executor(pool), one_executor(pool))
}

// 18
async fn any_database<DB>(pool: &Pool<DB>) -> Result<i32>
where
    DB: Database,
    DB::Arguments: sqlx::IntoArguments<DB>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    (i32,): for<'r> sqlx::FromRow<'r, DB::Row>,
{
    let (one,) = sqlx::query_as("SELECT 1").fetch_one(pool).await?;
    Ok(one)
}

// 19
async fn nested(pool: &PgPool) -> Result<()> {
    let mut tx = pool.begin().await?;
    let mut savepoint = tx.begin().await?;
    sqlx::query("DELETE FROM users").execute(&mut *savepoint).await?;
    savepoint.rollback().await?;
    tx.commit().await
}

// 20, 21
async fn as_mut(pool: &PgPool) -> Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query("UPDATE users SET name = name").execute(tx.as_mut()).await?;
    sqlx::query_scalar::<_, i32>("SELECT 1").fetch_one(tx.as_mut()).await?;
    tx.commit().await?;
    let mut conn = pool.acquire().await?;
    sqlx::query("UPDATE users SET name = name").execute(conn.as_mut()).await.map(drop)
}

// 22
async fn acquired(db: impl Acquire<'_, Database = Postgres>) -> Result<i32> {
    let mut conn = db.acquire().await?;
    sqlx::query_scalar("SELECT 1").fetch_one(&mut *conn).await
}

// 23
async fn begun<'a, A>(db: A) -> Result<()>
where
    A: Acquire<'a, Database = Postgres>,
{
    let mut tx = db.begin().await?;
    sqlx::query("UPDATE users SET name = name").execute(&mut *tx).await?;
    tx.commit().await
}

// 24: sqlx's work-around for "implementation of `Acquire` is not general enough".
fn sent<'a, 'c, A>(db: A) -> Pin<Box<dyn Future<Output = Result<i32>> + Send + 'a>>
where
    A: Acquire<'c, Database = Postgres> + Send + 'a,
{
    Box::pin(async move {
        let mut conn = db.acquire().await?;
        sqlx::query_scalar("SELECT 1").fetch_one(&mut *conn).await
    })
}

// 25
async fn on_a_connection(conn: &mut PgConnection, id: i32) -> Result<Option<String>> {
    sqlx::query_scalar("SELECT name FROM users WHERE id = $1").bind(id).fetch_optional(conn).await
}

// 26
async fn in_a_transaction(tx: &mut Transaction<'_, Postgres>, id: i32) -> Result<()> {
    sqlx::query("UPDATE users SET name = name WHERE id = $1").bind(id).execute(&mut **tx).await.map(drop)
}

// 27
async fn in_a_named_transaction(mut tx: PgTransaction<'_>) -> Result<()> {
    in_a_transaction(&mut tx, 1).await?;
    tx.commit().await
}

// 28
async fn closure(conn: &mut PgConnection) -> Result<i64> {
    conn.transaction(|tx| {
        Box::pin(async move {
            sqlx::query("DELETE FROM users WHERE id = 9").execute(&mut **tx).await?;
            sqlx::query_scalar("SELECT count(*) FROM users").fetch_one(&mut **tx).await
        })
    })
    .await
}

// 29, 30
fn lazy(url: &str) -> Result<(PgPool, PgPool)> {
    let options: PgConnectOptions = url.parse()?;
    Ok((PgPool::connect_lazy(url)?, PgPool::connect_lazy_with(options)))
}

// 31
async fn configured(url: &str) -> Result<PgPool> {
    PgPoolOptions::new()
        .max_connections(2)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(5))
        .idle_timeout(Duration::from_secs(600))
        .max_lifetime(Duration::from_secs(1800))
        .test_before_acquire(true)
        .after_connect(|conn, _| {
            Box::pin(async move { conn.execute("SET application_name = 'shop'").await.map(drop) })
        })
        .connect_with(PgConnectOptions::from_str(url)?)
        .await
}

// 32
static MIGRATOR: Migrator = migrate!("tests/it/ported/migrations");

async fn migrated(pool: &PgPool) -> std::result::Result<(), MigrateError> {
    MIGRATOR.run(pool).await
}

// 33
async fn migrated_here(conn: &mut PgConnection) -> std::result::Result<usize, MigrateError> {
    let migrator = migrate!("tests/it/ported/migrations");
    migrator.run(&mut *conn).await?;
    Ok(migrator.iter().count())
}

// 34
async fn listened(pool: &PgPool, channel: &str) -> Result<String> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(channel).await?;
    listener.listen_all(["other", "more"]).await?;
    sqlx::query("SELECT pg_notify($1, 'hello')").bind(channel).execute(pool).await?;
    let notification = listener.recv().await?;
    listener.unlisten_all().await?;
    Ok(notification.payload().to_owned())
}

// 35
async fn listened_as_a_stream(url: &str, pool: &PgPool, channel: &str) -> Result<String> {
    let mut listener = PgListener::connect(url).await?;
    listener.listen(channel).await?;
    let mut stream = listener.into_stream();
    sqlx::query("SELECT pg_notify($1, 'again')").bind(channel).execute(pool).await?;
    let notification = stream.try_next().await?;
    Ok(notification.map(|notification| notification.payload().to_owned()).unwrap_or_default())
}

// 36
async fn copied_in(conn: &mut PgConnection) -> Result<u64> {
    let mut copy = conn.copy_in_raw("COPY users FROM STDIN (FORMAT csv)").await?;
    copy.send(&b"4,edith\n"[..]).await?;
    copy.send("5,frances\n".as_bytes()).await?;
    copy.finish().await
}

// 37
async fn copied_in_by_the_pool(pool: &PgPool) -> Result<u64> {
    let mut copy = pool.copy_in_raw("COPY users FROM STDIN").await?;
    copy.send(&b"6\tgloria\n"[..]).await?;
    copy.finish().await
}

// 38
async fn copied_out(pool: &PgPool) -> Result<usize> {
    let mut data = pool.copy_out_raw("COPY users TO STDOUT").await?;
    let mut size = 0;
    while let Some(chunk) = data.try_next().await? {
        size += chunk.len();
    }
    Ok(size)
}

// 39
async fn locked(pool: &PgPool, name: &str) -> Result<()> {
    let lock = PgAdvisoryLock::new(name);
    let mut guard = lock.acquire(pool.acquire().await?).await?;
    sqlx::query("UPDATE users SET name = name").execute(&mut *guard).await?;
    let mut conn = guard.release_now().await?;
    match lock.try_acquire(&mut *conn).await? {
        Either::Left(guard) => drop(guard),
        Either::Right(_) => panic!("the lock is free"),
    }
    Ok(())
}

// 40, 41
async fn cached(conn: &mut PgConnection) -> Result<(usize, usize)> {
    sqlx::query("SELECT 1").execute(&mut *conn).await?;
    let before = conn.cached_statements_size();
    conn.clear_cached_statements().await?;
    Ok((before, conn.cached_statements_size()))
}

// 42
async fn version(pool: &PgPool) -> Result<Option<u32>> {
    Ok(pool.acquire().await?.server_version_num())
}

// 43
async fn generic_connection<C: Connection>(url: &str) -> Result<()> {
    let mut conn = C::connect(url).await?;
    conn.ping().await?;
    let tx = conn.begin().await?;
    tx.rollback().await?;
    assert!(!conn.is_in_transaction());
    conn.close().await
}

// 44
struct Worker {
    conn: PgConnection,
}

impl Worker {
    async fn next(&mut self) -> Result<Option<i32>> {
        sqlx::query_scalar("SELECT 1 FROM pg_class LIMIT 1").fetch_optional(&mut self.conn).await
    }
}

// 45
async fn prepared(pool: &PgPool) -> Result<String> {
    let mut conn = pool.acquire().await?;
    let statement = (&mut *conn).prepare("SELECT name FROM users WHERE id = $1".into_sql_str()).await?;
    statement.query_scalar().bind(2).fetch_one(&mut *conn).await
}

// 46
async fn detached(pool: &PgPool) -> Result<()> {
    let mut conn = pool.acquire().await?.detach();
    conn.execute("SELECT 1").await?;
    conn.close().await
}

// 47
async fn until_closed(pool: &PgPool) -> Result<i32> {
    let tx = pool.begin_with("BEGIN READ ONLY").await?;
    tx.rollback().await?;
    pool.close_event().do_until(one_executor(pool)).await?
}

/// Runs them on a pool whose connections have the table `users`.
pub(super) async fn run(pool: PgPool, url: &str) -> Result<()> {
    let channel = format!("snippets_{}_{}", std::process::id(), module_path!().len());
    assert_eq!(one_executor(&pool).await?, 1);
    assert_eq!(generic_executor(&pool).await?, 3);
    dereferenced(&pool).await?;
    assert_eq!(text_on_a_handle(&pool).await?, 3);
    assert_eq!(macros(&pool).await?, ("ada".to_owned(), 3));
    assert_eq!(built_query(&pool).await?, [(1,), (3,)]);
    let state = AppState { pool: pool.clone() };
    let DatabaseConnection(mut extracted) = DatabaseConnection::from_request(&state).await?;
    assert_eq!(one_executor(&mut *extracted).await?, 1);
    let mut unit = UnitOfWork::begin(&pool).await?;
    unit.rename(1, "adam").await?;
    unit.roll_back().await?;
    shared_transaction(&pool).await?;
    let users: Box<dyn Users> = Box::new(PgUsers { pool: pool.clone() });
    assert_eq!(users.name(1).await?, "ada");
    assert_eq!(streamed(&pool).try_collect::<Vec<_>>().await?.len(), 3);
    assert_eq!(concurrent(&pool).await?, (3, 1));
    assert_eq!(any_database(&pool).await?, 1);
    nested(&pool).await?;
    as_mut(&pool).await?;
    let mut worker = Worker { conn: PgConnection::connect(url).await? };
    assert_eq!(acquired(&pool).await? + acquired(&mut *extracted).await? + acquired(&mut extracted).await?, 3);
    begun(&pool).await?;
    begun(&mut *extracted).await?;
    let mut tx = pool.begin().await?;
    begun(&mut tx).await?;
    in_a_transaction(&mut tx, 1).await?;
    in_a_named_transaction(tx).await?;
    assert_eq!(sent(&pool).await? + sent(&mut worker.conn).await?, 2);
    assert_eq!(on_a_connection(&mut extracted, 9).await?, None);
    assert_eq!(closure(&mut extracted).await?, 3);
    for lazy in [lazy(url)?.0, lazy(url)?.1, configured(url).await?] {
        assert_eq!(one_executor(&lazy).await?, 1);
        lazy.close().await;
    }
    assert_eq!(listened(&pool, &channel).await?, "hello");
    assert_eq!(listened_as_a_stream(url, &pool, &channel).await?, "again");
    assert_eq!(copied_in(&mut extracted).await?, 2);
    assert_eq!(generic_executor(&mut *extracted).await?, 5);
    drop(extracted);
    assert_eq!(copied_in_by_the_pool(&pool).await?, 1);
    assert!(copied_out(&pool).await? > 20);
    locked(&pool, &channel).await?;
    assert_eq!(cached(&mut worker.conn).await?, (1, 0));
    assert!(version(&pool).await?.is_some_and(|version| version > 90_000));
    generic_connection::<PgConnection>(url).await?;
    assert_eq!(worker.next().await?, Some(1));
    assert_eq!(prepared(&pool).await?, "grace");
    detached(&pool).await?;
    assert_eq!(until_closed(&pool).await?, 1);
    Ok(())
}

/// Runs the migrations in a schema of their own.
pub(super) async fn run_migrations(pool: PgPool) -> std::result::Result<usize, MigrateError> {
    migrated(&pool).await?;
    let count = migrated_here(&mut *pool.acquire().await?).await?;
    Ok(count)
}
