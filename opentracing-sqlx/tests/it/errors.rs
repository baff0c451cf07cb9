//! Failures, and what is none.

use opentracing_sqlx::StatementText;

use crate::support::{error, only_span, returned, span, tag};

on_each_database! {
    async fn tells_violations_apart_without_their_values(mock, pool) {
        let result = sqlx::query(INSERT).bind(4).bind("ada").execute(&pool).await;
        assert!(result.unwrap_err().as_database_error().unwrap().is_unique_violation());
        let span = only_span(&mock);
        assert!(span.is_failed);
        assert_eq!(tag(&span, "db.response.status_code").as_deref(), Some(UNIQUE));
        let (kind, message) = error(&span);
        assert_eq!(kind, "unique_violation");
        assert!(!message.is_empty() && !message.contains("'ada'"), "{message}");
    }

    async fn tells_the_message_in_full_if_asked(mock, pool) {
        let pool = pool.statement_text(StatementText::Full);
        let failed = sqlx::query("SELECT * FROM nowhere WHERE name = 'ada'").execute(&pool).await.unwrap_err();
        let span = span(&mock, "SELECT nowhere");
        assert_eq!(tag(&span, "db.statement").as_deref(), Some("SELECT * FROM nowhere WHERE name = 'ada'"));
        assert_eq!(tag(&span, "db.response.status_code").as_deref(), Some(NO_TABLE));
        let (kind, message) = error(&span);
        assert_eq!((kind.as_str(), message.as_str()), ("database", failed.as_database_error().unwrap().message()));
    }

    async fn masks_what_a_syntax_error_quotes(mock, pool) {
        sqlx::raw_sql("SELECT 1 'sesame' 'sesame'").execute(&pool).await.unwrap_err();
        let span = only_span(&mock);
        let everything = format!("{:?} {:?}", span.tags, span.logs);
        assert!(span.is_failed && !everything.contains("sesame"), "{everything}");
    }

    async fn tells_of_a_failure_between_the_rows(mock, pool) {
        use futures_util::StreamExt;

        let mut rows = sqlx::query(FAILS_AT_THE_SECOND).fetch(&pool);
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

    async fn does_not_call_a_missing_row_an_error(mock, pool) {
        let missing = sqlx::query(BY_ID).bind(9).fetch_one(&pool).await;
        assert!(matches!(missing, Err(sqlx::Error::RowNotFound)));
        let span = only_span(&mock);
        assert!(!span.is_failed && span.logs.is_empty(), "{span:?}");
        assert_eq!(returned(&span), Some(0.into()));
    }

    async fn tells_of_an_argument_that_cannot_be_encoded(mock, pool) {
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
                Err("no form for 'sesame' and the like".into())
            }
        }
        let result = sqlx::query(BY_ID).bind(Unencodable).execute(&pool).await;
        assert!(matches!(result, Err(sqlx::Error::Encode(_))), "{result:?}");
        let (kind, message) = error(&only_span(&mock));
        assert_eq!((kind.as_str(), message.ends_with("no form for ? and the like")), ("encode", true), "{message}");
    }
}
