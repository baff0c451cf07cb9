// A newsletter service in the shape of the book "Zero To Production In Rust": subscribing, publishing with idempotency keys, and a worker
// that delivers issues.

use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

// configuration

#[derive(Clone)]
pub(super) struct DatabaseSettings {
    pub(super) url: String,
    pub(super) schema: String,
}

impl DatabaseSettings {
    fn without_schema(&self) -> Result<PgConnectOptions> {
        Ok(self.url.parse()?)
    }

    fn with_schema(&self) -> Result<PgConnectOptions> {
        Ok(self.without_schema()?.options([("search_path", self.schema.as_str())]))
    }
}

// startup

pub(super) struct Application {
    pub(super) pool: PgPool,
}

impl Application {
    pub(super) fn build(settings: &DatabaseSettings) -> Result<Self> {
        Ok(Application { pool: get_connection_pool(settings)? })
    }
}

fn get_connection_pool(settings: &DatabaseSettings) -> Result<PgPool> {
    Ok(PgPoolOptions::new().acquire_timeout(Duration::from_secs(5)).connect_lazy_with(settings.with_schema()?))
}

// domain

pub(super) struct NewSubscriber {
    pub(super) email: String,
    pub(super) name: String,
}

// routes: subscriptions

impl Application {
    pub(super) async fn subscribe(&self, subscriber: &NewSubscriber) -> Result<String> {
        let mut transaction = self.pool.begin().await?;
        let subscriber_id = insert_subscriber(&mut transaction, subscriber).await?;
        let token = format!("token-{subscriber_id}");
        store_token(&mut transaction, subscriber_id, &token).await?;
        transaction.commit().await?;
        Ok(token)
    }

    pub(super) async fn confirm(&self, token: &str) -> Result<bool> {
        match get_subscriber_id_from_token(&self.pool, token).await? {
            None => Ok(false),
            Some(id) => {
                confirm_subscriber(&self.pool, id).await?;
                Ok(true)
            }
        }
    }
}

async fn insert_subscriber(transaction: &mut Transaction<'_, Postgres>, subscriber: &NewSubscriber) -> Result<i64> {
    let query = "INSERT INTO subscriptions (email, name, status) VALUES ($1, $2, 'pending_confirmation') RETURNING id";
    let query = sqlx::query_scalar(query).bind(&subscriber.email).bind(&subscriber.name);
    Ok(query.fetch_one(&mut **transaction).await?)
}

async fn store_token(transaction: &mut Transaction<'_, Postgres>, subscriber_id: i64, token: &str) -> Result<()> {
    let query = sqlx::query("INSERT INTO subscription_tokens (subscription_token, subscriber_id) VALUES ($1, $2)")
        .bind(token)
        .bind(subscriber_id);
    transaction.execute(query).await?;
    Ok(())
}

async fn get_subscriber_id_from_token(pool: &PgPool, token: &str) -> Result<Option<i64>> {
    let query = sqlx::query_scalar("SELECT subscriber_id FROM subscription_tokens WHERE subscription_token = $1");
    Ok(query.bind(token).fetch_optional(pool).await?)
}

async fn confirm_subscriber(pool: &PgPool, subscriber_id: i64) -> Result<()> {
    let query = sqlx::query("UPDATE subscriptions SET status = 'confirmed' WHERE id = $1").bind(subscriber_id);
    pool.execute(query).await?;
    Ok(())
}

// idempotency

