//! The orders in the database.

use opentracing_core::Tracer;

use crate::database::{Database, DatabaseUrl, Tables};
use crate::model::{Cents, Line};

#[derive(Clone)]
pub(crate) struct Ledger {
    database: Database,
}

impl Ledger {
    pub(crate) async fn open(url: &DatabaseUrl, tracer: Tracer) -> sqlx::Result<Ledger> {
        Ok(Ledger { database: Database::open(url, tracer, &TABLES).await? })
    }

    /// Stores an order in one transaction, and returns its number.
    pub(crate) async fn write(&self, customer: &str, total: Cents, lines: &[Line]) -> sqlx::Result<i64> {
        let database = &self.database;
        let mut transaction = database.pool.begin().await?;
        // The row lock makes concurrent orders wait here, so that numbers are unique.
        sqlx::query("UPDATE order_numbers SET latest = latest + 1").execute(&mut *transaction).await?;
        let number: i64 = sqlx::query_scalar("SELECT latest FROM order_numbers").fetch_one(&mut *transaction).await?;
        sqlx::query(database.sql("INSERT INTO orders (number, customer, total) VALUES (?, ?, ?)"))
            .bind(number)
            .bind(customer)
            .bind(total.0)
            .execute(&mut *transaction)
            .await?;
        for line in lines {
            sqlx::query(database.sql("INSERT INTO order_lines (number, sku, quantity) VALUES (?, ?, ?)"))
                .bind(number)
                .bind(&line.sku)
                .bind(i64::from(line.quantity))
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(number)
    }
}

const TABLES: Tables = Tables {
    definitions: "
        CREATE TABLE IF NOT EXISTS order_numbers (latest BIGINT NOT NULL);
        CREATE TABLE IF NOT EXISTS orders (number BIGINT PRIMARY KEY, customer VARCHAR(80) NOT NULL, total BIGINT NOT NULL);
        CREATE TABLE IF NOT EXISTS order_lines (number BIGINT NOT NULL, sku VARCHAR(40) NOT NULL, quantity BIGINT NOT NULL);
    ",
    count: "SELECT count(*) FROM order_numbers",
    content: "INSERT INTO order_numbers VALUES (0)",
};
