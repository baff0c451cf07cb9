// A shop with repositories behind traits, a service that owns them, and a unit of work around a transaction.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::Result;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[derive(Debug, Clone, PartialEq, FromRow)]
pub(super) struct Book {
    pub(super) id: i64,
    pub(super) title: String,
    pub(super) stock: i64,
}

// Repositories that own a pool.

trait BookRepository: Send + Sync {
    fn find(&self, id: i64) -> BoxFuture<'_, Result<Option<Book>>>;
    fn search<'a>(&'a self, words: &'a str) -> BoxFuture<'a, Result<Vec<Book>>>;
    fn insert_all<'a>(&'a self, books: &'a [Book]) -> BoxFuture<'a, Result<u64>>;
}

#[derive(Clone)]
struct SqliteBookRepository {
    pool: SqlitePool,
}

impl SqliteBookRepository {
    fn new(pool: SqlitePool) -> Self {
        Self { pool }
    }
}

impl BookRepository for SqliteBookRepository {
    fn find(&self, id: i64) -> BoxFuture<'_, Result<Option<Book>>> {
        Box::pin(async move { sqlx::query_as("SELECT * FROM books WHERE id = ?").bind(id).fetch_optional(&self.pool).await })
    }

    fn search<'a>(&'a self, words: &'a str) -> BoxFuture<'a, Result<Vec<Book>>> {
        Box::pin(async move {
            let mut found = Vec::new();
            let mut rows = sqlx::query_as("SELECT * FROM books WHERE title LIKE ? ORDER BY id")
                .bind(format!("%{words}%"))
                .fetch(&self.pool);
            while let Some(book) = rows.try_next().await? {
                found.push(book);
            }
            Ok(found)
        })
    }

    fn insert_all<'a>(&'a self, books: &'a [Book]) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let mut insert: QueryBuilder<Sqlite> = QueryBuilder::new("INSERT INTO books (id, title, stock) ");
            insert.push_values(books, |mut row, book| {
                row.push_bind(book.id).push_bind(&book.title).push_bind(book.stock);
            });
            Ok(insert.build().execute(&self.pool).await?.rows_affected())
        })
    }
}

// Repositories that borrow a connection, so that several share one transaction.

struct StockRepository<'c> {
    conn: &'c mut SqliteConnection,
}

impl StockRepository<'_> {
    async fn take(&mut self, id: i64, count: i64) -> Result<bool> {
        let update = sqlx::query("UPDATE books SET stock = stock - ?2 WHERE id = ?1 AND stock >= ?2");
        Ok(update.bind(id).bind(count).execute(&mut *self.conn).await?.rows_affected() == 1)
    }
}

struct OrderRepository<'c> {
    conn: &'c mut SqliteConnection,
}

impl OrderRepository<'_> {
    async fn insert(&mut self, book: i64, count: i64) -> Result<i64> {
        let insert = sqlx::query_scalar("INSERT INTO orders (book, count) VALUES (?, ?) RETURNING id");
        insert.bind(book).bind(count).fetch_one(&mut *self.conn).await
    }
}

pub(super) struct UnitOfWork<'c> {
    tx: Transaction<'c, Sqlite>,
}

impl<'c> UnitOfWork<'c> {
    async fn begin(db: impl Acquire<'c, Database = Sqlite>) -> Result<Self> {
        Ok(UnitOfWork { tx: db.begin().await? })
    }

    fn stock(&mut self) -> StockRepository<'_> {
        StockRepository { conn: &mut self.tx }
    }

    fn orders(&mut self) -> OrderRepository<'_> {
        OrderRepository { conn: self.tx.as_mut() }
    }

    async fn commit(self) -> Result<()> {
        self.tx.commit().await
    }
}

// The service.

#[derive(Clone)]
pub(super) struct Shop {
    pool: SqlitePool,
    books: Arc<dyn BookRepository>,
}

impl Shop {
    pub(super) fn new(pool: SqlitePool) -> Self {
        Shop { books: Arc::new(SqliteBookRepository::new(pool.clone())), pool }
    }

    pub(super) async fn order(&self, book: i64, count: i64) -> Result<Option<i64>> {
        let mut unit = UnitOfWork::begin(&self.pool).await?;
        if !unit.stock().take(book, count).await? {
            // Dropping the unit of work rolls back.
            return Ok(None);
        }
        let order = unit.orders().insert(book, count).await?;
        unit.commit().await?;
        Ok(Some(order))
    }
}

pub(super) async fn open() -> Result<SqlitePool> {
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
    create_tables(&pool).await?;
    Ok(pool)
}

pub(super) async fn create_tables(pool: &SqlitePool) -> Result<()> {
    sqlx::raw_sql(
        "CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL, stock INTEGER NOT NULL);
         CREATE TABLE orders (id INTEGER PRIMARY KEY, book INTEGER NOT NULL REFERENCES books, count INTEGER NOT NULL)",
    )
    .execute(pool)
    .await
    .map(drop)
}

pub(super) async fn run(shop: &Shop) -> Result<()> {
    let book = |id, title: &str, stock| Book { id, title: title.to_owned(), stock };
    let emma = book(1, "Emma", 2);
    assert_eq!(shop.books.insert_all(&[emma.clone(), book(2, "Persuasion", 0)]).await?, 2);
    assert_eq!(shop.books.find(1).await?, Some(emma));
    assert_eq!(shop.books.search("mm").await?.len(), 1);
    assert_eq!(shop.order(1, 1).await?, Some(1));
    assert_eq!(shop.order(2, 1).await?, None);
    assert_eq!(shop.books.find(1).await?.map(|book| book.stock), Some(1));
    Ok(())
}