enum NextAction {
    StartProcessing(Transaction<'static, Postgres>),
    ReturnSavedResponse(String),
}

async fn try_processing(pool: &PgPool, key: &str) -> Result<NextAction> {
    let mut transaction = pool.begin().await?;
    let query = sqlx::query("INSERT INTO idempotency (idempotency_key) VALUES ($1) ON CONFLICT DO NOTHING").bind(key);
    let inserted = transaction.execute(query).await?.rows_affected();
    if inserted > 0 {
        Ok(NextAction::StartProcessing(transaction))
    } else {
        Ok(NextAction::ReturnSavedResponse(get_saved_response(pool, key).await?))
    }
}

async fn get_saved_response(pool: &PgPool, key: &str) -> Result<String> {
    let query = sqlx::query_scalar("SELECT response FROM idempotency WHERE idempotency_key = $1");
    Ok(query.bind(key).fetch_one(pool).await?)
}

async fn save_response(mut transaction: Transaction<'static, Postgres>, key: &str, response: &str) -> Result<()> {
    let query = sqlx::query("UPDATE idempotency SET response = $2 WHERE idempotency_key = $1").bind(key).bind(response);
    transaction.execute(query).await?;
    transaction.commit().await?;
    Ok(())
}

// routes: newsletters

impl Application {
    pub(super) async fn publish_newsletter(&self, title: &str, key: &str) -> Result<String> {
        let mut transaction = match try_processing(&self.pool, key).await? {
            NextAction::StartProcessing(transaction) => transaction,
            NextAction::ReturnSavedResponse(response) => return Ok(response),
        };
        let issue_id = insert_newsletter_issue(&mut transaction, title).await?;
        enqueue_delivery_tasks(&mut transaction, issue_id).await?;
        save_response(transaction, key, "accepted").await?;
        Ok("accepted".to_owned())
    }
}

async fn insert_newsletter_issue(transaction: &mut Transaction<'_, Postgres>, title: &str) -> Result<i64> {
    let query = sqlx::query_scalar("INSERT INTO newsletter_issues (title) VALUES ($1) RETURNING id").bind(title);
    Ok(query.fetch_one(transaction.as_mut()).await?)
}

async fn enqueue_delivery_tasks(transaction: &mut Transaction<'_, Postgres>, issue_id: i64) -> Result<()> {
    let query = "INSERT INTO issue_delivery_queue (newsletter_issue_id, subscriber_email)
        SELECT $1, email FROM subscriptions WHERE status = 'confirmed'";
    transaction.execute(sqlx::query(query).bind(issue_id)).await?;
    Ok(())
}

// issue_delivery_worker

type PgTransaction = Transaction<'static, Postgres>;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum ExecutionOutcome {
    TaskCompleted(String),
    EmptyQueue,
}

pub(super) async fn try_execute_task(pool: &PgPool) -> Result<ExecutionOutcome> {
    let Some((transaction, issue_id, email)) = dequeue_task(pool).await? else {
        return Ok(ExecutionOutcome::EmptyQueue);
    };
    let title = get_issue(pool, issue_id).await?;
    delete_task(transaction, issue_id, &email).await?;
    Ok(ExecutionOutcome::TaskCompleted(format!("{title} to {email}")))
}

async fn dequeue_task(pool: &PgPool) -> Result<Option<(PgTransaction, i64, String)>> {
    let mut transaction = pool.begin().await?;
    let query = "SELECT newsletter_issue_id, subscriber_email FROM issue_delivery_queue
        ORDER BY subscriber_email FOR UPDATE SKIP LOCKED LIMIT 1";
    let row: Option<(i64, String)> = sqlx::query_as(query).fetch_optional(&mut *transaction).await?;
    Ok(row.map(|(issue_id, email)| (transaction, issue_id, email)))
}

async fn delete_task(mut transaction: PgTransaction, issue_id: i64, email: &str) -> Result<()> {
    let query = "DELETE FROM issue_delivery_queue WHERE newsletter_issue_id = $1 AND subscriber_email = $2";
    transaction.execute(sqlx::query(query).bind(issue_id).bind(email)).await?;
    transaction.commit().await?;
    Ok(())
}

async fn get_issue(pool: &PgPool, issue_id: i64) -> Result<String> {
    Ok(sqlx::query_scalar("SELECT title FROM newsletter_issues WHERE id = $1").bind(issue_id).fetch_one(pool).await?)
}

// the helpers of the tests

pub(super) async fn configure_database(settings: &DatabaseSettings) -> Result<PgPool> {
    let mut connection = PgConnection::connect_with(&settings.without_schema()?).await?;
    let create = format!("DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}", settings.schema);
    connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(create))).await?;
    let pool = PgPool::connect_with(settings.with_schema()?).await?;
    migrate!("tests/it/ported/newsletter/migrations").run(&pool).await?;
    Ok(pool)
}

pub(super) async fn remove_database(settings: &DatabaseSettings) -> Result<()> {
    let mut connection = PgConnection::connect_with(&settings.without_schema()?).await?;
    let drop = format!("DROP SCHEMA {} CASCADE", settings.schema);
    connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(drop))).await?;
    connection.close().await?;
    Ok(())
}

/// What a reader does: subscribes two people, publishes an issue twice with one key, and delivers it.
pub(super) async fn run(application: &Application) -> Result<Vec<ExecutionOutcome>> {
    for (email, name) in [("ada@example", "Ada"), ("grace@example", "Grace")] {
        let subscriber = NewSubscriber { email: email.to_owned(), name: name.to_owned() };
        let token = application.subscribe(&subscriber).await?;
        assert!(application.confirm(&token).await?);
    }
    assert!(!application.confirm("unknown").await?);
    for _ in 0..2 {
        assert_eq!(application.publish_newsletter("First issue", "key").await?, "accepted");
    }
    let mut outcomes = Vec::new();
    loop {
        let outcome = try_execute_task(&application.pool).await?;
        let is_empty = outcome == ExecutionOutcome::EmptyQueue;
        outcomes.push(outcome);
        if is_empty {
            return Ok(outcomes);
        }
    }
}
