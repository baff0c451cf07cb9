//! The products in the database. The search has a span of `tracing`; apart from that, the code is the same as without tracing.

use opentracing_core::Tracer;

use crate::database::{Database, DatabaseUrl, Tables};
use crate::model::{Bestseller, Cents, Product};

#[derive(Clone)]
pub(crate) struct Products {
    database: Database,
}

type ProductRow = (String, String, i64);
type BestsellerRow = (String, String, i64, i64);

impl Products {
    pub(crate) async fn open(url: &DatabaseUrl, tracer: Tracer) -> sqlx::Result<Products> {
        Ok(Products { database: Database::open(url, tracer, &TABLES).await? })
    }

    pub(crate) async fn all(&self) -> sqlx::Result<Vec<Product>> {
        let all = "SELECT sku, name, price FROM products ORDER BY name";
        let rows = sqlx::query_as(all).fetch_all(&self.database.pool).await?;
        Ok(rows.into_iter().map(product).collect())
    }

    pub(crate) async fn by_sku(&self, sku: &str) -> sqlx::Result<Option<Product>> {
        let by_sku = self.database.sql("SELECT sku, name, price FROM products WHERE sku = ?");
        let row = sqlx::query_as(by_sku).bind(sku).fetch_optional(&self.database.pool).await?;
        Ok(row.map(product))
    }

    #[tracing::instrument(skip(self))]
    pub(crate) async fn search(&self, words: &str) -> sqlx::Result<Vec<Product>> {
        let by_name = self
            .database
            .sql("SELECT sku, name, price FROM products WHERE lower(name) LIKE lower(?) ESCAPE '!' ORDER BY name");
        let pattern = format!("%{}%", words.replace('!', "!!").replace('%', "!%").replace('_', "!_"));
        let rows = sqlx::query_as(by_name).bind(pattern).fetch_all(&self.database.pool).await?;
        Ok(rows.into_iter().map(product).collect())
    }

    /// A slow query: `sales` has no index, so it is scanned for each product.
    pub(crate) async fn bestsellers(&self) -> sqlx::Result<Vec<Bestseller>> {
        let by_sales = "SELECT sku, name, price, (SELECT count(*) FROM sales WHERE sales.sku = products.sku) AS sold \
                        FROM products ORDER BY sold DESC, name LIMIT 3";
        let rows: Vec<BestsellerRow> = sqlx::query_as(by_sales).fetch_all(&self.database.pool).await?;
        let bestseller = |(sku, name, price, sold)| Bestseller { product: product((sku, name, price)), sold };
        Ok(rows.into_iter().map(bestseller).collect())
    }
}

fn product((sku, name, price): ProductRow) -> Product {
    Product { sku, name, price: Cents(price) }
}

const TABLES: Tables = Tables {
    definitions: "
        CREATE TABLE IF NOT EXISTS products (
            sku VARCHAR(40) PRIMARY KEY, name VARCHAR(80) NOT NULL, price BIGINT NOT NULL
        );
        -- No index on sku, which makes a query slow.
        CREATE TABLE IF NOT EXISTS sales (sku VARCHAR(40) NOT NULL);
    ",
    count: "SELECT count(*) FROM products",
    content: "
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

        -- The number of sales depends on the length of the name.
        INSERT INTO sales
            WITH digits (n) AS (
                SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL
                SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9
            )
            SELECT sku FROM products, digits ones, digits tens, digits hundreds, digits thousands
            WHERE ones.n + 10 * tens.n + 100 * hundreds.n + 1000 * thousands.n < 580 * length(name);
    ",
};
