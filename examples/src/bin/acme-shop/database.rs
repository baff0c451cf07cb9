//! The catalog's database, in memory, by plain sqlx. Each query runs in a span that is written by hand.

use opentracing_core::{InSpan, SpanKind, Tracer, tags};
use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;

use crate::model::{Bestseller, Cents, Product};

#[derive(Clone)]
pub(crate) struct Database {
    pool: SqlitePool,
    tracer: Tracer,
}

type ProductRow = (String, String, i64);
type BestsellerRow = (String, String, i64, i64);

impl Database {
    /// Opens a database of this process alone, and fills it.
    pub(crate) async fn open(tracer: Tracer) -> sqlx::Result<Database> {
        let pool = SqlitePoolOptions::new()
            // The database is gone with the last connection.
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect("sqlite::memory:")
            .await?;
        sqlx::raw_sql(CONTENT).execute(&pool).await?;
        Ok(Database { pool, tracer })
    }

    pub(crate) async fn products(&self) -> sqlx::Result<Vec<Product>> {
        const ALL: &str = "SELECT sku, name, price FROM products ORDER BY name";
        let rows = self.traced("SELECT products", ALL, sqlx::query_as(ALL).fetch_all(&self.pool)).await?;
        Ok(rows.into_iter().map(product).collect())
    }

    pub(crate) async fn product(&self, sku: &str) -> sqlx::Result<Option<Product>> {
        const BY_SKU: &str = "SELECT sku, name, price FROM products WHERE sku = ?";
        let query = sqlx::query_as(BY_SKU).bind(sku).fetch_all(&self.pool);
        let rows = self.traced("SELECT products", BY_SKU, query).await?;
        Ok(rows.into_iter().map(product).next())
    }

    pub(crate) async fn search(&self, words: &str) -> sqlx::Result<Vec<Product>> {
        const BY_NAME: &str =
            "SELECT sku, name, price FROM products WHERE instr(lower(name), lower(?)) > 0 ORDER BY name";
        let query = sqlx::query_as(BY_NAME).bind(words).fetch_all(&self.pool);
        let rows = self.traced("SELECT products", BY_NAME, query).await?;
        Ok(rows.into_iter().map(product).collect())
    }

    /// Slow, and for the most common of reasons: `sales` has no index, so that it is read from end to end for each product.
    pub(crate) async fn bestsellers(&self) -> sqlx::Result<Vec<Bestseller>> {
        const BY_SALES: &str = "SELECT sku, name, price, (SELECT sum(quantity) FROM sales WHERE sales.sku = products.sku) AS sold \
                                FROM products ORDER BY sold DESC LIMIT 3";
        let query = sqlx::query_as(BY_SALES).fetch_all(&self.pool);
        let rows: Vec<BestsellerRow> = self.traced("SELECT products", BY_SALES, query).await?;
        Ok(rows
            .into_iter()
            .map(|(sku, name, price, sold)| Bestseller { product: product((sku, name, price)), sold })
            .collect())
    }

    /// Runs a query in a client span, which ends with it.
    async fn traced<R>(
        &self,
        operation_name: &'static str,
        statement: &'static str,
        query: impl Future<Output = sqlx::Result<Vec<R>>>,
    ) -> sqlx::Result<Vec<R>> {
        let span = self
            .tracer
            .span(operation_name)
            .kind(SpanKind::Client)
            .set(tags::COMPONENT, "sqlx")
            .set(tags::DB_TYPE, "sql")
            .set(tags::DB_STATEMENT, statement)
            .set(tags::PEER_SERVICE, "sqlite")
            .start();
        let query = async {
            let result = query.await;
            self.tracer.with_active(|span| {
                match &result {
                    Ok(rows) => span.set(tags::DB_RESPONSE_RETURNED_ROWS, rows.len() as i64),
                    Err(error) => span.mark_error(error),
                };
            });
            result
        };
        query.in_span(span).await
    }
}

fn product((sku, name, price): ProductRow) -> Product {
    Product { sku, name, price: Cents(price) }
}

const CONTENT: &str = "
    CREATE TABLE products (sku TEXT PRIMARY KEY, name TEXT NOT NULL, price INTEGER NOT NULL);
    INSERT INTO products VALUES
        ('anvil', 'Anvil', 8900),
        ('birdseed', 'Birdseed, 5 kg', 1250),
        ('catapult', 'Catapult', 24900),
        ('earthquake-pills', 'Earthquake pills', 3990),
        ('glue', 'Extra strong glue', 790),
        ('magnet', 'Giant magnet', 5400),
        ('rocket-skates', 'Rocket skates', 12990),
        ('teapot', 'Teapot', 2450),
        ('tea', 'Tea, first flush', 990),
        ('umbrella', 'Umbrella', 1990);

    -- Somebody forgot the index on sku.
    CREATE TABLE sales (sku TEXT NOT NULL, quantity INTEGER NOT NULL);
    INSERT INTO sales
        WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 120000)
        SELECT (SELECT sku FROM products WHERE rowid = 1 + n * n % 10), 1 + n % 3 FROM numbers;
";
