//! Failures, and outcomes that are not failures.

use opentracing_sqlx::StatementText;

use crate::support::{error, only_span, returned, span, tag};

on_each_database! {
    async fn classifies_violations_without_values(mock, pool) {
        let result = sqlx::query(INSERT).bind(4).bind("ada").execute(&pool).await;
        assert!(result.unwrap_err().as_database_error().unwrap().is_unique_violation());
        let span = only_span(&mock);
        assert!(span.is_failed);
        assert_eq!(tag(&span, "db.response.status_code").as_deref(), Some(UNIQUE));
        let (kind, message) = error(&span);
        assert_eq!(kind, "unique_violation");
        assert!(!message.is_empty() && !message.contains("'ada'"), "{message}");
    }

    async fn full_text_shows_full_messages(mock, pool) {
        let pool = pool.statement_text(StatementText::Full);
        let failed = sqlx::query("SELECT * FROM nowhere WHERE name = 'ada'").execute(&pool).await.unwrap_err();
        let span = span(&mock, "SELECT nowhere");
        assert_eq!(tag(&span, "db.statement").as_deref(), Some("SELECT * FROM nowhere WHERE name = 'ada'"));
        assert_eq!(tag(&span, "db.response.status_code").as_deref(), Some(NO_TABLE));
        let (kind, message) = error(&span);
        assert_eq!((kind.as_str(), message.as_str()), ("database", failed.as_database_error().unwrap().message()));
    }

    async fn masks_values_in_syntax_errors(mock, pool) {
        sqlx::raw_sql("SELECT 1 'sesame' 'sesame'").execute(&pool).await.unwrap_err();
        let span = only_span(&mock);
        let everything = format!("{:?} {:?}", span.tags, span.logs);
        assert!(span.is_failed && !everything.contains("sesame"), "{everything}");
    }

    async fn fails_between_rows(mock, pool) {
        use futures_util::StreamExt;

        let mut rows = sqlx::query(FAILS_AT_SECOND_ROW).fetch(&pool);
        rows.next().await.unwrap().unwrap();
        assert!(matches!(rows.next().await, Some(Err(sqlx::Error::Database(_)))));
        assert!(rows.next().await.is_none());
        drop(rows);
        let span = only_span(&mock);
        assert!(span.is_failed);
        assert_eq!(returned(&span), Some(1.into()));
        assert_eq!(tag(&span, "sqlx.outcome"), None);
        assert_eq!(error(&span).0, "database");
        sqlx::query(BY_ID).bind(1).fetch_one(&pool).await.unwrap();
    }

    async fn missing_row_is_no_error(mock, pool) {
        let missing = sqlx::query(BY_ID).bind(9).fetch_one(&pool).await;
        assert!(matches!(missing, Err(sqlx::Error::RowNotFound)));
        let span = only_span(&mock);
        assert!(!span.is_failed && span.logs.is_empty(), "{span:?}");
        assert_eq!(returned(&span), Some(0.into()));
    }

    async fn masks_values_in_encoding_errors(mock, pool) {
        struct Unencodable;
        impl sqlx::Type<Db> for Unencodable {
            fn type_info() -> <Db as sqlx::Database>::TypeInfo {
                <String as sqlx::Type<Db>>::type_info()
            }
        }
        impl sqlx::Encode<'_, Db> for Unencodable {
            fn encode_by_ref(
                &self,
                _: &mut <Db as sqlx::Database>::ArgumentBuffer,
            ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                Err("cannot encode 'sesame' as text".into())
            }
        }
        let result = sqlx::query(BY_ID).bind(Unencodable).execute(&pool).await;
        assert!(matches!(result, Err(sqlx::Error::Encode(_))), "{result:?}");
        let (kind, message) = error(&only_span(&mock));
        assert_eq!((kind.as_str(), message.ends_with("cannot encode ? as text")), ("encode", true), "{message}");
    }
}
