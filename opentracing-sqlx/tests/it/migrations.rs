//! Migrations.

use std::borrow::Cow;

use opentracing_core::InSpan;
use opentracing_sqlx::TracingMigrator;
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use crate::support::{names, span, tag};

fn migrator(version: i64, sql: &'static str) -> TracingMigrator {
    let kind = MigrationType::Simple;
    let create = Migration::new(version, Cow::Borrowed("create shelf"), kind, sql.into_sql_str(), false);
    let mut migrator = Migrator::with_migrations(vec![create]);
    migrator.dangerous_set_table_name(format!("migrations_{version}_{}", std::process::id()));
    TracingMigrator::from(migrator)
}

on_each_database! {
    async fn each_migration_has_a_span(mock, pool) {
        let migrator = migrator(7, "CREATE TEMPORARY TABLE shelf (id INT); INSERT INTO shelf VALUES (42)");
        let work = async {
            migrator.run(&pool).await.unwrap();
            // Nothing is left to do.
            migrator.run(&mut *pool.acquire().await.unwrap()).await.unwrap();
        };
        work.in_span(mock.tracer().span("start").start()).await;
        mock.assert_tree("
            start
              migrate 7 create shelf (client)
        ");
        let migration = span(&mock, "migrate 7 create shelf");
        assert_eq!(tag(&migration, "db.operation.name").as_deref(), Some("CREATE TABLE"));
        let text = tag(&migration, "db.statement").unwrap();
        assert!(text.contains("shelf") && !text.contains("42"), "{text}");
        assert_eq!(tag(&migration, "db.system.name").as_deref(), Some(SYSTEM));
        let drop = format!("DROP TABLE {}", migrator.table_name);
        sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&pool).await.unwrap();
    }

    async fn a_migration_that_fails_fails_its_span(mock, pool) {
        let migrator = migrator(8, "SELECT * FROM nowhere");
        migrator.run(&pool).await.unwrap_err();
        let migration = span(&mock, "migrate 8 create shelf");
        assert!(migration.is_failed);
        assert_eq!(tag(&migration, "db.response.status_code").as_deref(), Some(NO_TABLE));
        assert_eq!(names(&mock), ["migrate 8 create shelf"]);
        let drop = format!("DROP TABLE {}", migrator.table_name);
        sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&pool).await.unwrap();
    }
}
